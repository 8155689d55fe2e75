package collana

import (
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
)

// standing is how a transaction stands: for its shopper, and for the flow.
type standing struct {
	status gateway.Status
	phase  string
	action *gateway.Action
	reason decline.Reason
}

// standing reads the transaction from its end: what came last counts.
func (t Transaction) standing() standing {
	if s, begun := t.step(kindReserve, PhaseReserveSend, PhaseReservePending, PhaseReserveError); begun {
		return s.or(gateway.StatusSucceeded, PhaseReserveDone)
	}
	if t.has(kindImport, successful) {
		return standing{status: gateway.StatusSucceeded, phase: PhaseReserveDone}
	}
	if t.has(kindVoid, successful) { // nothing was reserved: it ended before
		return standing{status: gateway.StatusFailed, phase: PhaseCancelled, reason: decline.ShopperCancelled}
	}
	if s, begun := t.step(kindPrepare, PhasePrepareSend, PhasePreparePending, PhasePrepareError); begun {
		return s.or(gateway.StatusAwaiting, PhasePrepareDone)
	}
	s, _ := t.step(kindCreate, PhaseCreateSend, PhaseCreatePending, PhaseCreateError)
	return s.or(gateway.StatusAwaiting, PhaseCreateDone)
}

// or is what a step is once it is done.
func (s standing) or(status gateway.Status, phase string) standing {
	if s.phase == "" {
		return standing{status: status, phase: phase}
	}
	return s
}

// step reads the interactions of one kind; its zero standing means that one of
// them succeeded. A call may be there twice, because the first answer was lost: one
// that succeeded counts more than one that waits, and that more than one that failed.
func (t Transaction) step(k kind, send, wait, fail string) (s standing, begun bool) {
	for _, i := range t.Interactions {
		if i.kind() != k {
			continue
		}
		begun = true
		switch i.state() {
		case successful:
			return standing{}, true
		case pending:
			s = standing{status: gateway.StatusAwaiting, phase: send, action: i.action()}
			if s.action != nil {
				s.status, s.phase = gateway.StatusActionRequired, wait
			}
		case cancelled, failed:
			if s.status == "" {
				s = standing{status: gateway.StatusFailed, phase: fail, reason: decline.Generic}
				if i.state() == cancelled {
					s.reason = decline.ShopperCancelled
				}
			}
		case unknown: // refused by the validators
		}
	}
	if !begun {
		s = standing{status: gateway.StatusAwaiting, phase: send}
	}
	return s, begun
}

func (t Transaction) has(k kind, s state) bool {
	return slices.ContainsFunc(t.Interactions, func(i Interaction) bool { return i.kind() == k && i.state() == s })
}

// action is what the shopper must do: a frame, a redirect, the browser SDK.
func (i Interaction) action() *gateway.Action {
	switch {
	case i.EmbedmentURI != "":
		return &gateway.Action{Kind: gateway.ActionIframe, URL: i.EmbedmentURI}
	case i.RedirectURI != "":
		return &gateway.Action{Kind: gateway.ActionRedirect, URL: i.RedirectURI}
	case i.CheckoutData != "":
		return &gateway.Action{Kind: gateway.ActionSDK, Fields: map[string]string{"checkoutData": i.CheckoutData}}
	}
	return nil
}
