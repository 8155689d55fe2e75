package collana

import (
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// The phases of a payment: what its shopper's status says while it is under way.
// They are the guideline's state names, completed: a call that was accepted is
// .send, one that waits for the shopper .pending, one that succeeded .done, one
// that failed .error.
const (
	PhaseCreateSend     = "create.send"
	PhaseCreatePending  = "create.pending" // express checkout: the shopper is in the wallet
	PhaseCreateDone     = "create.done"
	PhaseCreateError    = "create.error"
	PhasePrepareSend    = "prepare.send"
	PhasePreparePending = "prepare.pending"
	PhasePrepareDone    = "prepare.done"
	PhasePrepareError   = "prepare.error"
	PhaseReserveSend    = "reserve.send"
	PhaseReservePending = "reserve.pending"
	PhaseReserveDone    = "reserve.done"
	PhaseReserveError   = "reserve.error"
	PhaseCancelled      = "cancelled"
)

// flows are the calls that an operation takes here: one payment, one operation.
func flows() map[gateway.Operation]command.Flow {
	return map[gateway.Operation]command.Flow{
		gateway.OpAuthorize: {Steps: []gateway.Operation{OpCreate, OpPrepare, OpReserve}, Next: next},
		// The capture is left out where the PSP captured with the reservation: the
		// engine ends the operation once its money has moved.
		gateway.OpPurchase: {Steps: []gateway.Operation{OpCreate, OpPrepare, OpReserve, gateway.OpCapture}, Next: next},
	}
}

// next says which call follows: the one after the last, once the transaction shows
// that the last one is done. An answer never says that (202 is "accepted"), and
// what was found twice follows once, because a phase is followed only while its
// own call is the last one.
func next(last gateway.Operation, _ gateway.Payment, out gateway.Outcome) gateway.Operation {
	return following[phaseOf{last, out.Phase}]
}

type phaseOf struct {
	last  gateway.Operation
	phase string
}

var following = map[phaseOf]gateway.Operation{
	{OpCreate, PhaseCreateDone}:   OpPrepare,
	{OpPrepare, PhasePrepareDone}: OpReserve,
	{OpReserve, PhaseReserveDone}: gateway.OpCapture, // of a purchase; an authorization has ended by then
}
