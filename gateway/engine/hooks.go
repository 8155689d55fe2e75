package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Hook is what an application hangs into every operation of an engine. Every
// function may be nil. They are called in this order, those of several hooks in
// the order of [Config].Hooks, by as many goroutines as call the engine:
//
//	Override  which operation runs instead of the one that was asked for
//	Permit    whether this may be done at all
//	Before    may adjust the request, or refuse it
//	            (the operation is written down)
//	Built     everything is built and nothing is sent: the last refusal
//	            (the call)
//	Sent      what the provider answered; not called when no answer came
//	Respond   may change what the caller is shown
//	Partial   a part of the payment moved; may note something about it
//	            (the answer is recorded, with its events, in one transaction)
//
// What comes before the call may stop it: an error, or a panic, means that
// nothing is sent. What comes after it cannot change what is recorded: an error
// or a panic there is logged. What must happen because of a payment (ship the
// goods, send a mail) belongs to the events, which are written in the same
// transaction as the money and delivered at least once (gateway/outbox).
//
// A command that is tried again with the same key is not shown to Override,
// Permit and Before a second time: what they decided stands.
type Hook struct {
	Name string // unlike that of any other hook; errors and logs say it

	// Override maps an operation to one that decides what runs in its place. Two
	// hooks that override one operation stop the engine from being made.
	Override map[gateway.Operation]func(ctx context.Context, c Call) (gateway.Operation, error)

	Permit  func(ctx context.Context, c Call) error
	Before  func(ctx context.Context, c Call, r *Request) error
	Built   func(ctx context.Context, c Call, digest string) error
	Sent    func(ctx context.Context, c Call, out gateway.Outcome, err error) // err: a decline
	Respond func(ctx context.Context, c Call, out *gateway.Outcome)
	Partial func(ctx context.Context, c Call, m gateway.Movement) (note map[string]string)

	// Late decides about money that came after its operation had ended without
	// it: nil leaves it where it is. See [Decision].
	Late func(ctx context.Context, p gateway.Payment, m gateway.Movement) Decision
}

// Call is what a hook is told of an operation.
type Call struct {
	Kind      gateway.Operation
	Payment   gateway.Payment // as it was before the call
	Operation storage.Operation
	Step      storage.Step // the zero value before the operation is written down
	Request   Request      // of the caller; the zero value when the engine goes on by itself
}

// OpPay is the operation of [Engine.Pay]: it is never run itself, but decided to
// be another one.
const OpPay gateway.Operation = "pay"

// checkHooks refuses hooks that have no name or contend for one operation.
func checkHooks(hooks []Hook) error {
	var wrong []error
	owner, names := map[gateway.Operation]string{}, map[string]bool{}
	for i, h := range hooks {
		if h.Name == "" || names[h.Name] {
			wrong = append(wrong, fmt.Errorf("hook %d needs a Name of its own", i+1))
		}
		names[h.Name] = true
		for op, f := range h.Override {
			if have, taken := owner[op]; taken || f == nil {
				wrong = append(wrong, fmt.Errorf("%s is overridden by %s and by %s, and one can decide: remove one", op, have, h.Name))
			}
			owner[op] = h.Name
		}
	}
	if len(wrong) > 0 {
		return gateway.Errorf(gateway.CodeInternal, "the hooks cannot be used: %w", errors.Join(wrong...))
	}
	return nil
}

// refuse calls the hooks that may stop an operation; a panic stops it too.
func (e *Engine) refuse(what string, call func(h Hook) error) error {
	for _, h := range e.cfg.Hooks {
		if err := contained(func() error { return call(h) }); err != nil {
			code := gateway.CodeOf(err)
			var coded *gateway.Error
			if code == gateway.CodeInternal && !errors.As(err, &coded) {
				code = gateway.CodeConflict
			}
			if code == gateway.CodeIndeterminate || code == gateway.CodeConflict && what == "Built" {
				code = gateway.CodeInvalid // nothing is sent: there is nothing that nobody knows
			}
			return gateway.Errorf(code, "hook %s (%s): %w", h.Name, what, err)
		}
	}
	return nil
}

// tell calls hooks that change nothing; what goes wrong in them is logged.
func (e *Engine) tell(ctx context.Context, what string, call func(h Hook)) {
	for _, h := range e.cfg.Hooks {
		if err := contained(func() error { call(h); return nil }); err != nil {
			e.log.ErrorContext(ctx, "a hook failed; what the provider answered is recorded all the same", "hook", h.Name, "at", what, "err", err)
		}
	}
}

