package engine_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// jumps are how a shop's clock is moved while the provider's goes on: at one
// reading, and for some again a few readings later.
var jumps = map[string][]time.Duration{
	"5m ahead":          {5 * time.Minute},
	"5m back":           {-5 * time.Minute},
	"a day ahead":       {24 * time.Hour},
	"a day back":        {-24 * time.Hour},
	"a day there again": {24 * time.Hour, -24 * time.Hour},
	"a day back again":  {-24 * time.Hour, 24 * time.Hour},
}

// move is an operation that moves money, with what must have gone before.
type move struct {
	op     simulator.Operation
	moves  simulator.Kind
	before func(w *world) gateway.Payment
	do     func(w *world, p gateway.Payment)
}

func (m move) name() string {
	return map[simulator.Kind]string{simulator.KindHold: "authorize", simulator.KindCapture: "capture", simulator.KindRefund: "refund"}[m.moves]
}

var moves = map[string]move{
	"authorize": {
		simulator.OpCreatePayment, simulator.KindHold, func(w *world) gateway.Payment { return w.create("17") },
		func(w *world, p gateway.Payment) {
			_, _ = w.eng.Authorize(w.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
		},
	},
	"capture": {
		simulator.OpCapture, simulator.KindCapture, func(w *world) gateway.Payment { return w.held("17") },
		func(w *world, p gateway.Payment) {
			_, _ = w.eng.Capture(w.Context(), w.request(p, "ship", amount(400)))
		},
	},
	"refund": {
		simulator.OpRefund, simulator.KindRefund, func(w *world) gateway.Payment {
			p := w.held("17")
			r, err := w.eng.Capture(w.Context(), w.request(p, "ship", amount(1000)))
			require.NoError(w, err)
			return r.Payment
		},
		func(w *world, p gateway.Payment) { _, _ = w.eng.Refund(w.Context(), w.request(p, "back", amount(300))) },
	},
}

// faults are all that can happen to one call. Reversals have a test of their own.
func faults() []simulator.Fault {
	list := []simulator.Fault{simulator.NoFault}
	for _, f := range simulator.Faults() {
		if f != simulator.SuccessThenReversed {
			list = append(list, f)
		}
	}
	return list
}

// distressed runs a move with a fault, and its clock jumps at the given reading;
// 0 is never. It returns how often the clock was read until nothing was open.
func distressed(t *testing.T, m move, fault simulator.Fault, jump []time.Duration, at int64) int64 {
	t.Helper()
	w := newWorld(t, simulator.Rules{})
	p := m.before(w)
	w.server.Lie(w.hurry.lie(once(m.op, fault)))
	var readings atomic.Int64
	w.reads = func() {
		n := readings.Add(1) - at
		if at > 0 && n >= 0 && n%3 == 0 && n/3 < int64(len(jump)) {
			w.skew.Add(jump[n/3].Microseconds())
		}
	}
	m.do(w, p)
	busy := readings.Load()
	for _, d := range []time.Duration{6 * time.Second, 31 * time.Second, 3 * time.Minute, 11 * time.Minute, time.Hour, 7 * time.Hour, 25 * time.Hour, 25 * time.Hour, 25 * time.Hour} {
		if len(w.open(p.ID)) > 0 {
			w.later(d)
			busy = readings.Load()
		} else {
			w.clock.Add(d.Microseconds())
			w.server.Advance(0) // whatever was late comes now
		}
	}
	w.ended(p.ID, m)
	return busy
}

// once makes the first call of an operation go wrong, and no other.
func once(op simulator.Operation, fault simulator.Fault) func(simulator.Call) simulator.Fault {
	var done sync.Once
	return func(c simulator.Call) (f simulator.Fault) {
		if c.Operation == op {
			done.Do(func() { f = fault })
		}
		return f
	}
}

// ended says that a move is over, once, and the same for both.
func (w *world) ended(id gateway.PaymentID, m move) {
	w.Helper()
	w.equal()
	assert.Empty(w, w.open(id), "it is stuck\n%s", w.story(id))
	p := w.load(id)
	assert.Equal(w, gateway.Reservations{Capturing: eur(0), Releasing: eur(0), Refunding: eur(0)}, p.Reserved, "something is held back for ever")
	moved := 0
	for _, e := range w.server.Ledger() {
		if e.Kind == m.moves {
			moved++
		}
	}
	assert.LessOrEqual(w, moved, 1, "it moved twice\n%s", w.story(id))
	ops, _, err := w.eng.History(w.Context(), "es", id)
	require.NoError(w, err)
	for _, o := range ops { // by their own clock, so that the last need not be the latest
		if string(o.Kind) == m.name() {
			assert.Equal(w, moved == 1, o.State == gateway.StateSucceeded, "it moved %d times and is %s\n%s", moved, o.State, w.story(id))
		}
	}
}

// everything is whether the clock campaign is run as a whole: every fault with
// every jump, at every moment. Otherwise each fault meets a few, always the same.
func everything() bool { return os.Getenv("ENGINE_CLOCK") == "all" }

// pick chooses one of n by a name, always the same.
func pick(n int64, name string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return int64(h.Sum64() % uint64(n))
}

// E12: the clock of the shop jumps, at any of the moments when it is read: before
// and after the claim, between the answer and its recording, between two tries.
func TestAClockThatJumpsLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	t.Run("moves", func(t *testing.T) {
		for name, m := range moves {
			for _, fault := range faults() {
				t.Run(name+" "+string(fault), func(t *testing.T) {
					t.Parallel()
					readings := distressed(t, m, fault, nil, 0)
					require.Greater(t, readings, int64(4), "a move reads the clock before and after its call")
					for jump, steps := range jumps {
						from := 1 + pick(readings, t.Name()+jump)
						to := from
						switch {
						case everything():
							from, to = 1, readings
						case pick(5, jump+t.Name()) > 0:
							continue
						}
						for at := from; at <= to; at++ {
							t.Run(fmt.Sprintf("%s at %d", jump, at), func(t *testing.T) { distressed(t, m, fault, steps, at) })
							runs.Add(1)
						}
					}
				})
			}
		}
	})
	if !t.Failed() {
		t.Logf("clock jumps: %d, lost: 0, doubled: 0, stuck: 0", runs.Load())
	}
}

