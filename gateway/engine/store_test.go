package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// failing is a database that fails once, at a write that is chosen: before it is
// committed, or after, when nobody can tell.
type failing struct {
	*storage.DB
	writes atomic.Int64
	at     int64 // the write that fails; 0 for none
	done   bool  // it is committed all the same
	dead   bool  // and so do all that follow
}

func (f *failing) Update(ctx context.Context, do func(q storage.Queries) error) error {
	n := f.writes.Add(1)
	fails := f.at > 0 && (n == f.at || f.dead && n > f.at)
	err := f.DB.Update(ctx, func(tx *storage.Tx) error {
		_, q := tx.SQL()
		if err := do(q); err != nil {
			return err
		}
		if fails && !f.done {
			return errors.New("the disk is full")
		}
		return nil
	})
	if err == nil && fails {
		err = errors.New("the connection was lost in the commit")
	}
	return err
}

func (f *failing) View(ctx context.Context, do func(q storage.Queries) error) error {
	return f.DB.View(ctx, func(tx *storage.Tx) error {
		_, q := tx.SQL()
		return do(q)
	})
}

// Every write of a payment's life fails once: it is not committed, or it is and
// nobody can tell, or the database stays away. What was acknowledged is there,
// nothing is sent after a claim that may have failed, and in the end the ledgers are equal.
func TestADatabaseThatFailsAtAnyWriteLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct {
		name       string
		done, dead bool
	}{{name: "not committed"}, {name: "committed, and lost in the commit", done: true}, {name: "and stays away", dead: true}} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			for at := int64(1); ; at++ {
				broken := &failing{at: at, done: kind.done, dead: kind.dead}
				w := newWorldWith(t, simulator.Rules{}, func(cfg *engine.Config, _ link) {
					broken.DB = cfg.Storage
					cfg.Storage = storage.New(broken, cfg.Storage.Now)
				})
				acknowledged := map[gateway.OperationID]bool{}
				sent := 0
				err := broken.live(w, func(r engine.Result) {
					acknowledged[r.Operation.ID] = true
					sent = len(w.server.Calls())
				})
				if broken.writes.Load() < at {
					require.NoError(t, err)
					assert.Greater(t, at, int64(10), "every write of the life was made to fail")
					return
				}
				if kind.dead {
					assert.LessOrEqual(t, len(w.server.Calls()), sent+1, "at write %d: only the call that was claimed already", at)
				}
				broken.at, broken.dead = 0, false // it is well again
				w.converge()
				for range 3 {
					err = broken.live(w, func(engine.Result) {})
				}
				require.NoError(t, err, "at write %d", at)
				for id := range acknowledged {
					require.NoError(t, w.db.View(t.Context(), func(tx *storage.Tx) error { _, err := tx.Operation("es", id); return err }), "acknowledged is present")
				}
				require.Len(t, w.server.Payments(), 1, "at write %d", at)
				a := w.server.Payments()[0].Amounts
				assert.Equal(t, [3]int64{1000, 700, 300}, [3]int64{a.Authorized, a.Captured, a.Refunded}, "at write %d", at)
				w.equal()
			}
		})
	}
}

// live takes a payment through its life until something fails.
func (f *failing) live(w *world, acknowledge func(engine.Result)) error {
	p, err := w.eng.Create(w.Context(), engine.NewPayment{Store: "es", Key: "17", Amount: eur(1000)})
	if err != nil {
		return err
	}
	for _, step := range []struct {
		do    func(context.Context, engine.Request) (engine.Result, error)
		key   string
		minor int64
	}{{w.eng.Authorize, "auth", 1000}, {w.eng.Capture, "ship", 700}, {w.eng.Refund, "back", 300}} {
		r, err := step.do(w.Context(), w.request(p, step.key, amount(step.minor), func(r *engine.Request) {
			if step.key == "auth" {
				r.Instrument = card(simulator.TokenOK)
			}
		}))
		if err != nil {
			return fmt.Errorf("%s: %w", step.key, err)
		}
		acknowledge(r)
	}
	return nil
}

// A database that cannot be written to takes no command, and nothing is sent.
func TestAReadOnlyDatabaseSendsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	require.NoError(t, w.db.Update(t.Context(), func(tx *storage.Tx) error {
		ctx, q := tx.SQL()
		_, err := q.ExecContext(ctx, "PRAGMA query_only = 1")
		return err
	}))
	calls := len(w.server.Calls())
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.ErrorIs(t, err, gateway.CodeUnavailable)
	assert.Len(t, w.server.Calls(), calls)
	assert.Equal(t, eur(0), w.load(p.ID).Reserved.Capturing)
	w.equal()
}
