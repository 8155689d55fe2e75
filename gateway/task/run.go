package task

import (
	"context"
	"errors"
	"log/slog"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// ErrAbort is what a handler returns to abort its item: no retry, no failure.
var ErrAbort = errors.New("the task was aborted")

// ErrLost is why a handler's context ends when its claim is no longer its own:
// another worker has the item, or somebody ended it. Nothing it says counts any more.
var ErrLost = errors.New("the claim of the task was lost")

// ErrInactive is why a handler's context ends when it showed no sign of life for too long.
var ErrInactive = errors.New("the task showed no sign of life")

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent returns err as one that no retry can mend.
func Permanent(err error) error { return permanent{err} }

// Critical reports whether trying again is useless: the error is [Permanent], or
// its code says that the credentials, the configuration or the program are wrong.
func Critical(err error) bool {
	if _, ok := errors.AsType[permanent](err); ok {
		return true
	}
	if e, ok := errors.AsType[*gateway.Error](err); ok {
		switch e.Code {
		case gateway.CodeInvalid, gateway.CodeAuthentication, gateway.CodeUnsupported, gateway.CodeInternal:
			return true
		default:
			return false
		}
	}
	return false
}

type storeKey struct{}

// WithStore returns a context that carries a store.
func WithStore(ctx context.Context, store gateway.StoreID) context.Context {
	return context.WithValue(ctx, storeKey{}, store)
}

// StoreOf returns the store that a context carries, and whether it carries one.
func StoreOf(ctx context.Context) (gateway.StoreID, bool) {
	s, ok := ctx.Value(storeKey{}).(gateway.StoreID)
	return s, ok
}

// Signal is how an engine hears from a running task; see [NewRun].
// Implementations are safe for concurrent use.
type Signal interface {
	// Progress records basis points, at most Whole, and counts as a sign of life.
	Progress(ctx context.Context, basisPoints int64) error
	// Alive records a sign of life. It is cheap: engines write at most every two seconds.
	Alive(ctx context.Context) error
}

// Run is one attempt at an item, as its handler sees it. It is safe for concurrent use.
type Run struct {
	item   Item
	signal Signal
	log    *slog.Logger
}

// NewRun returns the run of a claimed item; engines call it.
func NewRun(item Item, s Signal, log *slog.Logger) *Run { return &Run{item, s, log} }

// Item returns the item as it was claimed.
func (r *Run) Item() Item { return r.item }

// Progress records how much is done, in basis points from 0 to [Whole]. It never
// goes back: less than was recorded before changes nothing. Reaching Whole does
// not end the item, returning does. It fails with [gateway.CodeConflict] when the
// claim was lost: stop then.
func (r *Run) Progress(ctx context.Context, basisPoints int64) error {
	if basisPoints < 0 || basisPoints > Whole {
		return gateway.Invalid("a progress of %d basis points; it is 0 to %d", basisPoints, Whole)
	}
	return r.signal.Progress(ctx, basisPoints)
}

// Alive says that the handler is at work; call it in every loop. It fails with
// [gateway.CodeConflict] when the claim was lost: stop then.
func (r *Run) Alive(ctx context.Context) error { return r.signal.Alive(ctx) }

// Each calls f for every element and reports progress in between. An error that
// is [Critical] ends the loop and is returned; others are logged and counted, and
// the loop goes on. It also ends when ctx does, or when the claim is lost.
func Each[T any](ctx context.Context, r *Run, all []T, f func(ctx context.Context, one T) error) (failed int, err error) {
	for i, one := range all {
		if err := ctx.Err(); err != nil {
			return failed, err
		}
		if err := f(ctx, one); err != nil {
			if Critical(err) {
				return failed, err
			}
			failed++
			r.log.WarnContext(ctx, "one element of a task failed", "task", r.item.ID, "kind", r.item.Kind, "index", i, "error", err)
		}
		if err := r.Progress(ctx, int64(i+1)*Whole/int64(len(all))); err != nil {
			return failed, err
		}
	}
	return failed, nil
}