// The same from outside: while a call is under way, another process looks after
// what is due, and its clock is off. It may believe the sender dead, look the call
// up and send it again; in the end there was one.
func TestAProcessWhoseClockIsOffDisturbsNoCallUnderWay(t *testing.T) {
	t.Parallel()
	for name, m := range moves {
		for jump, steps := range jumps {
			if strings.HasSuffix(jump, "again") {
				continue
			}
			t.Run(name+" "+jump, func(t *testing.T) {
				t.Parallel()
				for _, fault := range faults() {
					if everything() || pick(5, t.Name()+string(fault)) == 0 {
						t.Run(string(fault), func(t *testing.T) { disturbed(t, m, fault, steps[0]) })
					}
				}
			})
		}
	}
}

func disturbed(t *testing.T, m move, fault simulator.Fault, off time.Duration) {
	t.Helper()
	var file string
	// A call that a busy machine keeps for long must not be given up, or the days
	// that pass afterwards would pass while it is still under way.
	const patience = 10 * time.Second
	w := open(t, simulator.Rules{}, patience, func(c *engine.Config, _ link) {
		file = fileOf(t, c.Storage)
	})
	p := m.before(w)
	var late atomic.Int64
	now := func() time.Time { return time.UnixMicro(w.clock.Add(1) + late.Load()).UTC().Add(off) }
	db, err := sqlite.Open(t.Context(), file, sqlite.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	other, err := engine.New(engine.Config{Pools: pools(t, link{url: w.server.URL(), hurry: w.hurry.policy, patience: patience}), Storage: db, SendTimeout: patience * 7 / 5, Sealer: sealer(t)})
	require.NoError(t, err)
	decide, looked := once(m.op, fault), false
	w.server.Lie(w.hurry.lie(func(c simulator.Call) simulator.Fault {
		f := decide(c)
		if c.Operation == m.op && !looked {
			looked = true
			for range 4 { // so often that it would look up and send again
				late.Add((20 * time.Second).Microseconds())
				_, err := other.Resolve(context.WithoutCancel(t.Context()), 10)
				assert.NoError(t, err)
			}
		}
		return f
	}))
	m.do(w, p)
	assert.True(t, looked, "the call was disturbed")
	w.converge()
	w.later(25 * time.Hour)
	w.ended(p.ID, m)
}

// A sender claims under a clock that is off, does it, and dies. Once the clock is
// right, whoever gives the command again finds the claim to be nobody's: it does
// not hold for as long as the wrong clock said.
func TestAClaimUnderAWrongClockKeepsNobodyAway(t *testing.T) {
	t.Parallel()
	for name, m := range moves {
		for jump, steps := range jumps {
			if strings.HasSuffix(jump, "again") {
				continue
			}
			t.Run(name+" "+jump, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, simulator.Rules{})
				p := m.before(w)
				doomed := *w
				var err error
				doomed.eng, err = engine.New(engine.Config{Pools: pools(t, link{url: w.server.URL(), hurry: dying}), Storage: w.db, SendTimeout: 700 * time.Millisecond, Sealer: sealer(t)})
				require.NoError(t, err)
				w.skew.Store(steps[0].Microseconds())
				var wg sync.WaitGroup
				wg.Go(func() { m.do(&doomed, p) })
				wg.Wait()
				w.skew.Store(0)
				open := w.open(p.ID)
				require.Len(t, open, 1)
				require.Equal(t, gateway.StateOpen, open[0].State, "nobody recorded what came of it")

				w.clock.Add(time.Minute.Microseconds()) // by now its sender would have come back
				m.do(w, p)
				w.later(time.Minute)
				w.ended(p.ID, m)
			})
		}
	}
}

