package engine_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// plainSealer keeps instruments readable by the next process of one campaign run.
type plainSealer struct{}

func (plainSealer) Encrypt(p, _ []byte) ([]byte, error) {
	return []byte(base64.StdEncoding.EncodeToString(p)), nil
}

func (plainSealer) Decrypt(c, _ []byte) ([]byte, error) {
	return base64.StdEncoding.DecodeString(string(c))
}

// visit is a crash point, and the how-manieth time it is passed.
type visit struct {
	Point string
	N     int
}

// orders tell a child process what to do.
type orders struct {
	Server, SQLite, Postgres string
	Life                     string // of biographies
	Mode                     int    // of modes
	Crash                    *visit
	Offset                   time.Duration // of its clock
}

const ordersVariable = "ENGINE_CRASH_ORDERS"

// TestChild is the process that is killed. It does nothing in a normal run but
// say so: see TestAProcessKilledAnywhereLosesAndDoublesNothing.
func TestChild(t *testing.T) {
	raw := os.Getenv(ordersVariable)
	if raw == "" {
		assert.Empty(t, raw, "a normal run gives no orders")
		return
	}
	var o orders
	require.NoError(t, json.Unmarshal([]byte(raw), &o))
	var mu sync.Mutex
	seen := map[string]int{}
	engine.CrashAt(func(name string) {
		mu.Lock()
		defer mu.Unlock()
		seen[name]++
		fmt.Printf("VISIT %d %s\n", seen[name], name)
		if o.Crash != nil && o.Crash.Point == name && o.Crash.N == seen[name] {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal arrives
		}
	})
	offset := o.Offset
	now := func() time.Time { return time.Now().Add(offset) }
	var db *storage.DB
	var err error
	if o.Postgres != "" {
		db, err = postgres.Open(t.Context(), o.Postgres, postgres.Options{Now: now, MaxConns: 4})
	} else {
		db, err = sqlite.Open(t.Context(), o.SQLite, sqlite.Options{Now: now})
	}
	require.NoError(t, err)
	defer db.Close()
	bio := biographies[o.Life].withMode(modes[o.Mode])
	pools := poolsWith(t, link{url: o.Server, reauthorizes: bio.reauthorizes}, bio.flows, bio.edits()...)
	cfg := engine.Config{Pools: pools, Storage: db, SendTimeout: time.Second, LeaseMargin: time.Second, Sealer: plainSealer{}}
	if bio.config != nil {
		bio.config(&cfg)
	}
	eng, err := engine.New(cfg)
	require.NoError(t, err)
	m := modes[o.Mode]
	s := shop{wait: func() { offset += 10 * time.Minute }, again: m.blind || m.rules.Replays5xx}
	if m.blind {
		s.settle = operator{eng, db, poolsWith(t, link{url: o.Server, patience: 10 * time.Second}, nil).For("sandbox")}.settle
	}
	require.NoError(t, bio.live(t.Context(), eng, s))
	for tries := 0; m.blind && tries < 15; tries++ { // what the engine itself began is parked too, and what is booked ends what waited
		s.wait()
		_, err := eng.Resolve(t.Context(), 10)
		require.NoError(t, err)
		_, err = s.settle(t.Context())
		require.NoError(t, err)
	}
	fmt.Println("DONE")
}

// life takes one payment through everything, and does not stop before each
// operation is settled; it may be started again at any time.
func life(ctx context.Context, eng *engine.Engine, s shop) error {
	p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: "order", Amount: eur(1000)})
	if err != nil {
		return err
	}
	done := []gateway.OperationState{gateway.StateSucceeded}
	for _, d := range []deed{
		{eng.Authorize, "auth", func(r *engine.Request) { r.Amount, r.Instrument = eur(1000), card(simulator.TokenOK) }, done},
		{eng.Capture, "ship-1", func(r *engine.Request) { r.Amount = eur(400) }, done},
		{eng.Capture, "ship-2", func(r *engine.Request) { r.Amount = eur(300) }, done},
		{eng.Void, "void", func(*engine.Request) {}, done},
		{eng.Refund, "back", func(r *engine.Request) { r.Amount = eur(250) }, done},
	} {
		if err := d.carry(ctx, eng, p, "", s); err != nil {
			return err
		}
	}
	return nil
}

