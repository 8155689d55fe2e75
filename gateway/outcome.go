package gateway

import "github.com/gatewaycommand/gatewaycommand/gateway/decline"

// Status says how a command ended that did not fail.
type Status string

// The statuses. A command that moves no money (a token) succeeds without
// movements; a lookup reports how what it looked up stands. A command that is
// declined returns an error instead.
const (
	StatusSucceeded      Status = "succeeded"       // done, as the provider says
	StatusAwaiting       Status = "awaiting"        // accepted; the result comes later, never send again
	StatusActionRequired Status = "action_required" // the shopper must act, see [Outcome.Action]
	StatusHeld           Status = "held"            // the provider reviews the payment
	StatusFailed         Status = "failed"          // only of a lookup: what was looked up was declined, cancelled or expired
)

// Outcome is what a command learned, in our words. A command that fails
// returns what it learned before it failed. Only an engine turns it into state.
type Outcome struct {
	Status     Status
	Reason     decline.Reason // why, with StatusFailed
	Movements  []Movement     // what moved, as the provider said; usually one
	Refs       Refs           // the provider's ids by name
	Action     *Action        // what the shopper must do, with StatusActionRequired
	Instrument *Instrument
	Dispute    *Dispute
	Phase      string // a free name for where the flow stands now
	Extras     Extras // typed answers: stripe.IntentAnswer.From(out.Extras)
}

// Moved reports whether the provider said that money moved as the command
// wanted. A nil error alone does not say so: the money may be awaited, held
// back for review, or depend on the shopper. A movement of nothing is none. It
// speaks of the call's own answer; of a lookup, which shows all that ever moved,
// ask [Fold].
func (o Outcome) Moved() bool {
	if o.Status != StatusSucceeded {
		return false
	}
	for _, m := range o.Movements {
		if m.Kind != MoveReversal && m.Amount.IsPositive() {
			return true
		}
	}
	return false
}

// Reference returns the newest reference of the given name, "" when there is none.
func (o Outcome) Reference(name string) string { return o.Refs.Get(name) }
