package sequra

import (
	"context"
	"strconv"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// StatusUpdate is what SeQura told of an order, to be told to the shop's order. It
// is plain data: a background task's payload.
type StatusUpdate struct {
	Store      gateway.StoreID   `json:"store"`
	Payment    gateway.PaymentID `json:"payment"`
	Order      string            `json:"order"` // the shop's number
	State      string            `json:"state"` // approved, needs_review, cancelled
	ReasonCode int64             `json:"reason_code,omitempty"`
	Message    string            `json:"message,omitempty"`
}

// Updates keeps what is to be told to the shop's orders, and has it told: by a
// queue of tasks, with high priority, under the update's Key. What it has kept is
// not lost. It must be safe for concurrent use.
type Updates interface {
	Enqueue(ctx context.Context, u StatusUpdate) error
}

// UpdatesFunc is an [Updates] made of a function.
type UpdatesFunc func(ctx context.Context, u StatusUpdate) error

// Enqueue calls f.
func (f UpdatesFunc) Enqueue(ctx context.Context, u StatusUpdate) error { return f(ctx, u) }

// ShopOrders are the shop's orders, as far as SeQura's news concern them. They
// must be safe for concurrent use.
type ShopOrders interface {
	// UpdateStatus sets an order's status and adds a comment to its history; twice is
	// as good as once. An order that is not there is [gateway.CodeNotFound].
	UpdateStatus(ctx context.Context, store gateway.StoreID, order, status, comment string) error
	// ReportOrderIDs returns a page of the orders that are to be reported to SeQura,
	// the first page is 0.
	ReportOrderIDs(ctx context.Context, store gateway.StoreID, page, limit int) ([]string, error)
}

// Key tells an update from every other: there is at most one of them under way.
func (u StatusUpdate) Key() string { return "sequra/" + string(u.Payment) + "/" + u.State }

// statuses are the shop's words for SeQura's.
var statuses = map[string]string{Approved: "processing", Cancelled: "canceled", NeedsReview: "payment_review"}

// Status returns the status that the shop's order gets; a state that has none of
// its own is given as it is.
func (u StatusUpdate) Status() string { return or(statuses[u.State], u.State) }

// Comment returns what stands in the order's history.
func (u StatusUpdate) Comment() string {
	text := "SeQura payment status updated to: " + u.State
	if u.ReasonCode != 0 {
		text += " (Reason code: " + strconv.FormatInt(u.ReasonCode, 10) + ")"
	}
	if u.Message != "" {
		text += " - " + u.Message
	}
	return text
}

// Still reports whether an update is still what the payment says. One that was
// tried again for a while may have been overtaken: an order that is cancelled by
// now must not be told that it was approved.
func (u StatusUpdate) Still(p gateway.Payment) bool {
	switch u.State {
	case Approved:
		return p.Phase == phaseConfirmed
	case NeedsReview:
		return p.Phase == phaseOnHold
	}
	return true
}

// Apply tells the shop's order. Its error is the shop's: try again, unless the
// order is missing. The shop's own news of that change is not told to SeQura,
// where [Processing] is asked.
func (u StatusUpdate) Apply(ctx context.Context, orders ShopOrders) error {
	if u.Order == "" {
		return gateway.Errorf(gateway.CodeNotFound, "the update of payment %s names no order", u.Payment)
	}
	return orders.UpdateStatus(processing(ctx), u.Store, u.Order, u.Status(), u.Comment())
}

// ReportPage is how many orders one page of [ShopOrders].ReportOrderIDs holds.
const ReportPage = 5000

// EachReported calls f with every order that is to be reported, page after page.
func EachReported(ctx context.Context, store gateway.StoreID, orders ShopOrders, f func(order string) error) error {
	for page := 0; ; page++ {
		ids, err := orders.ReportOrderIDs(ctx, store, page, ReportPage)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := f(id); err != nil {
				return err
			}
		}
		if len(ids) < ReportPage {
			return nil
		}
	}
}
