package gateway

import "context"

// Subject is what a command acts on: plain data, read only, so that a command
// runs with an engine around it or without. Commands use what their builders
// read and ignore the rest; only Store is always needed.
//
// A Subject is copied when it is passed; what its pointers, maps and slices
// lead to is shared and must not be changed while a command runs.
type Subject struct {
	Store          StoreID
	Operation      OperationID // the caller's command; providers get it as the merchant's reference
	Payment        Payment     // a snapshot with balances and references
	Order          *Order      // lines, addresses, customer, browser data; nil where a command needs none
	Amount         Money       // what is held, captured, refunded; the zero Money where none is needed
	Target         string      // the provider's id that is captured, refunded, voided, fetched
	Final          bool        // of a capture: release what remains
	Lines          []Line      // what is captured or refunded, where the provider wants lines
	Reason         string      // why: of a refund, a void, a cancellation
	Instrument     *Instrument
	SaveInstrument bool // ask the provider to store the instrument for later
	ReturnURL      string
	CancelURL      string
	NotifyURL      string            // where the provider calls us back
	Input          map[string]string // what the shopper brought back, for OpContinue
	IdempotencyKey string            // of this one provider call; the same key must mean the same bytes
	Extras         Extras            // typed extras: gateway.With(Campaign.Of("spring"))

	// BeforeSend is called once when everything is built and checked and before
	// the first byte leaves; an error means that nothing is sent. The engine
	// claims the call here. The digest identifies the request without its
	// secrets: the same key with another digest must be refused. Nil: nobody asks.
	BeforeSend func(ctx context.Context, digest string) error
}