// run starts a child; it returns the points that it passed, and whether it came to the end.
func run(t *testing.T, o orders) (visits []visit, done bool) {
	t.Helper()
	raw, err := json.Marshal(o)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestChild$", "-test.v", "-test.timeout", "25s")
	cmd.Env = append(os.Environ(), ordersVariable+"="+string(raw))
	out, err := cmd.CombinedOutput()
	text := string(out)
	done = strings.Contains(text, "DONE\n")
	exit, failed := errors.AsType[*exec.ExitError](err)
	require.NoError(t, ctx.Err(), "the child hangs\n%s", text)
	killed := failed && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL //nolint:forcetypeassert // on this system it is one
	require.True(t, done || killed, "the child ended otherwise: %v\n%s", err, text)
	for _, m := range regexp.MustCompile(`(?m)^VISIT (\d+) (.*)$`).FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		visits = append(visits, visit{m[2], n})
	}
	return visits, done
}

// torn is what processes are killed in.
type torn struct {
	life       string // of biographies
	mode       int    // of modes
	fault      simulator.Fault
	onPostgres bool
}

// lives kills children that lead one life at the given visits, one after another,
// lets the last one come to its end, and holds the two ledgers against each other.
// It returns what each of them passed.
func (c torn) lives(t *testing.T, crashes ...visit) (all [][]visit) {
	t.Helper()
	bio, mode := biographies[c.life], modes[c.mode]
	rules := bio.rules(mode.rules)
	rules.Slow, rules.LateEffect, rules.LookupLag = time.Millisecond, time.Millisecond, 0 // the provider's clock is the real one
	server, err := simulator.Start(simulator.Config{ManualWebhooks: true, Rules: rules})
	require.NoError(t, err)
	defer server.Close()
	if c.fault != "" {
		for _, op := range bio.calls {
			if op == simulator.OpCreateInstrument && c.fault == simulator.ServerErrorAfter {
				continue // it cannot be looked up, and is answered so until its key is forgotten
			}
			server.Next(op, c.fault)
		}
	}
	o := orders{Server: server.URL(), SQLite: enginetest.NewFile(t), Life: c.life, Mode: c.mode}
	if c.onPostgres {
		o.Postgres = postgrestest.Database(t)
	}
	for i := 0; ; i++ {
		o.Crash = nil
		if i < len(crashes) {
			o.Crash = &crashes[i]
		}
		visits, done := run(t, o)
		all = append(all, visits)
		if done {
			break
		}
		require.LessOrEqual(t, i, len(crashes), "it was killed without an order")
		o.Offset += 2 * time.Hour // past whatever clock the killed one had
	}
	var db *storage.DB
	if c.onPostgres {
		db, err = postgres.Open(t.Context(), o.Postgres)
	} else {
		db, err = sqlite.Open(t.Context(), o.SQLite)
	}
	require.NoError(t, err)
	defer db.Close()
	theirs := server.Payments()
	if mode.blind { // what nobody paid stays at the provider, and nobody can ask about it
		theirs = slices.DeleteFunc(theirs, func(p simulator.Payment) bool { return p.Amounts.Authorized == 0 && p.Amounts.Captured == 0 })
		bio.theirs = len(theirs)
	}
	bio.again = bio.again || mode.revokes
	bio.compare(t, theirs, db)
	return all
}

// compare holds the two ledgers against each other, and both against what the life was to move.
func (bio biography) compare(t *testing.T, theirs []simulator.Payment, db *storage.DB) {
	t.Helper()
	if !bio.again {
		require.Len(t, theirs, bio.theirs, "payments at the provider")
	}
	moved, sums := [4]int64{}, map[gateway.PaymentID][4]int64{} // several of theirs are one of ours where one was cancelled
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		for _, one := range theirs {
			id, found, err := tx.PaymentByRef("es", "sandbox", one.ID)
			if err != nil {
				return err
			}
			require.True(t, found, "lost: %s", one.ID)
			a, sum := one.Amounts, sums[id]
			for i, n := range [4]int64{a.Authorized, a.Released, a.Captured, a.Refunded} {
				sum[i], moved[i] = sum[i]+n, moved[i]+n
			}
			sums[id] = sum
		}
		for id, sum := range sums {
			p, err := tx.Payment("es", id)
			b := p.Balances
			assert.Equal(t, sum, [4]int64{b.Authorized.Minor(), b.Released.Minor(), b.Captured.Minor(), b.Refunded.Minor()}, "what we recorded of %s", p.Order)
			assert.Equal(t, [3]int64{}, [3]int64{p.Reserved.Capturing.Minor(), p.Reserved.Releasing.Minor(), p.Reserved.Refunding.Minor()}, "nothing is held back any more")
			open, oerr := tx.OpenOperations("es", id)
			assert.Empty(t, open)
			odd, derr := tx.Discrepancies("es", id)
			assert.Empty(t, odd)
			if err := errors.Join(err, oerr, derr); err != nil {
				return err
			}
		}
		return nil
	}))
	want := bio.moved
	if bio.again {
		moved[0], moved[1] = moved[0]-moved[1], 0
		want[0], want[1] = want[0]-want[1], 0
	}
	assert.Equal(t, want, moved, "what the provider moved: authorized, released, captured, refunded")
}

