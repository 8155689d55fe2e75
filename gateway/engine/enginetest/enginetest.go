// Package enginetest is a small shop for tests of what stands around the engine:
// the engine on a database, the sandbox provider beside it, and a clock that
// the test moves.
//
//	shop := enginetest.New(t)
//	p := shop.Paid("17")
//	_, err := shop.Provider.RefundInDashboard(p.Refs.Get("payment"), 250)
//	report := reconcile.Reconcile(ctx, reconcile.Options{ ..., Source: shop.Listing(0) })
//
// The shop's store is "es". Everything is closed by the test's cleanup.
package enginetest

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// Store is the shop's only store.
const Store gateway.StoreID = "es"

// Canary stands in everything personal that the shop writes: orders, reasons,
// URLs. It must never be seen where nothing personal belongs.
const Canary = "canary-7f3a"

// Noon is when the shop opens.
var Noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// Shop is a shop with a real provider and a real database. Its fields are safe for
// concurrent use; its methods fail the test, and belong to the test's goroutine.
type Shop struct {
	testing.TB

	Provider *simulator.Server
	Pools    *command.Pools
	DB       *storage.DB
	Engine   *engine.Engine

	clock atomic.Int64 // microseconds
}

// New opens a shop on SQLite, at [Noon].
func New(t testing.TB) *Shop {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shop.db")
	return NewOn(t, func(now func() time.Time) (*storage.DB, error) {
		return sqlite.Open(t.Context(), file, sqlite.Options{Now: now})
	})
}

// NewOn opens a shop on the storage that open returns, at [Noon].
func NewOn(t testing.TB, open func(now func() time.Time) (*storage.DB, error)) *Shop {
	t.Helper()
	s := &Shop{TB: t}
	s.clock.Store(Noon.UnixMicro())
	var err error
	s.Provider, err = simulator.Start(simulator.Config{Clock: s.Now, ManualWebhooks: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Provider.Close()) })
	s.DB, err = open(s.Now)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.DB.Close()) })
	api, err := sandbox.New(sandbox.Config{
		BaseURL: s.Provider.URL(), Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)}), HTTP: client.Config{Timeout: 2 * time.Second},
	})
	require.NoError(t, err)
	// A lost call can be parked here: this merchant's contract has no cancelling by key.
	s.Pools, err = command.Assemble(api.Provider(), command.Override("sandbox", gateway.OpAuthorize, command.Promise(func(e *gateway.Endpoint) { e.CancelByKey = "" })))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Pools.Close(context.Background())) })
	s.Engine, err = engine.New(engine.Config{Pools: s.Pools, Storage: s.DB})
	require.NoError(t, err)
	return s
}

// Now returns the shop's and the provider's time. It goes on by one microsecond
// each time it is asked, so that no two things happen at once.
func (s *Shop) Now() time.Time { return time.UnixMicro(s.clock.Add(1)).UTC() }

// Advance moves the clock forward.
func (s *Shop) Advance(d time.Duration) { s.clock.Add(d.Microseconds()) }

// EUR returns an amount of euro cents.
func EUR(cents int64) gateway.Money { return gateway.Minor(cents, "EUR") }
