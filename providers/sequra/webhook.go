package sequra

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// The states that SeQura tells of an order: the kinds of this provider's events.
const (
	Approved    = "approved"     // confirm it, and it is sold
	NeedsReview = "needs_review" // acknowledge it, and do not ship
	Cancelled   = "cancelled"
)

// events are the names of the later events that are known, with the state that
// they tell (docs.sequra.com, "Webhooks API").
var events = map[string]string{"cancel": Cancelled, "cancelled": Cancelled}

// Scheme returns how our parameters are signed. SeQura signs nothing itself: it
// sends back what it was given with the order, and so proves which order is meant
// and that we began it. What else a notification says is a hint; what it means is
// what SeQura answers when the order is confirmed.
//
// Unlike integration-core's, the signature covers the store, each part is told
// apart from the next, and it is compared in constant time.
func (a *API) Scheme() webhook.Echoed {
	return webhook.Echoed{
		Secrets: webhook.SecretsFunc(func(ctx context.Context, store gateway.StoreID) ([]gateway.Secret, error) {
			keys, err := a.keys(ctx, store)
			if err != nil {
				return nil, err
			}
			return append([]gateway.Secret{keys.Password}, keys.Previous...), nil
		}),
		Read: func(c webhook.Call) (string, []string, error) {
			f, err := c.Form()
			if err != nil {
				return "", nil, err
			}
			if own, given := f["m_storeId"]; given && own != string(c.Store) {
				return "", nil, gateway.Errorf(gateway.CodeAuthentication, "the notification is refused: it is for another store than its route")
			}
			return f["m_signature"], []string{f["m_payment"], f["m_operation"]}, nil
		},
	}
}

// Webhook returns what the provider says about the calls that SeQura makes to us,
// notifications of payments and later events alike: for an inbox, together with
// the gate that [Duty] is.
func (a *API) Webhook() webhook.Receiver {
	return webhook.Receiver{Verifier: a.Scheme(), Reader: webhook.ReaderFunc(read), Answers: acknowledgements{}}
}

// read makes the one event of a notification. The times that it may tell are how
// long ago something happened: they differ each time it comes, and are left out.
func read(_ context.Context, c webhook.Call) ([]webhook.Event, error) {
	f, err := c.Form()
	if err != nil {
		return nil, err
	}
	state, told := f["sq_state"], "ipn"
	switch event, later := f["event"]; {
	case later && event != "":
		told = "event"
		if state = events[event]; state == "" {
			return nil, gateway.Errorf(gateway.CodeUnsupported, "Unknown event '%s'", printable(event))
		}
	case state != "":
	case f["approved_since"] != "": // older notifications tell no state
		state = Approved
	case f["needs_review_since"] != "":
		state = NeedsReview
	}
	if !slices.Contains([]string{Approved, NeedsReview, Cancelled}, state) {
		return nil, gateway.Invalid("the notification tells no state that an order can have")
	}
	if err := gateway.CheckID("order_ref", f["order_ref"]); err != nil {
		return nil, err
	}
	return []webhook.Event{{
		ID: webhook.Identity(told, f["order_ref"], state), Kind: state, Gate: true,
		Payment: gateway.PaymentID(f["m_payment"]), Operation: gateway.OperationID(f["m_operation"]),
		Refs: gateway.Refs{{Name: refOrder, Value: f["order_ref"]}},
	}}, nil
}

// acknowledgements are SeQura's (docs.sequra.com, "Webhooks API", and
// integration-core's webhook handler): an empty 200 when all is done, 404 for an
// order that is not here, 400 for a signature or a state that is none, 409 to try
// again, 410 never again, and 501 with the event's name for one that is not known.
// A fault of ours is 503: SeQura comes again, and pays nobody back.
type acknowledgements struct{}

// Acknowledge returns the answer.
func (acknowledgements) Acknowledge(c webhook.Case, about error) webhook.Acknowledgement {
	if c.Good() {
		return webhook.Acknowledgement{Status: http.StatusOK}
	}
	if c == webhook.CaseRefused || c == webhook.CaseMalformed {
		raw, _ := json.Marshal(map[string]string{"error": string(c)}) // of strings: cannot fail
		return webhook.Acknowledgement{Status: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/json"}}, Body: raw}
	}
	return webhook.Standards{}.Acknowledge(c, about)
}
