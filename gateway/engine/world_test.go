package engine_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// world is a shop with a real provider and a real database, and clocks that only the test moves.
type world struct {
	*testing.T
	server *simulator.Server
	hurry  *hurry
	db     *storage.DB
	eng    *engine.Engine
	clock  *atomic.Int64 // the true time in microseconds, which is the provider's
	skew   *atomic.Int64 // how far the shop's clock is off
	// reads hears of every reading of the shop's clock, before it is read.
	reads func()
}

func newWorld(t *testing.T, rules simulator.Rules) *world {
	t.Helper()
	return newWorldWith(t, rules)
}

// newWorldWith is newWorld with changes to the engine, which are told where the provider is.
func newWorldWith(t *testing.T, rules simulator.Rules, change ...func(cfg *engine.Config, at link)) *world {
	t.Helper()
	return open(t, rules, 500*time.Millisecond, change...)
}

// newPatientWorld is newWorldWith every timeout so long that only hurry ends a
// call: how busy the machine is must not change what happens.
func newPatientWorld(t *testing.T, rules simulator.Rules, change ...func(cfg *engine.Config, at link)) *world {
	t.Helper()
	return open(t, rules, time.Minute, change...)
}

func open(t *testing.T, rules simulator.Rules, patience time.Duration, change ...func(cfg *engine.Config, at link)) *world {
	t.Helper()
	w := &world{T: t, clock: &atomic.Int64{}, skew: &atomic.Int64{}, hurry: &hurry{}}
	w.clock.Store(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixMicro())
	// Reading moves the clock, so that no two rows have one time. The provider only
	// looks: it also does so by itself, and then a run could not be repeated.
	now := func() time.Time {
		if w.reads != nil {
			w.reads()
		}
		return time.UnixMicro(w.clock.Add(1) + w.skew.Load()).UTC()
	}
	var err error
	if rules.DripInterval == 0 {
		rules.DripInterval, rules.Slow = time.Millisecond, time.Millisecond
	}
	w.server, err = simulator.Start(simulator.Config{
		Clock: func() time.Time { return time.UnixMicro(w.clock.Load()).UTC() }, Rules: rules, ManualWebhooks: true, Seed: 1,
	})
	require.NoError(t, err)
	w.hurry.server = w.server
	t.Cleanup(func() { assert.NoError(t, w.server.Close()) })
	w.db, err = sqlite.Open(t.Context(), enginetest.NewFile(t), sqlite.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.db.Close()) })
	var ids atomic.Int64
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(t.Name())))[:12]
	at := link{url: w.server.URL(), hurry: w.hurry.policy, patience: patience}
	cfg := engine.Config{
		NewID: func(prefix string) string { return fmt.Sprintf("%s_%s_%d", prefix, name, ids.Add(1)) },
		Pools: pools(t, at), Storage: w.db, SendTimeout: patience * 7 / 5, Sealer: sealer(t),
	}
	for _, f := range change {
		f(&cfg, at)
	}
	w.eng, err = engine.New(cfg)
	require.NoError(t, err)
	return w
}

// link is where the provider is, and how calls get there.
type link struct {
	url   string
	hurry client.Policy // nil for none
	// patience is how long a call may take; 0 is half a second.
	patience time.Duration
	// reauthorizes says that the provider makes a new authorization of an adjustment.
	reauthorizes bool
}

// pools returns the sandbox's commands, with edits.
func pools(t *testing.T, at link, edits ...command.Item) *command.Pools {
	t.Helper()
	return poolsWith(t, at, nil, edits...)
}

func poolsWith(t *testing.T, at link, flows map[gateway.Operation]command.Flow, edits ...command.Item) *command.Pools {
	t.Helper()
	p, err := assemble(at, cmp.Or(at.patience, 500*time.Millisecond), flows, edits...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	return p
}

// assemble makes the commands of a sandbox, which is given up on after a while.
func assemble(at link, patience time.Duration, flows map[gateway.Operation]command.Flow, edits ...command.Item) (*command.Pools, error) {
	p, err := providerAt("sandbox", at, patience)
	if err != nil {
		return nil, err
	}
	p.Flows = flows
	return command.Assemble(append([]command.Item{p}, edits...)...)
}

// provider returns a sandbox under a name.
func provider(t *testing.T, name string, at link) command.Provider {
	t.Helper()
	p, err := providerAt(name, at, 500*time.Millisecond)
	require.NoError(t, err)
	return p
}

func providerAt(name string, at link, patience time.Duration) (command.Provider, error) {
	var policies []client.Policy
	if at.hurry != nil {
		policies = append(policies, at.hurry)
	}
	api, err := sandbox.New(sandbox.Config{
		Name: name, BaseURL: at.url, Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)}), HTTP: client.Config{Timeout: patience}, Policy: policies,
		Reauthorizes: at.reauthorizes,
	})
	if err != nil {
		return command.Provider{}, err
	}
	return api.Provider(), nil
}

var realSealer = sync.OnceValues(func() (engine.Sealer, error) {
	ring, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	return aead.New(ring)
})

func sealer(t *testing.T) engine.Sealer {
	t.Helper()
	s, err := realSealer()
	require.NoError(t, err)
	return s
}

