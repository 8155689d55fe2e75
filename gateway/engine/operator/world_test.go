package operator_test

import (
	"bytes"
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/operator"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

func eur(n int64) gateway.Money { return gateway.Minor(n, "EUR") }

// world is a shop with a real provider and a real database, at noon.
type world struct {
	*testing.T
	server *simulator.Server
	db     *storage.DB
	eng    *engine.Engine
	clock  atomic.Int64 // microseconds
	cfg    operator.Config
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t}
	w.clock.Store(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixMicro())
	now := func() time.Time { return time.UnixMicro(w.clock.Add(1)).UTC() }
	var err error
	w.server, err = simulator.Start(simulator.Config{Clock: now, ManualWebhooks: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.server.Close()) })
	w.db, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"), sqlite.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.db.Close()) })
	api, err := sandbox.New(sandbox.Config{
		BaseURL: w.server.URL(), Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)}), HTTP: client.Config{Timeout: 2 * time.Second},
	})
	require.NoError(t, err)
	pools, err := command.Assemble(api.Provider())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pools.Close(context.Background())) })
	w.eng, err = engine.New(engine.Config{Pools: pools, Storage: w.db})
	require.NoError(t, err)
	w.cfg = operator.Config{Engine: w.eng, DB: w.db, Store: "es", Sources: map[string]reconcile.Source{"sandbox": listing(pools.For("sandbox"))}}
	return w
}

// listing reads the sandbox's payments; these tests need no reversals.
func listing(pool *command.Pool) reconcile.Source {
	return reconcile.Listing{
		Pool: pool,
		Ask: func(win reconcile.Window, after string) (gateway.Subject, error) {
			return gateway.Subject{Extras: gateway.With(sandbox.ListPage.Of(sandbox.Page{From: win.Since, To: win.Until, After: after}))}, nil
		},
		Read: func(out gateway.Outcome) (all []reconcile.Record, next string, err error) {
			page, _ := sandbox.PaymentsAnswer.From(out.Extras)
			for _, p := range page.Data {
				r := reconcile.Record{Refs: gateway.Refs{{Name: "payment", Value: p.ID}}, Operations: []gateway.OperationID{gateway.OperationID(p.Reference)}}
				for _, m := range p.Movements {
					r.Movements = append(r.Movements, gateway.Movement{
						Kind: gateway.MovementKind(m.Kind), Amount: gateway.Minor(m.Amount.Value, m.Amount.Currency), Reference: m.Reference, Parent: m.Parent,
						Operation: gateway.OperationID(m.MerchantReference), At: m.Created,
					})
				}
				all = append(all, r)
			}
			return all, page.Next, nil
		},
	}
}

// run runs the command line and returns what it wrote and its exit code.
func (w *world) run(args ...string) (string, int) {
	w.Helper()
	var out bytes.Buffer
	code := operator.Run(w.Context(), w.cfg, args, &out)
	assert.NotContains(w, out.String(), simulator.DefaultKey)
	assert.NotContains(w, out.String(), canary)
	return out.String(), code
}

// canary is in everything personal, and must never be printed.
const canary = "canary-7f3a"

// paid makes a payment of 10.00 that is authorized, with 6.00 captured.
func (w *world) paid(key string) gateway.Payment {
	w.Helper()
	p, err := w.eng.Create(w.Context(), engine.NewPayment{Store: "es", Key: key, Amount: eur(1000), Order: &gateway.Order{Number: "order-" + key, Description: canary}})
	require.NoError(w, err)
	_, err = w.eng.Authorize(w.Context(), authorization(p, key))
	require.NoError(w, err)
	r, err := w.eng.Capture(w.Context(), engine.Request{Store: "es", Payment: p.ID, Key: key + "-ship", Amount: eur(600), Reason: canary})
	require.NoError(w, err)
	return r.Payment
}

func authorization(p gateway.Payment, key string) engine.Request {
	card := &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenOK)}
	return engine.Request{
		Store: "es", Payment: p.ID, Key: key + "-auth", Provider: "sandbox", All: true, Instrument: card, ReturnURL: "https://shop.example/" + canary,
	}
}

// parked makes an authorization of which nobody knows what became: its answer
// was lost, and its instrument is not stored.
func (w *world) parked(key string) (gateway.Payment, gateway.OperationID) {
	w.Helper()
	p, err := w.eng.Create(w.Context(), engine.NewPayment{Store: "es", Key: key, Amount: eur(1000), Order: &gateway.Order{Number: "order-" + key}})
	require.NoError(w, err)
	w.server.Next(simulator.OpCreatePayment, simulator.ResetBefore)
	r, err := w.eng.Authorize(w.Context(), authorization(p, key))
	require.ErrorIs(w, err, gateway.CodeIndeterminate)
	for range 8 {
		w.clock.Add((10 * time.Minute).Microseconds())
		_, err = w.eng.Resolve(w.Context(), 100)
		require.NoError(w, err)
	}
	ops, _, err := w.eng.History(w.Context(), "es", p.ID)
	require.NoError(w, err)
	require.Equal(w, gateway.StateParked, ops[0].State)
	return p, r.Operation.ID
}
