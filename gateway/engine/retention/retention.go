package retention

import (
	"context"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Policy says how long what is kept. Zero keeps it for ever. It is plain data,
// and can be a task's payload.
type Policy struct {
	// Personal is how long personal data is kept after the last change of a payment
	// that has ended: no operation is under way, and nothing is held.
	Personal time.Duration
	// Held is the same for a payment that still holds money which nobody captured;
	// at least Personal. A capture after that finds no order.
	Held time.Duration
	// Attempts is how long tries at operations that have ended are kept.
	Attempts time.Duration
	// Discrepancies is how long resolved ones are kept. The same evidence, should
	// it come again after that, is a new one.
	Discrepancies time.Duration
}

// Options say what is removed where.
type Options struct {
	DB     *storage.DB
	Store  gateway.StoreID
	Policy Policy

	Batch int // payments, or rows, in one transaction; 0 means 100
	Most  int // batches of each sort in one run; 0 means no limit

	// Alive is called after every batch; its error ends the run. It may be nil.
	Alive func(ctx context.Context) error
}

// Report counts what was removed.
type Report struct {
	Payments      int64 `json:"payments"` // of which everything personal was erased
	Details       int64 `json:"details"`  // their rows with something personal
	Actions       int64 `json:"actions"`  // what shoppers had been asked to do
	Attempts      int64 `json:"attempts"`
	Discrepancies int64 `json:"discrepancies"`
	More          bool  `json:"more"` // Most was reached: run again
}

// Run removes what the policy no longer keeps. The report says what was removed,
// beside an error too. Several runs at once do no harm; they may then count one
// payment twice. It fails with
// [gateway.CodeInternal] or [gateway.CodeInvalid] when the options cannot be
// right, before anything is removed, and with [gateway.CodeUnavailable] when it was
// stopped or the database did not answer: run it again.
func Run(ctx context.Context, o Options) (Report, error) {
	var total Report
	if err := o.check(); err != nil {
		return total, err
	}
	if o.Batch == 0 {
		o.Batch = 100
	}
	for _, remove := range o.sorts(o.DB.Now()) {
		for i := 0; ; i++ {
			if o.Most > 0 && i == o.Most {
				total.More = true
				break
			}
			var one Report
			var full bool
			err := o.DB.Update(ctx, func(tx *storage.Tx) (err error) {
				one = Report{} // it may be run again
				full, err = remove(tx, &one)
				return err
			})
			if err != nil {
				return total, err
			}
			total.add(one)
			if o.Alive != nil {
				if err := o.Alive(ctx); err != nil {
					return total, err
				}
			}
			if !full {
				break
			}
		}
	}
	return total, nil
}

func (o Options) check() error {
	p := o.Policy
	switch {
	case o.DB == nil:
		return gateway.Errorf(gateway.CodeInternal, "retention needs a DB")
	case o.Store == "":
		return gateway.Invalid("say which Store")
	case p.Personal < 0 || p.Held < 0 || p.Attempts < 0 || p.Discrepancies < 0 || o.Batch < 0 || o.Most < 0:
		return gateway.Invalid("a retention time or a size is negative; zero keeps it for ever")
	case p.Held > 0 && (p.Personal == 0 || p.Held < p.Personal):
		return gateway.Invalid("Held (%s) is shorter than Personal (%s): what still holds money is kept at least as long", p.Held, p.Personal)
	}
	return nil
}

// remover removes one batch, and reports whether it was a full one: there may be more.
type remover func(tx *storage.Tx, done *Report) (full bool, err error)

// sorts returns what the policy asks for.
func (o Options) sorts(now time.Time) (all []remover) {
	p := o.Policy
	if p.Personal > 0 {
		q := storage.ErasableQuery{Before: now.Add(-p.Personal), Limit: o.Batch}
		if p.Held > 0 {
			q.Held = now.Add(-p.Held)
		}
		all = append(all, func(tx *storage.Tx, done *Report) (bool, error) { return o.erase(tx, q, done) })
	}
	if p.Attempts > 0 {
		all = append(all, func(tx *storage.Tx, done *Report) (_ bool, err error) {
			done.Attempts, err = tx.PruneAttempts(o.Store, now.Add(-p.Attempts), o.Batch)
			return done.Attempts == int64(o.Batch), err
		})
	}
	if p.Discrepancies > 0 {
		all = append(all, func(tx *storage.Tx, done *Report) (_ bool, err error) {
			done.Discrepancies, err = tx.PruneDiscrepancies(o.Store, now.Add(-p.Discrepancies), o.Batch)
			return done.Discrepancies == int64(o.Batch), err
		})
	}
	return all
}

func (o Options) erase(tx *storage.Tx, q storage.ErasableQuery, done *Report) (full bool, err error) {
	ids, err := tx.Erasable(o.Store, q)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		gone, err := tx.Erase(o.Store, id)
		if gateway.CodeOf(err) == gateway.CodeConflict {
			continue // an operation was begun at this moment: the payment has not ended
		}
		if err != nil {
			return false, err
		}
		done.Payments++
		done.Details += int64(len(gone.Details))
		done.Actions += gone.Actions
	}
	return len(ids) == o.Batch, nil // also where some were begun anew: the next batch does not find those
}

func (r *Report) add(o Report) {
	r.Payments += o.Payments
	r.Details += o.Details
	r.Actions += o.Actions
	r.Attempts += o.Attempts
	r.Discrepancies += o.Discrepancies
}
