package reconcile

import (
	"context"
	"time"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Window is the part of a provider's books that is compared.
type Window struct {
	Store    gateway.StoreID
	Provider string
	Since    time.Time // included
	Until    time.Time // not included
}

// Record is what a provider shows of one payment, in our words.
type Record struct {
	// Refs are the provider's ids that name this payment and no other; an owner
	// that is not set is the provider. The first one stands for it in a report.
	Refs gateway.Refs
	// Operations are our ids that the provider keeps as the merchant's reference.
	// Those of the movements need not be repeated.
	Operations []gateway.OperationID
	Movements  []gateway.Movement
}

// Page is a part of a provider's books.
type Page struct {
	Records []Record
	Next    string // what to ask for next; "" when this was the last page
	// Whole says that each record holds everything that ever moved in a payment
	// that began in the window, as listings do. Otherwise a record holds what moved
	// in the window, as reports do, and a payment may be spread over many.
	Whole bool
}

// Source yields a provider's books page by page; after is the Next of the page
// before, "" for the first. An error, also in the middle, makes the result incomplete.
type Source interface {
	Page(ctx context.Context, w Window, after string) (Page, error)
}

// SourceFunc is a function that is a Source.
type SourceFunc func(ctx context.Context, w Window, after string) (Page, error)

// Page calls f.
func (f SourceFunc) Page(ctx context.Context, w Window, after string) (Page, error) {
	return f(ctx, w, after)
}

// Lagging is a Source that knows how long it may miss what took place.
type Lagging interface {
	Lag() time.Duration
}

// Listing is a Source over the list command of a provider's pool.
type Listing struct {
	Pool      *command.Pool
	Operation gateway.Operation // "" means [gateway.OpList]

	// Ask returns the subject that asks for a page; its Store is set by the Listing.
	Ask func(w Window, after string) (gateway.Subject, error)
	// Read turns the answer into records and the next page, "" for none.
	Read func(out gateway.Outcome) (records []Record, next string, err error)
}

// Page runs the list command.
func (l Listing) Page(ctx context.Context, w Window, after string) (Page, error) {
	if l.Pool == nil || l.Ask == nil || l.Read == nil {
		return Page{}, gateway.Errorf(gateway.CodeInternal, "a Listing needs Pool, Ask and Read")
	}
	s, err := l.Ask(w, after)
	if err != nil {
		return Page{}, err
	}
	s.Store = w.Store
	out, err := l.Pool.Get(l.operation()).Execute(ctx, s)
	if err != nil {
		return Page{}, err
	}
	records, next, err := l.Read(out)
	return Page{records, next, true}, err
}

// Lag returns what the endpoint promises.
func (l Listing) Lag() time.Duration {
	if l.Pool == nil {
		return 0
	}
	endpoint, _ := l.Pool.Endpoint(l.operation())
	return endpoint.LookupLag
}

func (l Listing) operation() gateway.Operation {
	if l.Operation == "" {
		return gateway.OpList
	}
	return l.Operation
}
