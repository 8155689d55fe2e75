package engine

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Parts is how often a payment may be captured, or refunded, in parts.
type Parts string

// The ways. The zero value lets a payment be moved in as many parts as the
// provider takes.
const (
	PartsMany Parts = ""     // any number of parts
	PartsOnce Parts = "once" // one part, then never again
	PartsNone Parts = "none" // all of it or nothing
	PartsOff  Parts = "off"  // not at all
)

// Limits is what a shop allows of what a provider can do.
type Limits struct {
	Capture Parts
	Refund  Parts
	// OverCapture is how much more than what is held the shop takes at most; the
	// provider's own rule ([gateway.Endpoint]) holds beside it, and the smaller one
	// counts. Nil leaves it to the provider.
	OverCapture *gateway.OverCapture
}

// allow says whether an amount may be captured or refunded.
func (l Limits) allow(kind gateway.Operation, p gateway.Payment, amount gateway.Money) error {
	b := p.Balances
	parts, all, moved := l.Capture, b.Authorized.Minor()-b.Released.Minor(), b.Captured.Minor()+p.Reserved.Capturing.Minor()
	switch kind {
	case gateway.OpCapture:
	case gateway.OpRefund:
		parts, all, moved = l.Refund, b.Captured.Minor()-b.ChargedBack.Minor(), b.Refunded.Minor()+p.Reserved.Refunding.Minor()
	default:
		return nil
	}
	switch {
	case parts == PartsOff:
		return gateway.Errorf(gateway.CodeUnsupported, "this shop does not %s: see the engine's Limits", kind)
	case parts == PartsNone && amount.Minor() < all:
		return gateway.Errorf(gateway.CodeUnsupported, "this shop does not %s in parts: %s of %s was asked for", kind, amount, gateway.Minor(all, amount.Currency()))
	case parts == PartsOnce && moved > 0:
		return gateway.Errorf(gateway.CodeConflict, "this shop does not %s a second time", kind)
	}
	return nil
}

// Can says whether an operation may be done to a payment now: nil, or why not.
// It asks what [Engine.Capture] and the others ask before they write anything:
// the payment's state, the provider's commands, the shop's limits, the hooks'
// permission. What it says may be out of date a moment later.
func (e *Engine) Can(ctx context.Context, kind gateway.Operation, r Request) error {
	rule, known := rules[kind]
	if !known {
		return gateway.Errorf(gateway.CodeUnsupported, "the engine does not run %q", kind)
	}
	var p gateway.Payment
	var open []storage.Operation
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) {
		if p, err = tx.Payment(r.Store, r.Payment); err != nil {
			return err
		}
		open, err = tx.OpenOperations(r.Store, r.Payment)
		return err
	})
	if err != nil {
		return err
	}
	amount, err := e.check(rule, kind, p, open, r)
	if err != nil {
		return err
	}
	left := map[gateway.Operation]gateway.Money{gateway.OpCapture: p.Capturable(), gateway.OpRefund: p.Refundable()}
	if most, bounded := left[kind]; bounded && amount.Minor() > most.Minor() {
		return gateway.Errorf(gateway.CodeConflict, "%s is more than the %s that is left", amount, most)
	}
	return e.refuse("Permit", func(h Hook) error {
		if h.Permit == nil {
			return nil
		}
		return h.Permit(ctx, Call{Kind: kind, Payment: p, Request: r})
	})
}

// limitCapture stores how much may be captured in all when more, or less, is held.
func (e *Engine) limitCapture(tx *storage.Tx, p *gateway.Payment, before gateway.Balances) error {
	if p.Balances.Authorized == before.Authorized || !p.Balances.Authorized.IsPositive() {
		return nil
	}
	provider := providerOf(*p)
	endpoint, _ := e.cfg.Pools.For(provider).Endpoint(e.command(provider, gateway.OpCapture))
	limit, err := endpoint.OverCapture.Limit(p.Balances.Authorized)
	if err != nil {
		return err
	}
	if own := e.cfg.Limits(p.Store, provider).OverCapture; own != nil {
		most, err := own.Limit(p.Balances.Authorized)
		if err != nil {
			return err
		}
		if most.Minor() < limit.Minor() {
			limit = most
		}
	}
	if limit == p.Balances.Authorized && !p.CaptureLimit.IsSet() {
		return nil
	}
	p.CaptureLimit = limit
	return tx.SetCaptureLimit(p.Store, p.ID, limit)
}