// points returns every crash point that is compiled into the engine.
func points(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := map[string]bool{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`\bpoint\("([^"]+)"\)`).FindAllStringSubmatch(string(raw), -1) {
			found[m[1]] = true
		}
	}
	require.Greater(t, len(found), 8)
	return found
}

// E1: a real process is killed at every boundary that it passes, and the next one
// goes on, at a provider of each of the modes. No charge is lost, none doubled, in
// money and in states; every point that is compiled in is visited. Every life is
// torn at every visit with ENGINE_CRASHES=all, on SQLite and PostgreSQL. Otherwise
// the life of a card is, on SQLite at a provider of the first mode, and the rest at
// some visits of every point; always the same.
func TestAProcessKilledAnywhereLosesAndDoublesNothing(t *testing.T) {
	full := os.Getenv("ENGINE_CRASHES") == "all"
	for name, onPostgres := range map[string]bool{"sqlite": false, "postgres": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			visited, runs := map[string]bool{}, 0
			var wg sync.WaitGroup
			places := make(chan struct{}, 2*runtime.GOMAXPROCS(0)) // a child waits most of its life
			for _, c := range everyTorn(full, onPostgres) {
				last := map[string]int{}
				var all []visit
				t.Run(fmt.Sprint(c), func(t *testing.T) { all = slices.Concat(c.lives(t)...) })
				for _, v := range all {
					last[v.Point] = v.N
				}
				for _, v := range all {
					visited[v.Point] = true
					if !full && !c.chosen(v, last[v.Point]) {
						continue
					}
					places <- struct{}{}
					wg.Go(func() {
						defer func() { <-places }()
						t.Run(fmt.Sprintf("%s at %d %s", c, v.N, v.Point), func(t *testing.T) { c.lives(t, v) })
					})
					runs++
				}
			}
			wg.Wait()
			assert.Equal(t, points(t), visited, "every point is visited")
			if !t.Failed() {
				t.Logf("points: %d of %d, modes: %d, killed processes: %d, lost: 0, doubled: 0, wrong: 0, stuck: 0", len(visited), len(points(t)), len(modes), runs)
			}
		})
	}
}

// everyTorn returns every life with every loss at every provider; in a short run
// PostgreSQL, and the race detector, meet one provider.
func everyTorn(full, onPostgres bool) (all []torn) {
	for i, m := range modes {
		if (onPostgres || raced) && !full && i > 0 {
			break
		}
		for _, life := range slices.Sorted(maps.Keys(biographies)) {
			if biographies[life].again && m.rules.Replays5xx {
				continue // it is about a provider that knows no keys
			}
			for _, fault := range m.losses() {
				all = append(all, torn{life, i, fault, onPostgres})
			}
		}
	}
	return all
}

func (c torn) String() string {
	return fmt.Sprintf("%s, %s, %s", cmp.Or(c.life, "one card"), modes[c.mode].name, cmp.Or(c.fault, "nothing lost"))
}

// chosen picks what a short run takes: of a point's visits the first, the last or
// the middle one by turns of what is lost, and fewer at the other providers.
func (c torn) chosen(v visit, last int) bool {
	if raced && pick(4, fmt.Sprint("raced", c, v)) > 0 {
		return false
	}
	if c.life == "" && c.mode == 0 && !c.onPostgres {
		return true
	}
	if c.mode > 0 && pick(12, fmt.Sprint(c, v)) > 0 {
		return false
	}
	switch c.fault {
	case "":
		return v.N == 1
	case simulator.ResetAfter, simulator.ServerErrorAfter:
		return v.N == last
	}
	return v.N == (last+1)/2
}
