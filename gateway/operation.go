package gateway

import "slices"

// Operation names what a command does, in lower snake case. A provider may
// have operations of its own beside the common ones.
type Operation string

// The common operations. "void" releases what is authorized and not yet
// captured; "cancel" ends a payment that waits for the shopper; "sale" is
// called purchase.
const (
	OpAuthorize Operation = "authorize" // hold the money
	OpPurchase  Operation = "purchase"  // authorize and capture at once
	OpCapture   Operation = "capture"   // take held money, wholly or in part
	OpVoid      Operation = "void"      // release held money
	OpRefund    Operation = "refund"    // give captured money back
	OpAdjust    Operation = "adjust"    // change the held amount, or hold anew
	OpVerify    Operation = "verify"    // check and store an instrument, no money
	OpCancel    Operation = "cancel"    // end a payment that waits for the shopper
	OpContinue  Operation = "continue"  // go on after the shopper acted
	OpAccept    Operation = "accept"    // accept a payment held for review
	OpDeny      Operation = "deny"      // deny a payment held for review
	OpFetch     Operation = "fetch"     // ask what the provider knows of a payment
	OpList      Operation = "list"      // list the provider's payments or movements
	OpFind      Operation = "find"      // look a payment up by our own reference
	OpToken     Operation = "token"     // fetch an access token
	OpForget    Operation = "forget"    // delete a stored instrument
	OpImport    Operation = "import"    // take a payment over that was begun elsewhere; an engine's, no provider has it
)

// OperationState is how far one caller's command has come.
type OperationState string

// The states. Succeeded, failed and cancelled are terminal and immutable.
const (
	StateOpen           OperationState = "open"            // being worked on
	StateAwaiting       OperationState = "awaiting"        // accepted; the provider will tell later, never send again
	StateActionRequired OperationState = "action_required" // the shopper must act
	StateUnknown        OperationState = "unknown"         // sent, and no answer to rely on
	StateParked         OperationState = "parked"          // nobody knows; evidence or an operator settles it
	StateSucceeded      OperationState = "succeeded"       // done
	StateFailed         OperationState = "failed"          // certainly did not happen
	StateCancelled      OperationState = "cancelled"       // ended before it happened
)

// Terminal reports whether the state can never change again.
func (s OperationState) Terminal() bool {
	return s == StateSucceeded || s == StateFailed || s == StateCancelled
}

// operationMoves lists, for each state, the states that may follow. Running
// out of retries leads to parked, never to failed. What is awaited is open again
// when the next call of a flow follows; the call that was accepted is never sent again.
var operationMoves = map[OperationState][]OperationState{
	StateOpen:           {StateAwaiting, StateActionRequired, StateUnknown, StateParked, StateSucceeded, StateFailed, StateCancelled},
	StateAwaiting:       {StateOpen, StateActionRequired, StateUnknown, StateParked, StateSucceeded, StateFailed, StateCancelled},
	StateActionRequired: {StateOpen, StateAwaiting, StateUnknown, StateParked, StateSucceeded, StateFailed, StateCancelled},
	StateUnknown:        {StateOpen, StateAwaiting, StateActionRequired, StateParked, StateSucceeded, StateFailed, StateCancelled},
	StateParked:         {StateOpen, StateAwaiting, StateActionRequired, StateSucceeded, StateFailed, StateCancelled},
}

// CanBecome reports whether an operation in state s may move to next.
func (s OperationState) CanBecome(next OperationState) bool {
	return slices.Contains(operationMoves[s], next)
}

// StepState is how far one intended provider call has come.
type StepState string

// The states of a step. A step goes back to prepared only when it is proved
// that nothing was sent, or when the endpoint's promises allow a resend.
const (
	StepPrepared StepState = "prepared" // written down, not sent
	StepSending  StepState = "sending"  // claimed; the first byte may have left
	StepAnswered StepState = "answered" // an answer to rely on is recorded
	StepUnknown  StepState = "unknown"  // sent, and no answer to rely on
	StepParked   StepState = "parked"   // only evidence or an operator can settle it
)

var stepMoves = map[StepState][]StepState{
	StepPrepared: {StepSending, StepAnswered, StepParked},
	StepSending:  {StepPrepared, StepAnswered, StepUnknown, StepParked},
	StepUnknown:  {StepPrepared, StepSending, StepAnswered, StepParked},
	StepParked:   {StepPrepared, StepAnswered},
}

// CanBecome reports whether a step in state s may move to next.
func (s StepState) CanBecome(next StepState) bool { return slices.Contains(stepMoves[s], next) }
