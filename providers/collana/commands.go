package collana

import (
	"net/http"
	"time"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// The operations that this provider has beside the common ones. An authorization
// is create, prepare and reserve, see [API.Provider].
const (
	OpCreate  gateway.Operation = "create"
	OpPrepare gateway.Operation = "prepare"
	OpReserve gateway.Operation = "reserve"

	// OpImportTransaction takes over a transaction that was begun at the PSP itself
	// ([PSPTransaction]). It is run from the pool; once Collana has confirmed it, the
	// transaction is adopted like any other (engine.Adopt).
	OpImportTransaction gateway.Operation = "import_transaction"

	// The lookups of one call. They ask for the status, as fetch does, and fail with
	// [gateway.CodeNotFound] where it does not show the call.
	OpFetchCreate  gateway.Operation = "fetch_create"
	OpFetchPrepare gateway.Operation = "fetch_prepare"
	OpFetchReserve gateway.Operation = "fetch_reserve"
	OpFetchCapture gateway.Operation = "fetch_capture"
	OpFetchRefund  gateway.Operation = "fetch_refund"
	OpFetchVoid    gateway.Operation = "fetch_void"
)

// Commands is the table of contents. Targets are the transaction's id.
func (a *API) Commands(*command.Pool) command.Commands {
	return command.Commands{
		OpCreate: a.post(kindCreate, "/transactions", PhaseCreateSend,
			gateway.Endpoint{Effect: a.effect(OpCreate), LookupByRef: OpFetchCreate, Async: settles},
			amount, country, billing, shipping, back),
		OpPrepare: a.post(kindPrepare, "/transactions/{target}/prepares", PhasePrepareSend,
			gateway.Endpoint{Effect: a.effect(OpPrepare), LookupByRef: OpFetchPrepare, Async: settles, TargetRef: refTransaction}),
		OpReserve: a.post(kindReserve, "/transactions/{target}/reservations", PhaseReserveSend,
			gateway.Endpoint{Effect: a.effect(OpReserve), LookupByRef: OpFetchReserve, Async: settles, TargetRef: refTransaction}),

		gateway.OpCapture: a.post(kindCapture, "/transactions/{target}/captures", "",
			a.later(gateway.OpCapture, OpFetchCapture), amount, whole),
		gateway.OpRefund: a.post(kindRefund, "/transactions/{target}/refunds", "",
			a.later(gateway.OpRefund, OpFetchRefund), amount),
		gateway.OpVoid: a.post(kindVoid, "/transactions/{target}/voids", "", a.later(gateway.OpVoid, OpFetchVoid)),
		// Before anything is reserved, the same call ends the transaction.
		gateway.OpCancel: a.post(kindVoid, "/transactions/{target}/voids", "", a.later(gateway.OpCancel, gateway.OpFetch)),
		OpImportTransaction: a.post(kindImport, "/transactions/imports", "",
			gateway.Endpoint{Effect: a.effect(OpImportTransaction), Async: settles}, amount, psp),

		gateway.OpFetch: a.status("", ""),
		OpFetchCreate:   a.status(kindCreate, ""),
		OpFetchPrepare:  a.status(kindPrepare, ""),
		OpFetchReserve:  a.status(kindReserve, ""),
		OpFetchCapture:  a.status(kindCapture, kindCapture),
		OpFetchRefund:   a.status(kindRefund, kindRefund),
		OpFetchVoid:     a.status(kindVoid, kindVoid),
	}
}

// post is a call that changes something: it is accepted with 202, and what became
// of it is told later.
func (a *API) post(of kind, path, phase string, e gateway.Endpoint, parts ...request.Part) command.Spec {
	return command.Spec{
		Request: a.body(of, parts...), Transfer: a.route(http.MethodPost, path), Client: a.client,
		Validate: accepted, Handle: a.sent(phase), Endpoint: e,
	}
}

// status asks how a transaction stands. "The entire transaction is returned with all
// previous interactions. There is no communication with the PSP" (the page on
// interactions), so it may be asked as often as need be. of is the call that must
// be there, about the one whose state is read; "" reads the whole transaction.
func (a *API) status(of, about kind) command.Spec {
	s := command.Spec{
		Request: request.Compose(known), Transfer: a.route(http.MethodGet, "/transactions/{target}/status"), Client: a.client,
		Validate: a.shown(of), Handle: a.whole(of != ""), Endpoint: gateway.Endpoint{Effect: gateway.EffectNone, TargetRef: refTransaction},
	}
	if about != "" {
		s.Handle = a.call(about)
	}
	return s
}

// settles is until when the shopper's part has an end; no time is documented, and
// the shop's own patience (engine.Config.ActionTime) is what counts for longer ones.
const settles = time.Hour

// effects are what a lost call may have done, by the page on interactions.
//
// Create: "a transaction is started", and the PSP is contacted by prepare "for the
// first time": no money can move, and a transaction that is not gone on with takes
// none. A create whose answer was lost is sent again, unless its callback has told
// which transaction it made; whatever is made beside it stays empty.
//
// Prepare: "preparatory"; "the amount of money is reserved in the reserve". The
// guideline itself sends a step again after trouble on the network. One
// transaction is reserved once, however often it was prepared.
//
// Reserve and all that follows move money, take no idempotency key, and are never
// sent twice: the status or a callback tells, or a person.
var effects = map[gateway.Operation]gateway.Effect{
	OpCreate: gateway.EffectNone, OpPrepare: gateway.EffectNone, OpReserve: gateway.EffectHold,
	gateway.OpCapture: gateway.EffectMove, gateway.OpRefund: gateway.EffectMove,
	gateway.OpVoid: gateway.EffectHold, gateway.OpCancel: gateway.EffectHold, OpImportTransaction: gateway.EffectHold,
}

func (a *API) effect(op gateway.Operation) gateway.Effect {
	if op == OpReserve && len(a.cfg.AutoCapture) > 0 { // the PSP may take the money at once
		return gateway.EffectMove
	}
	return effects[op]
}

// later are the promises of a call on what was reserved. Nothing tells two captures
// of one amount apart but the interaction that our call was answered with or that
// its callback names, so that only one is under way at a time. What becomes of the
// rest after a partial capture is set up at Collana ("automatic void"): when it is
// voided, the status shows it, and it is booked.
func (a *API) later(op, lookup gateway.Operation) gateway.Endpoint {
	return gateway.Endpoint{
		Effect: a.effect(op), LookupByRef: lookup, Async: a.cfg.Patience, OneAtATime: true, TargetRef: refTransaction, RefundTarget: gateway.RefundPayment,
	}
}
