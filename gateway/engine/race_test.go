package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// racers is how many workers each of the two processes has.
const racers = 16

// rounds returns how many races of each kind are run: ENGINE_ROUNDS, or few.
func rounds(t *testing.T, few int) int {
	t.Helper()
	text := os.Getenv("ENGINE_ROUNDS")
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// raceJob is one race: every worker wants some of one payment's money at once.
type raceJob struct {
	Payment gateway.PaymentID
	Name    string // of the process, so that every worker's key is its own
	Wants   []want // worker n wants Wants[n % len(Wants)]
}

type want struct {
	Kind   gateway.Operation
	Amount int64
}

// raceAnswer is what the workers of one process were told.
type raceAnswer struct {
	Got   map[gateway.Operation]int64 // minor units; of voids, how many
	Wrong []string                    // answers that a shop should not get
}

func (s *site) race(job raceJob) (raceAnswer, error) {
	a := raceAnswer{Got: map[gateway.Operation]int64{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range racers {
		w := job.Wants[i%len(job.Wants)]
		do := map[gateway.Operation]func(context.Context, engine.Request) (engine.Result, error){
			gateway.OpCapture: s.eng.Capture, gateway.OpRefund: s.eng.Refund, gateway.OpVoid: s.eng.Void,
		}[w.Kind]
		r := engine.Request{Store: "es", Payment: job.Payment, Provider: "sandbox", Key: fmt.Sprintf("%s-%s-%d", job.Payment, job.Name, i)}
		got := int64(1)
		if w.Kind != gateway.OpVoid {
			r.Amount, got = eur(w.Amount), w.Amount
		}
		wg.Go(func() {
			_, err := do(context.Background(), r)
			mu.Lock()
			defer mu.Unlock()
			switch gateway.CodeOf(err) {
			case "":
				a.Got[w.Kind] += got
			case gateway.CodeConflict: // somebody else was first
			default:
				a.Wrong = append(a.Wrong, fmt.Sprintf("%s: %v", r.Key, err))
			}
		})
	}
	wg.Wait()
	return a, nil
}

// contest is a race that is run again and again, each time for another payment.
type contest struct {
	captured int64 // before the race, of 1000 that are held
	wants    []want
	// fair looks at how one race ended; got is what all workers were told they have.
	fair func(t *testing.T, p simulator.Payment, got map[gateway.Operation]int64)
}

var contests = map[string]contest{
	"captures": {0, []want{{gateway.OpCapture, 300}}, func(t *testing.T, p simulator.Payment, got map[gateway.Operation]int64) {
		t.Helper()
		assert.Equal(t, [2]int64{900, 900}, [2]int64{p.Amounts.Captured, got[gateway.OpCapture]}, "captured, and told")
	}},
	"refunds": {1000, []want{{gateway.OpRefund, 300}}, func(t *testing.T, p simulator.Payment, got map[gateway.Operation]int64) {
		t.Helper()
		assert.Equal(t, [2]int64{900, 900}, [2]int64{p.Amounts.Refunded, got[gateway.OpRefund]}, "refunded, and told")
	}},
	"all at once": {
		400,
		[]want{{gateway.OpCapture, 250}, {gateway.OpRefund, 150}, {gateway.OpVoid, 0}, {gateway.OpRefund, 300}},
		func(t *testing.T, p simulator.Payment, got map[gateway.Operation]int64) {
			t.Helper()
			a := p.Amounts
			assert.LessOrEqual(t, a.Captured+a.Released, int64(1000), "captured and released what was held")
			assert.LessOrEqual(t, a.Refunded, a.Captured, "refunded what was captured")
			assert.Positive(t, a.Refunded, "somebody won")
			assert.Positive(t, a.Captured-400+a.Released, "somebody won")
			assert.Equal(t, [2]int64{a.Captured - 400, a.Refunded}, [2]int64{got[gateway.OpCapture], got[gateway.OpRefund]}, "what moved is what was told")
			assert.LessOrEqual(t, got[gateway.OpVoid], int64(1), "released twice")
		},
	},
}

// E8: sixteen workers in each of two processes, on one payment. ENGINE_ROUNDS=1000
// runs every race so often.
func TestCapturesFromTwoProcessesNeverTakeMoreThanIsHeld(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, at place) {
		for name, c := range contests {
			t.Run(name, func(t *testing.T) { compete(t, at, name, c, rounds(t, 10)) })
		}
	})
}

func compete(t *testing.T, at place, name string, c contest, times int) {
	t.Helper()
	server, err := simulator.Start(simulator.Config{ManualWebhooks: true, Seed: uint64(len(name))}) // ids of its own: the contests share a database
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	at.Server = server.URL()
	db, err := at.open(t.Context(), nil, 4)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	eng, err := engine.New(engine.Config{Pools: pools(t, link{url: at.Server}), Storage: db, Sealer: plainSealer{}})
	require.NoError(t, err)
	all := processes(t, 2, "racer", at)
	for round := range times {
		p := paid(t, eng, fmt.Sprint(name, "-", round), c.captured)
		got := map[gateway.Operation]int64{}
		for _, a := range together[raceAnswer](t, all, func(i int) any { return raceJob{p.ID, all[i].name, c.wants} }) {
			require.Empty(t, a.Wrong, "round %d", round)
			for kind, n := range a.Got {
				got[kind] += n
			}
		}
		theirs, err := server.Payment(p.Refs.Get("payment"))
		require.NoError(t, err)
		c.fair(t, theirs, got)
		fairLedger(t, db, p.ID, theirs)
		require.False(t, t.Failed(), "round %d of %d, told: %v", round, times, got)
	}
	for _, call := range server.Calls() {
		assert.NotEqual(t, http.StatusUnprocessableEntity, call.Status, "more than there is")
		assert.Less(t, call.Status, http.StatusBadRequest, "%s %s: what is not there is not even asked for", call.Method, call.Path)
	}
	if !t.Failed() {
		t.Logf("%s: rounds: %d, workers: 2 x %d, over: 0", name, times, racers)
	}
}

// paid makes a payment of which 10.00 are held, and some captured.
func paid(t *testing.T, eng *engine.Engine, key string, captured int64) gateway.Payment {
	t.Helper()
	p, err := eng.Create(t.Context(), engine.NewPayment{Store: "es", Key: key, Amount: eur(1000)})
	require.NoError(t, err)
	r, err := eng.Authorize(t.Context(), engine.Request{Store: "es", Payment: p.ID, Provider: "sandbox", Key: key + "-auth", All: true, Instrument: card(simulator.TokenOK)})
	require.NoError(t, err)
	if captured > 0 {
		r, err = eng.Capture(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: key + "-before", Amount: eur(captured)})
		require.NoError(t, err)
	}
	return r.Payment
}

// fairLedger holds a payment's ledger against the provider's, when nothing is under way any more.
func fairLedger(t *testing.T, db *storage.DB, id gateway.PaymentID, theirs simulator.Payment) {
	t.Helper()
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		p, err := tx.Payment("es", id)
		if err != nil {
			return err
		}
		b, a := p.Balances, theirs.Amounts
		assert.Equal(t, [4]int64{a.Authorized, a.Released, a.Captured, a.Refunded},
			[4]int64{b.Authorized.Minor(), b.Released.Minor(), b.Captured.Minor(), b.Refunded.Minor()}, "authorized, released, captured, refunded")
		assert.Equal(t, gateway.Reservations{Capturing: eur(0), Releasing: eur(0), Refunding: eur(0)}, p.Reserved, "nothing is held back any more")
		open, err := tx.OpenOperations("es", id)
		assert.Empty(t, open)
		return err
	}))
}
