package collana_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
)

// told is what the shopper's page was told: "prepare.pending iframe".
type told struct {
	Update  bool `json:"update"`
	Payload struct {
		Status struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"status"`
		Action struct {
			Code    string          `json:"code"`
			Payload json.RawMessage `json:"payload"`
		} `json:"action"`
	} `json:"payload"`
}

// browse is the shopper's browser: it asks for the status, held until it differs,
// shows frames, follows redirects, and ends with the payment. It returns what it was
// told, in order.
func (s *shop) browse(page, transaction string, decide func(action string) string) (seen []string) {
	s.Helper()
	known := ""
	for range 40 {
		q := url.Values{"transactionId": {transaction}}
		if known != "" {
			q.Set("status", known)
		}
		r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, page+"/status?"+q.Encode(), nil)
		require.NoError(s, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(s, err)
		raw, err := io.ReadAll(answer.Body)
		require.NoError(s, err)
		require.NoError(s, answer.Body.Close())
		require.Equal(s, http.StatusOK, answer.StatusCode, string(raw))
		var now told
		require.NoError(s, json.Unmarshal(raw, &now))
		if !now.Update {
			continue
		}
		known = now.Payload.Status.Code
		seen = append(seen, known+" "+now.Payload.Action.Code)
		assert.NotEmpty(s, now.Payload.Status.Message)
		switch code := now.Payload.Action.Code; code {
		case "iframe", "redirect":
			var at string
			require.NoError(s, json.Unmarshal(now.Payload.Action.Payload, &at))
			s.shopper(at, decide(code))
		}
		if slices.Contains([]string{"succeeded", "failed", "cancelled"}, known) {
			return seen
		}
	}
	s.Fatalf("the payment never ended: %v", seen)
	return nil
}

// shown serves the shop's status, by the transaction's id as the guideline does.
func (s *shop) shown() string {
	s.Helper()
	service, err := status.New(status.Config{
		Storage: s.db, Hold: 2 * time.Second,
		Access: func(_ *http.Request, id string) (key storage.PaymentKey, err error) {
			err = s.db.View(context.Background(), func(tx *storage.Tx) error {
				payment, found, err := tx.PaymentByRef(store, "collana", id)
				if err == nil && !found {
					err = gateway.Errorf(gateway.CodeNotFound, "no such payment")
				}
				key = storage.PaymentKey{Store: store, Payment: payment}
				return err
			})
			return key, err
		},
	})
	require.NoError(s, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = service.Run(ctx)
	}()
	server := httptest.NewServer(service.Handler())
	s.Cleanup(func() {
		assert.NoError(s, service.Shutdown(context.Background()))
		cancel()
		<-done
		server.Close()
	})
	return server.URL
}

// C6, C13 to C16, C22, C24: the whole way, from the create to the page that says
// thank you, with callbacks that come by themselves. The shopper's page knows no
// PSP and no Collana: it asks the shop, and is told phases and actions.
func TestAShopperPaysInABrowser(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *setup) { c.simulator.Manual, c.simulator.Delay = false, 20*time.Millisecond })
	page := s.shown()
	id, r, err := s.pay(collana.CreditCard)
	require.NoError(t, err)
	seen := s.browse(page, r.Payment.Refs.Get("transaction"), func(string) string { return "approve" })
	s.once(id)
	order := []string{
		"create.send ", "create.done ", "prepare.send ", "prepare.pending iframe", "prepare.done ", "reserve.send ", "reserve.pending redirect", "succeeded success",
	}
	at := 0
	for _, one := range seen { // a page may miss a phase that passes quickly, and never sees one again
		for at < len(order) && order[at] != one {
			at++
		}
		require.Less(t, at, len(order), "%v", seen)
	}
	assert.Contains(t, seen, "prepare.pending iframe")
	assert.Contains(t, seen, "reserve.pending redirect")
	assert.Equal(t, "succeeded success", seen[len(seen)-1])
}

// C12, C22: a no at the bank is told, nothing was paid, and another method may be chosen.
func TestAShopperWhoIsDeclinedChoosesAgain(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *setup) { c.simulator.Manual = false })
	page := s.shown()
	id, r, err := s.pay(collana.CreditCard)
	require.NoError(t, err)
	seen := s.browse(page, r.Payment.Refs.Get("transaction"), func(action string) string {
		return map[string]string{"iframe": "approve", "redirect": "decline"}[action]
	})
	assert.Equal(t, "failed ", seen[len(seen)-1])
	assert.Equal(t, collana.PhaseReserveError, s.payment(id).Phase)
	assert.True(t, s.balanced(id).Authorized.IsZero())
	again, err := s.engine.Authorize(t.Context(), engine.Request{
		Store: store, Payment: id, Key: "order-17-again", Provider: "collana", All: true, Extras: gateway.With(collana.Method.Of(collana.Invoice)),
	})
	require.NoError(t, err)
	seen = s.browse(page, s.payment(id).Refs.Get("transaction"), func(string) string { return "" })
	assert.Equal(t, "succeeded success", seen[len(seen)-1])
	assert.Equal(t, eur(9990), s.balanced(id).Authorized)
	assert.Len(t, s.collana.Transactions(), 2, "%s", again.Operation.ID)
}

// C14: what the page is told names no PSP, no Collana and no secret.
func TestThePageIsToldNothingOfTheProviders(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	page := s.shown()
	id, r, err := s.pay(collana.Invoice)
	require.NoError(t, err)
	s.tell(s.last(simulator.Transactions, simulator.Successful))
	answer, err := http.Get(page + "/status?transactionId=" + r.Payment.Refs.Get("transaction")) //nolint:noctx // of this machine
	require.NoError(t, err)
	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	for _, word := range []string{"collana", "interaction", simulator.DefaultKey, password, string(id)} {
		assert.NotContains(t, string(raw), word)
	}
}