// contained turns a panic into an error. The value is not shown: it may quote a secret.
func contained(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = gateway.Errorf(gateway.CodeInternal, "it panicked")
		}
	}()
	return f()
}

// overridden returns the operation that runs in place of another.
func (e *Engine) overridden(ctx context.Context, c Call) (gateway.Operation, error) {
	kind := c.Kind
	err := e.refuse("Override", func(h Hook) (err error) {
		if f := h.Override[c.Kind]; f != nil {
			kind, err = f(ctx, c)
		}
		return err
	})
	kind = e.paying(kind)
	if _, known := rules[kind]; err == nil && !known {
		err = gateway.Errorf(gateway.CodeUnsupported, "%q was decided to run, which the engine does not", kind)
	}
	return kind, err
}

// ask shows a request to the hooks that may refuse or adjust it.
func (e *Engine) ask(ctx context.Context, c Call, r *Request) error {
	err := e.refuse("Permit", func(h Hook) error {
		if h.Permit == nil {
			return nil
		}
		return h.Permit(ctx, c)
	})
	if err != nil {
		return err
	}
	return e.refuse("Before", func(h Hook) error {
		if h.Before == nil {
			return nil
		}
		was := *r
		if err := h.Before(ctx, c, r); err != nil {
			return err
		}
		if was.Store != r.Store || was.Payment != r.Payment || was.Key != r.Key || was.Provider != r.Provider || was.Saved != r.Saved || !reflect.DeepEqual(was.Instrument, r.Instrument) {
			return gateway.Errorf(gateway.CodeInternal, "the Store, Payment, Key, Provider and instrument of a request cannot be adjusted")
		}
		return nil
	})
}

// built is the hooks' last word before the first byte.
func (e *Engine) built(ctx context.Context, c Call, digest string) error {
	return e.refuse("Built", func(h Hook) error {
		if h.Built == nil {
			return nil
		}
		return h.Built(ctx, c, digest)
	})
}

// answered shows the hooks what came back, in their order, and returns what the
// caller is to see and what they noted. out itself is not theirs to change.
func (e *Engine) answered(ctx context.Context, c Call, out gateway.Outcome, declined error) (shown gateway.Outcome, notes map[string]map[string]string) {
	if len(e.cfg.Hooks) == 0 {
		return out, nil
	}
	copied := func() gateway.Outcome {
		o := out
		o.Movements, o.Refs = slices.Clone(out.Movements), slices.Clone(out.Refs)
		if out.Action != nil {
			a := *out.Action
			o.Action = &a
		}
		return o
	}
	e.tell(ctx, "Sent", func(h Hook) {
		if h.Sent != nil {
			h.Sent(ctx, c, copied(), declined)
		}
	})
	shown = copied()
	e.tell(ctx, "Respond", func(h Hook) {
		if h.Respond != nil {
			h.Respond(ctx, c, &shown)
		}
	})
	for _, m := range out.Movements {
		if !partial(c.Payment, m) {
			continue
		}
		e.tell(ctx, "Partial", func(h Hook) {
			if h.Partial == nil {
				return
			}
			if note := h.Partial(ctx, c, m); len(note) > 0 {
				if notes == nil {
					notes = map[string]map[string]string{}
				}
				notes[h.Name] = note
			}
		})
	}
	return shown, notes
}

// partial reports whether a movement takes or gives back a part of what there was.
func partial(before gateway.Payment, m gateway.Movement) bool {
	switch m.Kind {
	case gateway.MoveCapture:
		held := before.Balances.Authorized.Minor() - before.Balances.Released.Minor()
		return held > 0 && m.Amount.Minor() < held
	case gateway.MoveRefund:
		return m.Amount.Minor() < before.Balances.Captured.Minor()
	}
	return false
}

// Notes returns what a hook noted about a part of a payment ([Hook].Partial);
// nothing when it noted nothing, or when it was erased.
func (e *Engine) Notes(ctx context.Context, store gateway.StoreID, id gateway.PaymentID, op gateway.OperationID, hook string) (notes map[string]string, err error) {
	err = e.db.View(ctx, func(tx *storage.Tx) error {
		_, err := tx.Detail(store, id, noteOf(op, hook), &notes)
		return err
	})
	return notes, err
}

// noteOf names the row that holds what a hook noted about an operation.
func noteOf(op gateway.OperationID, hook string) string { return "note/" + string(op) + "/" + hook }
