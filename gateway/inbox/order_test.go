package inbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
)

// permutations returns every order of n things.
func permutations(n int) (all [][]int) {
	var grow func(done []int, left []int)
	grow = func(done []int, left []int) {
		if len(left) == 0 {
			all = append(all, append([]int(nil), done...))
			return
		}
		for i := range left {
			rest := append(append([]int(nil), left[:i]...), left[i+1:]...)
			grow(append(done, left[i]), rest)
		}
	}
	var first []int
	for i := range n {
		first = append(first, i)
	}
	grow(nil, first)
	return all
}

// nothing is a command that does nothing.
type nothing struct{}

func (nothing) Execute(context.Context, gateway.Subject) (gateway.Outcome, error) {
	return gateway.Outcome{Status: gateway.StatusSucceeded}, nil
}

// unasked is an engine on the same storage whose provider cannot be asked.
func (w *world) unasked() *engine.Engine {
	w.Helper()
	pools, err := command.Assemble(command.Provider{Name: "sandbox", Commands: func(*command.Pool) command.Commands {
		return command.Commands{gateway.OpVerify: command.Custom(nothing{})}
	}})
	require.NoError(w, err)
	eng, err := engine.New(engine.Config{Pools: pools, Storage: w.DB})
	require.NoError(w, err)
	return eng
}

// alone reads of an event what happened last, as providers tell it that show no picture.
type alone struct{ webhook.Reader }

func (a alone) Read(ctx context.Context, c webhook.Call) ([]webhook.Event, error) {
	events, err := a.Reader.Read(ctx, c)
	for n := range events {
		all := events[n].Outcome.Movements
		events[n].Outcome.Movements = all[len(all)-1:]
	}
	return events, err
}

// W3: six events in all 720 orders, each with a duplicate somewhere, lead to one
// state: where the provider is asked, and where it cannot be and tells one thing
// at a time.
func TestW3EveryOrderLeadsToOneState(t *testing.T) {
	t.Parallel()
	for name, asked := range map[string]bool{"asked": true, "stated": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.Paid("17") // authorized, captured
			ref := p.Refs.Get("payment")
			_, err := w.Provider.RefundInDashboard(ref, 250)
			require.NoError(t, err)
			c, err := w.Provider.CaptureInDashboard(ref, 100, false)
			require.NoError(t, err)
			require.NoError(t, w.Provider.ReverseCapture(c.ID))
			_, err = w.Provider.Chargeback(ref, 200)
			require.NoError(t, err)
			s := series{world: w, eng: w.Engine, ref: ref, bodies: w.bodies()}
			require.Len(t, s.bodies, 6)
			receiver := sandbox.Webhook(w.keys)
			if !asked {
				s.eng, receiver.Reader = w.unasked(), alone{receiver.Reader}
			}
			s.box, err = inbox.New(inbox.Config{Storage: w.DB, Engine: s.eng, Receivers: map[string]webhook.Receiver{"sandbox": receiver}})
			require.NoError(t, err)
			server := httptest.NewServer(s.box.Handler())
			t.Cleanup(server.Close)
			s.url = server.URL

			want, err := w.Engine.Refresh(t.Context(), enginetest.Store, p.ID, "")
			require.NoError(t, err)
			assert.Equal(t, map[string]int{finalOf(want): 720}, s.finals(permutations(6)), "what the provider shows in the end")
		})
	}
}

// series is one payment's events, to be delivered in many orders.
type series struct {
	*world

	eng    *engine.Engine
	box    *inbox.Inbox
	url    string
	ref    string
	bodies [][]byte
}

// finals delivers the events in each order, to a store of its own, and counts the
// states that this leads to.
func (s series) finals(orders [][]int) map[string]int {
	s.Helper()
	ids, errs := make([]gateway.PaymentID, len(orders)), make([]error, len(orders))
	store := func(n int) gateway.StoreID { return gateway.StoreID(fmt.Sprintf("s%03d", n)) }
	work := make(chan int)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := range work {
				ids[n], errs[n] = s.inOrder(store(n), orders[n], n%6)
			}
		})
	}
	for n := range orders {
		work <- n
	}
	close(work)
	wg.Wait()
	for range 8 {
		_, err := s.box.Sweep(s.Context(), 10000)
		require.NoError(s, err)
		s.Advance(time.Minute)
	}
	finals := map[string]int{}
	for n := range orders {
		require.NoError(s, errs[n])
		p, err := s.eng.Payment(s.Context(), store(n), ids[n])
		require.NoError(s, err)
		require.NoError(s, s.DB.View(s.Context(), func(tx *storage.Tx) error {
			odd, err := tx.Discrepancies(store(n), p.ID)
			assert.Empty(s, odd)
			return err
		}))
		finals[finalOf(p)]++
	}
	return finals
}

func (s series) inOrder(store gateway.StoreID, order []int, twice int) (gateway.PaymentID, error) {
	p, err := s.eng.Create(s.Context(), engine.NewPayment{Store: store, Key: "k", Amount: enginetest.EUR(1000)})
	if err != nil {
		return "", err
	}
	err = s.DB.Update(s.Context(), func(tx *storage.Tx) error {
		return tx.AddRefs(store, p.ID, gateway.Refs{{Owner: "sandbox", Name: "payment", Value: s.ref}})
	})
	if err != nil {
		return "", err
	}
	for n, at := range append(order, order[twice]) {
		c := webhook.Call{Store: store, Header: http.Header{}, Body: s.bodies[at]}
		if err := sandbox.WebhookScheme(s.keys).Sign(s.Context(), &c); err != nil {
			return "", err
		}
		r, err := c.Request(s.Context(), s.url+"/webhooks/sandbox/"+string(store))
		if err != nil {
			return "", err
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return "", err
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != 200 {
			return "", fmt.Errorf("event %d is answered %d", n, resp.StatusCode)
		}
	}
	return p.ID, nil
}

func finalOf(p gateway.Payment) string {
	raw, err := json.Marshal(p.Balances)
	return fmt.Sprint(string(raw), len(p.Movements), p.Status(), err)
}
