package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Event is something that happened to a payment, as a subscriber is told it.
type Event struct {
	ID       string // of the event, the same for every subscriber; within a payment it sorts by what happened first
	Delivery string // of the event and the subscriber, the same for every try: what to deduplicate by
	Store    gateway.StoreID
	Payment  gateway.PaymentID
	Kind     string          // "money.capture", "refund.reversed", "operation.failed", …
	Body     json.RawMessage // what the writer wrote, the same bytes for every try
	Created  time.Time       // UTC
	Try      int64           // 1 for the first
}

// Handler is told events. Its error means "try again later"; see [Permanent] and
// [Gone] for the others. It is called by many goroutines at once, though not for
// two events of one payment, and returns when its context ends, which carries the
// event's store (task.StoreOf): one that does not return keeps a worker, and
// after the lease another is told the event. It must bear being told twice.
type Handler interface {
	Handle(ctx context.Context, e Event) error
}

// Func is a function as a [Handler].
type Func func(ctx context.Context, e Event) error

// Handle calls f.
func (f Func) Handle(ctx context.Context, e Event) error { return f(ctx, e) }

var _ Handler = Func(nil)

func eventOf(d storage.Delivery) Event {
	e := d.Event
	return Event{ID: e.ID, Delivery: deliveryID(d.Subscriber, e.ID), Store: e.Store, Payment: e.Payment, Kind: e.Kind, Body: e.Body, Created: e.Created, Try: d.Tries}
}

// deliveryID names an event for one subscriber. It tells nothing about either.
func deliveryID(subscriber, event string) string {
	digest := sha256.Sum256([]byte(strconv.Itoa(len(subscriber)) + ":" + subscriber + event))
	return "msg_" + hex.EncodeToString(digest[:16])
}
