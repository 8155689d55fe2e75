package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Options say what is compared.
type Options struct {
	Engine *engine.Engine
	DB     *storage.DB

	Store    gateway.StoreID
	Provider string
	Since    time.Time // included
	Until    time.Time // not included; zero means now
	Source   Source

	// Lag is how long the provider may not show what took place: what is younger
	// is not missing yet. 0 asks the Source, when it is [Lagging].
	Lag time.Duration
	// Apply hands what is missing on our side to [engine.Engine.Record].
	Apply bool
}

// Reconcile compares the provider's books with ours. A source that breaks off
// makes the report incomplete; an error means that the options are wrong, or that
// our own books could not be read, and then nothing is known.
func Reconcile(ctx context.Context, o Options) (Report, error) {
	r, err := newRun(o)
	if err != nil {
		return Report{}, err
	}
	if err := r.resolve(ctx); err != nil {
		return Report{}, err
	}
	if err := r.read(ctx); err != nil {
		return Report{}, err
	}
	for _, b := range r.order {
		if err := r.compare(ctx, b); err != nil {
			return Report{}, err
		}
	}
	if len(r.report.Incomplete) == 0 { // else all that was not read would be missing
		if err := r.missing(ctx); err != nil {
			return Report{}, err
		}
	}
	if o.Apply {
		if err := r.apply(ctx); err != nil {
			return Report{}, err
		}
	}
	for _, d := range r.found {
		r.report.Differences = append(r.report.Differences, d.Difference)
	}
	return r.report, nil
}

// run is one comparison.
type run struct {
	Options
	window Window
	report Report
	books  map[string]*book // by our payment, else by the provider's reference
	order  []*book
	found  []*difference
	whole  bool
	edge   time.Time // what is younger may not be shown yet
}

// book is what the provider shows of one payment, all pages together.
type book struct {
	payment   gateway.PaymentID // "" for one that we do not know
	reference string
	Record
	clash string // why it cannot be one payment of ours
	ours  map[string]bool
	diff  *difference
}

// difference is a difference with what it takes to apply it.
type difference struct {
	Difference
	lacking []gateway.Movement
	refs    gateway.Refs
}

func newRun(o Options) (*run, error) {
	switch {
	case o.Engine == nil || o.DB == nil || o.Source == nil:
		return nil, gateway.Errorf(gateway.CodeInternal, "a comparison needs Engine, DB and Source")
	case o.Store == "" || o.Provider == "":
		return nil, gateway.Invalid("say which Store and which Provider")
	case o.Since.IsZero():
		return nil, gateway.Invalid("say Since when")
	}
	now := o.DB.Now()
	if o.Until.IsZero() {
		o.Until = now
	}
	if !o.Since.Before(o.Until) {
		return nil, gateway.Invalid("Since (%s) is not before Until (%s)", o.Since.Format(time.RFC3339), o.Until.Format(time.RFC3339))
	}
	if l, ok := o.Source.(Lagging); ok && o.Lag == 0 {
		o.Lag = l.Lag()
	}
	r := &run{Options: o, books: map[string]*book{}, edge: now.Add(-o.Lag)}
	r.window = Window{o.Store, o.Provider, o.Since.UTC(), o.Until.UTC()}
	if r.edge.After(o.Until) {
		r.edge = o.Until
	}
	r.report = Report{Store: o.Store, Provider: o.Provider, Since: r.window.Since, Until: r.window.Until}
	return r, nil
}

// mostDue is how many due operations one run looks after.
const mostDue = 10_000

// resolve lets the engine look after what is due of this provider, so that a
// lost answer is not taken for a difference.
func (r *run) resolve(ctx context.Context) error {
	var due []storage.Operation
	err := r.DB.View(ctx, func(tx *storage.Tx) (err error) {
		due, err = tx.OperationsWhere(r.Store, storage.OperationQuery{Provider: r.Provider, Due: r.DB.Now(), Limit: mostDue})
		return err
	})
	if err != nil {
		return err
	}
	for _, o := range due {
		if err := r.Engine.ResolveOne(ctx, r.Store, o.ID); err != nil {
			if ctx.Err() != nil {
				return gateway.Errorf(gateway.CodeUnavailable, "it was stopped: %w", ctx.Err())
			}
			r.incomplete("operation %s could not be looked after: %v", o.ID, err)
		}
	}
	if r.report.Resolved = len(due); r.report.Resolved == mostDue {
		r.incomplete("more operations are due than one run looks after: is the resolver running?")
	}
	return nil
}

func (r *run) incomplete(format string, args ...any) {
	r.report.Incomplete = append(r.report.Incomplete, fmt.Sprintf(format, args...))
}
