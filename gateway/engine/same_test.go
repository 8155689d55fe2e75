package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// repeatJob is one command, to be given so many times at once.
type repeatJob struct {
	Kind    gateway.Operation
	Payment gateway.PaymentID
	Key     string
	Amount  int64 // 0: none
	Other   bool  // every time with another amount than before
	Times   int
}

// repeatAnswer counts the answers by their text, so that a thousand equal ones are one line.
type repeatAnswer map[string]int

func (s *site) repeat(job repeatJob) (repeatAnswer, error) {
	a := repeatAnswer{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range job.Times {
		wg.Go(func() {
			text := s.once(job, int64(i))
			mu.Lock()
			defer mu.Unlock()
			a[text]++
		})
	}
	wg.Wait()
	return a, nil
}

// once gives the command and returns the answer as text: the operation and the
// payment as they are, and the error.
func (s *site) once(job repeatJob, n int64) string {
	r := engine.Request{Store: "es", Payment: job.Payment, Provider: "sandbox", Key: job.Key}
	if job.Amount > 0 {
		r.Amount = eur(job.Amount)
	}
	if job.Other {
		r.Amount = eur(job.Amount + 1 + n)
	}
	do := map[gateway.Operation]func(context.Context, engine.Request) (engine.Result, error){
		gateway.OpAuthorize: s.eng.Authorize, gateway.OpCapture: s.eng.Capture, gateway.OpRefund: s.eng.Refund, gateway.OpVoid: s.eng.Void,
	}[job.Kind]
	if job.Kind == gateway.OpAuthorize {
		r.Instrument = card(simulator.TokenOK)
	}
	got, err := do(context.Background(), r)
	text, jerr := json.Marshal(struct {
		Operation, Payment any
		Code               gateway.Code
	}{got.Operation, got.Payment, gateway.CodeOf(err)})
	if jerr != nil {
		return jerr.Error()
	}
	return string(text)
}

// E7: a thousand times from eight processes, and every answer is the same one.
func TestTheSameCommandAThousandTimesFromEightProcessesHasOneEffect(t *testing.T) {
	t.Parallel()
	const sites, times = 8, 125
	onBothStores(t, func(t *testing.T, at place) {
		server, err := simulator.Start(simulator.Config{ManualWebhooks: true})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, server.Close()) })
		at.Server = server.URL()
		db, err := at.open(t.Context(), nil, 4)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		eng, err := engine.New(engine.Config{Pools: pools(t, link{url: at.Server}), Storage: db, Sealer: plainSealer{}})
		require.NoError(t, err)
		p, err := eng.Create(t.Context(), engine.NewPayment{Store: "es", Key: "order", Amount: eur(1000)})
		require.NoError(t, err)
		all := processes(t, sites, "repeater", at)
		for _, step := range []struct {
			kind   gateway.Operation
			amount int64
			moved  [4]int64 // authorized, released, captured, refunded, once it is done
		}{
			{gateway.OpAuthorize, 1000, [4]int64{1000, 0, 0, 0}},
			{gateway.OpCapture, 400, [4]int64{1000, 0, 400, 0}},
			{gateway.OpRefund, 150, [4]int64{1000, 0, 400, 150}},
			{gateway.OpVoid, 0, [4]int64{1000, 600, 400, 150}},
		} {
			before := len(server.Calls())
			job := repeatJob{Kind: step.kind, Payment: p.ID, Key: "the " + string(step.kind), Amount: step.amount, Times: times}
			answers := repeatAnswer{}
			for _, a := range together[repeatAnswer](t, all, func(int) any { return job }) {
				for text, n := range a {
					answers[text] += n
				}
			}
			require.Len(t, answers, 1, "the answers to one command differ")
			for text, n := range answers {
				assert.Equal(t, sites*times, n)
				assert.Contains(t, text, `"State":"succeeded"`)
				assert.Contains(t, text, `"Code":""}`)
			}
			assert.Len(t, server.Calls(), before+1, "%s: one call leaves", step.kind)

			job.Other, job.Times = true, 10
			for _, a := range together[repeatAnswer](t, all, func(int) any { return job }) {
				refused := 0
				for text, n := range a {
					assert.Contains(t, text, fmt.Sprintf(`"Code":%q}`, gateway.CodeConflict))
					refused += n
				}
				assert.Equal(t, 10, refused)
			}
			assert.Len(t, server.Calls(), before+1, "%s with other parameters: none leaves", step.kind)
			theirs := server.Payments()
			require.Len(t, theirs, 1)
			a := theirs[0].Amounts
			assert.Equal(t, step.moved, [4]int64{a.Authorized, a.Released, a.Captured, a.Refunded}, "after %s", step.kind)
			fairLedger(t, db, p.ID, theirs[0])
		}
	})
}