// dying ends the process, as far as one test can, when the provider has done what it was asked.
func dying(next client.Client) client.Client {
	return client.Func(func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
		_, _ = next.PlaceRequest(ctx, t)
		runtime.Goexit()
		return nil, nil
	})
}

// fileOf returns the file of a world's database.
func fileOf(t *testing.T, db *storage.DB) (file string) {
	t.Helper()
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		ctx, q := tx.SQL()
		return q.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&file)
	}))
	return file
}

// A process whose clock is a little behind the one that sends believes it all the
// same, and waits for it: the call is not taken for one whose sender has died.
func TestASenderWhoseClockIsAheadIsAlive(t *testing.T) {
	t.Parallel()
	for _, behind := range []time.Duration{time.Microsecond, 5 * time.Millisecond, 20 * time.Second} {
		t.Run(behind.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Rules{})
			p := w.create("17")
			come, gate := make(chan struct{}, 1), make(chan struct{})
			w.server.Lie(func(c simulator.Call) simulator.Fault {
				if c.Operation == simulator.OpCreatePayment {
					come <- struct{}{}
					<-gate
				}
				return simulator.NoFault
			})
			pay := func() <-chan error {
				done := make(chan error, 1)
				go func() {
					_, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
					done <- err
				}()
				return done
			}
			first := pay()
			<-come
			w.clock.Add(-behind.Microseconds())
			second := pay()
			_, err := w.eng.Resolve(t.Context(), 10)
			require.NoError(t, err)
			require.Len(t, w.open(p.ID), 1)
			assert.Equal(t, gateway.StateOpen, w.open(p.ID)[0].State, "nobody says that it died")
			w.clock.Add(behind.Microseconds())
			close(gate)
			require.NoError(t, <-first)
			require.NoError(t, <-second, "both have the one answer")
			assert.Len(t, w.server.Payments(), 1)
			w.equal()
		})
	}
}