func eur(n int64) gateway.Money { return gateway.Minor(n, "EUR") }

func card(token string) *gateway.Instrument {
	return &gateway.Instrument{Token: gateway.NewSecret(token)}
}

// create makes a payment of 10.00.
func (w *world) create(key string) gateway.Payment {
	w.Helper()
	p, err := w.eng.Create(w.Context(), engine.NewPayment{Store: "es", Key: key, Amount: eur(1000), Order: &gateway.Order{Number: key}})
	require.NoError(w, err)
	return p
}

// held makes a payment of 10.00 that is authorized.
func (w *world) held(key string) gateway.Payment {
	w.Helper()
	p := w.create(key)
	r, err := w.eng.Authorize(w.Context(), w.request(p, key+"-auth", func(r *engine.Request) { r.Instrument, r.All = card(simulator.TokenOK), true }))
	require.NoError(w, err)
	require.Equal(w, gateway.StateSucceeded, r.Operation.State)
	return r.Payment
}

func (w *world) request(p gateway.Payment, key string, change ...func(*engine.Request)) engine.Request {
	r := engine.Request{Store: p.Store, Payment: p.ID, Key: key, Provider: "sandbox", ReturnURL: "https://shop.example/return"}
	for _, f := range change {
		f(&r)
	}
	return r
}

func amount(n int64) func(*engine.Request) {
	return func(r *engine.Request) { r.Amount = eur(n) }
}

// later moves the clock and lets the engine look after what is due, until nothing is.
func (w *world) later(d time.Duration) {
	w.Helper()
	w.clock.Add(d.Microseconds())
	w.server.Advance(0) // what is due at the provider happens
	for range 20 {
		n, err := w.eng.Resolve(w.Context(), 100)
		require.NoError(w, err)
		if n == 0 {
			return
		}
	}
}

// converge lets two days pass in the steps of the engine's own schedule.
func (w *world) converge() {
	w.Helper()
	for _, d := range []time.Duration{6 * time.Second, 31 * time.Second, 3 * time.Minute, 11 * time.Minute, time.Hour, 7 * time.Hour, 25 * time.Hour, 25 * time.Hour} {
		w.later(d)
	}
}

func (w *world) load(id gateway.PaymentID) gateway.Payment {
	w.Helper()
	p, err := w.eng.Payment(w.Context(), "es", id)
	require.NoError(w, err)
	return p
}

// equal is the oracle: in money, the provider's ledger is ours. What the provider
// holds as several payments may be one of ours: one that was declined, and one that paid.
func (w *world) equal() {
	w.Helper()
	theirs := map[gateway.PaymentID][5]int64{}
	for _, t := range w.server.Payments() {
		var id gateway.PaymentID
		require.NoError(w, w.db.View(w.Context(), func(tx *storage.Tx) (err error) {
			id, _, err = tx.PaymentByRef("es", "sandbox", t.ID)
			return err
		}))
		sum, a := theirs[id], t.Amounts
		for i, n := range [5]int64{a.Authorized, a.Released, a.Captured, a.Refunded, a.ChargedBack} {
			sum[i] += n
		}
		theirs[id] = sum
	}
	for id, want := range theirs {
		var p gateway.Payment
		if id != "" {
			p = w.load(id)
		}
		b := p.Balances
		got := [5]int64{b.Authorized.Minor(), b.Released.Minor(), b.Captured.Minor(), b.Refunded.Minor(), b.ChargedBack.Minor()}
		assert.Equal(w, want, got, "authorized, released, captured, refunded, charged back of payment %q", id)
		if len(w.open(id)) == 0 {
			assert.Equal(w, [3]int64{}, [3]int64{p.Reserved.Capturing.Minor(), p.Reserved.Releasing.Minor(), p.Reserved.Refunding.Minor()}, "nothing is held back any more")
		}
	}
}

func (w *world) open(id gateway.PaymentID) (open []storage.Operation) {
	w.Helper()
	require.NoError(w, w.db.View(w.Context(), func(tx *storage.Tx) (err error) { open, err = tx.OpenOperations("es", id); return err }))
	return open
}

func (w *world) story(id gateway.PaymentID) string {
	ops, tries, err := w.eng.History(w.Context(), "es", id)
	text := fmt.Sprint(err, "\n")
	for _, o := range ops {
		text += fmt.Sprintf("%s %s: %s %s %q\n", o.Kind, o.ID, o.State, o.Code, o.Detail)
		for _, a := range tries[o.ID] {
			text += fmt.Sprintf("    %s %s %q\n", a.Command, a.Code, a.Detail)
		}
	}
	return text
}

// stories tells every payment, ours and theirs.
func (w *world) stories() (text string) {
	w.Helper()
	var rows []storage.PaymentRow
	require.NoError(w, w.db.View(w.Context(), func(tx *storage.Tx) (err error) { rows, err = tx.Payments("es", storage.PaymentQuery{}); return err }))
	for _, p := range rows {
		text += fmt.Sprintf("\n%s of order %q\n%s", p.ID, p.Order, w.story(p.ID))
	}
	for _, p := range w.server.Payments() {
		text += fmt.Sprintf("\ntheirs: %s for %s is %s: %+v", p.ID, p.Reference, p.Status, p.Amounts)
	}
	return text
}
