package engine_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
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
	cfg := engine.Config{Pools: poolsWith(t, link{url: o.Server, reauthorizes: bio.reauthorizes}, bio.flows, bio.edits()...), Storage: db, SendTimeout: time.Second, LeaseMargin: time.Second, Sealer: plainSealer{}}
	if bio.config != nil {
		bio.config(&cfg)
	}
	eng, err := engine.New(cfg)
	require.NoError(t, err)
	require.NoError(t, bio.live(t.Context(), eng, func() { offset += 10 * time.Minute }))
	fmt.Println("DONE")
}

// life takes one payment through everything, and does not stop before each
// operation is settled; it may be started again at any time.
func life(ctx context.Context, eng *engine.Engine, wait func()) error {
	p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: "order", Amount: eur(1000)})
	if err != nil {
		return err
	}
	r := engine.Request{Store: "es", Payment: p.ID, Provider: "sandbox"}
	for _, step := range []struct {
		do     func(context.Context, engine.Request) (engine.Result, error)
		key    string
		change func(*engine.Request)
	}{
		{eng.Authorize, "auth", func(r *engine.Request) { r.Amount, r.Instrument = eur(1000), card(simulator.TokenOK) }},
		{eng.Capture, "ship-1", func(r *engine.Request) { r.Amount = eur(400) }},
		{eng.Capture, "ship-2", func(r *engine.Request) { r.Amount = eur(300) }},
		{eng.Void, "void", func(*engine.Request) {}},
		{eng.Refund, "back", func(r *engine.Request) { r.Amount = eur(250) }},
	} {
		request := r
		request.Key = step.key
		step.change(&request)
		for tries := 0; ; tries++ {
			result, err := step.do(ctx, request)
			if result.Operation.State == gateway.StateSucceeded {
				break
			}
			if result.Operation.State.Terminal() || result.Operation.State == gateway.StateParked || tries > 200 {
				return fmt.Errorf("%s is %s: %w", step.key, result.Operation.State, err)
			}
			wait()
			if _, err := eng.Resolve(ctx, 10); err != nil {
				return err
			}
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

// livesOf kills children that lead one life at the given visits, one after another, lets the last
// one come to its end, and holds the two ledgers against each other. It returns
// what each of them passed.
func livesOf(t *testing.T, name string, onPostgres bool, fault simulator.Fault, crashes ...visit) (all [][]visit) {
	t.Helper()
	bio := biographies[name]
	mode := crashMode(t)
	rules := bio.rules(modes[mode].rules)
	rules.Slow, rules.LateEffect, rules.LookupLag = time.Millisecond, time.Millisecond, 0 // the provider's clock is the real one
	server, err := simulator.Start(simulator.Config{ManualWebhooks: true, Rules: rules})
	require.NoError(t, err)
	defer server.Close()
	if fault != "" {
		for _, op := range bio.calls {
			server.Next(op, fault)
		}
	}
	o := orders{Server: server.URL(), SQLite: enginetest.NewFile(t), Life: name, Mode: mode}
	if onPostgres {
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
	if onPostgres {
		db, err = postgres.Open(t.Context(), o.Postgres)
	} else {
		db, err = sqlite.Open(t.Context(), o.SQLite)
	}
	require.NoError(t, err)
	defer db.Close()
	bio.compare(t, server.Payments(), db)
	return all
}

// compare holds the two ledgers against each other, and both against what the life was to move.
func (bio biography) compare(t *testing.T, theirs []simulator.Payment, db *storage.DB) {
	t.Helper()
	if !bio.again {
		require.Len(t, theirs, bio.theirs, "payments at the provider")
	}
	moved := [4]int64{}
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		for _, one := range theirs {
			id, found, err := tx.PaymentByRef("es", "sandbox", one.ID)
			require.NoError(t, err)
			require.True(t, found, "lost: %s", one.ID)
			p, err := tx.Payment("es", id)
			a, b := one.Amounts, p.Balances
			sums := [4]int64{a.Authorized, a.Released, a.Captured, a.Refunded}
			assert.Equal(t, sums, [4]int64{b.Authorized.Minor(), b.Released.Minor(), b.Captured.Minor(), b.Refunded.Minor()}, "what we recorded of %s", p.Order)
			assert.Equal(t, [3]int64{}, [3]int64{p.Reserved.Capturing.Minor(), p.Reserved.Releasing.Minor(), p.Reserved.Refunding.Minor()}, "nothing is held back any more")
			for i, n := range sums {
				moved[i] += n
			}
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
	if bio.again {
		moved[0], moved[1] = moved[0]-moved[1], 0
	}
	assert.Equal(t, bio.moved, moved, "what the provider moved: authorized, released, captured, refunded")
}

// crashMode returns the mode of the provider of a crash campaign: ENGINE_MODE, 0
// to 2. In the last one nobody but a person finds out, whom no child has.
func crashMode(t *testing.T) int {
	t.Helper()
	text := os.Getenv("ENGINE_MODE")
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	require.True(t, n >= 0 && n < len(modes) && !modes[n].blind, "ENGINE_MODE is 0, 1 or 2")
	return n
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
// goes on. No charge is lost, none doubled, in money and in states; every point
// that is compiled in is visited. The life of a card is torn at every visit on
// SQLite; that of everything, and both on PostgreSQL, at some visits of every
// point, and at all of them with ENGINE_CRASHES=all.
func TestAProcessKilledAnywhereLosesAndDoublesNothing(t *testing.T) {
	full := os.Getenv("ENGINE_CRASHES") == "all"
	for name, onPostgres := range map[string]bool{"sqlite": false, "postgres": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			visited, runs := map[string]bool{}, 0
			var wg sync.WaitGroup
			places := make(chan struct{}, 2*runtime.GOMAXPROCS(0)) // a child waits most of its life
			for life := range biographies {
				// With an answer lost at every operation the whole of the recovery is passed too.
				for _, fault := range []simulator.Fault{"", simulator.ResetAfter, simulator.ResetBefore} {
					last := map[string]int{}
					all := slices.Concat(livesOf(t, life, onPostgres, fault)...)
					for _, v := range all {
						last[v.Point] = v.N
					}
					for _, v := range all {
						visited[v.Point] = true
						if !full && (onPostgres || life != "") && !chosen(v, last[v.Point], fault) {
							continue
						}
						places <- struct{}{}
						wg.Go(func() {
							defer func() { <-places }()
							t.Run(fmt.Sprintf("%s %s at %d %s", life, fault, v.N, v.Point), func(t *testing.T) { livesOf(t, life, onPostgres, fault, v) })
						})
						runs++
					}
				}
			}
			wg.Wait()
			assert.Equal(t, points(t), visited, "every point is visited")
			if !t.Failed() {
				t.Logf("points: %d, killed processes: %d, lost: 0, doubled: 0, wrong: 0, stuck: 0", len(visited), runs)
			}
		})
	}
}

// chosen picks, of a point's visits, the first, the last and the middle one by turns of the fault.
func chosen(v visit, last int, fault simulator.Fault) bool {
	switch fault {
	case "":
		return v.N == 1
	case simulator.ResetAfter:
		return v.N == last
	}
	return v.N == (last+1)/2
}
