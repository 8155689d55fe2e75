package reconcile_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
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

var midnight = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// world is a shop with a real provider and a real database, at noon.
type world struct {
	*testing.T
	server *simulator.Server
	pools  *command.Pools
	db     *storage.DB
	eng    *engine.Engine
	clock  atomic.Int64 // microseconds
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t}
	w.clock.Store(midnight.Add(12 * time.Hour).UnixMicro())
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
	w.pools, err = command.Assemble(api.Provider())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.pools.Close(context.Background())) })
	w.eng, err = engine.New(engine.Config{Pools: w.pools, Storage: w.db})
	require.NoError(t, err)
	return w
}

func eur(n int64) gateway.Money { return gateway.Minor(n, "EUR") }

// paid makes a payment of 10.00 that is authorized, with 6.00 captured.
func (w *world) paid(key string) gateway.Payment {
	w.Helper()
	p, err := w.eng.Create(w.Context(), engine.NewPayment{Store: "es", Key: key, Amount: eur(1000)})
	require.NoError(w, err)
	card := &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenOK)}
	_, err = w.eng.Authorize(w.Context(), engine.Request{Store: "es", Payment: p.ID, Key: key + "-auth", Provider: "sandbox", All: true, Instrument: card})
	require.NoError(w, err)
	r, err := w.eng.Capture(w.Context(), engine.Request{Store: "es", Payment: p.ID, Key: key + "-ship", Amount: eur(600)})
	require.NoError(w, err)
	return r.Payment
}

func (w *world) load(id gateway.PaymentID) gateway.Payment {
	w.Helper()
	p, err := w.eng.Payment(w.Context(), "es", id)
	require.NoError(w, err)
	return p
}

func (w *world) reconcile(s reconcile.Source, change ...func(*reconcile.Options)) reconcile.Report {
	w.Helper()
	o := reconcile.Options{Engine: w.eng, DB: w.db, Store: "es", Provider: "sandbox", Since: midnight, Source: s}
	for _, f := range change {
		f(&o)
	}
	r, err := reconcile.Reconcile(w.Context(), o)
	require.NoError(w, err)
	return r
}

func apply(o *reconcile.Options) { o.Apply = true }

// listing reads the sandbox's payments, two at a time.
func (w *world) listing() reconcile.Listing {
	return reconcile.Listing{
		Pool: w.pools.For("sandbox"),
		Ask: func(win reconcile.Window, after string) (gateway.Subject, error) {
			return gateway.Subject{Extras: gateway.With(sandbox.ListPage.Of(sandbox.Page{From: win.Since, To: win.Until, After: after, Limit: 2}))}, nil
		},
		Read: func(out gateway.Outcome) (all []reconcile.Record, next string, err error) {
			page, _ := sandbox.PaymentsAnswer.From(out.Extras)
			for _, p := range page.Data {
				r := reconcile.Record{Refs: gateway.Refs{{Name: "payment", Value: p.ID}}, Operations: []gateway.OperationID{gateway.OperationID(p.Reference)}}
				for _, m := range p.Movements {
					r.Movements = append(r.Movements, movement(m.Kind, m.Amount.Value, m.Amount.Currency, m.Reference, m.Parent, m.MerchantReference, m.Created))
				}
				all = append(all, r)
			}
			return all, page.Next, nil
		},
	}
}

func movement(kind string, value int64, currency, reference, parent, merchant string, at time.Time) gateway.Movement {
	return gateway.Movement{
		Kind: gateway.MovementKind(kind), Amount: gateway.Minor(value, currency), Reference: reference, Parent: parent, Operation: gateway.OperationID(merchant), At: at,
	}
}

// report reads the sandbox's report, a file for each day.
func (w *world) report(change func([]byte) []byte) reconcile.CSV {
	return reconcile.CSV{
		Columns: []string{"time", "kind", "amount", "currency", "payment", "reference", "parent", "merchant_reference"},
		Open: func(ctx context.Context, win reconcile.Window, after string) (io.ReadCloser, string, error) {
			day := win.Since.Truncate(24 * time.Hour)
			if after != "" {
				day, _ = time.Parse(time.DateOnly, after)
			}
			next := ""
			if tomorrow := day.AddDate(0, 0, 1); tomorrow.Before(win.Until) {
				next = tomorrow.Format(time.DateOnly)
			}
			file, err := w.download(ctx, day, change)
			return file, next, err
		},
		Trailer: func(line reconcile.Row, before []reconcile.Row) (bool, error) {
			if line["sequence"] != "total" {
				return false, nil
			}
			if line["kind"] != strconv.Itoa(len(before)) {
				return true, gateway.Invalid("the report counts %s lines and has %d", line["kind"], len(before))
			}
			return true, nil
		},
		Read: func(line reconcile.Row) (r reconcile.Record, err error) {
			value, err := strconv.ParseInt(line["amount"], 10, 64)
			if err != nil {
				return r, err
			}
			at, err := time.Parse(time.RFC3339Nano, line["time"])
			r.Refs = gateway.Refs{{Name: "payment", Value: line["payment"]}}
			r.Movements = []gateway.Movement{movement(line["kind"], value, line["currency"], line["reference"], line["parent"], line["merchant_reference"], at)}
			return r, err
		},
	}
}

func (w *world) download(ctx context.Context, day time.Time, change func([]byte) []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL()+"/v1/report?date="+day.Format(time.DateOnly), http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Close = true // leaves no connection behind
	req.Header.Set("Authorization", "Bearer "+simulator.DefaultKey)
	answer, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if change != nil {
		body = change(body)
	}
	return io.NopCloser(bytes.NewReader(body)), err
}
