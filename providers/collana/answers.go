package collana

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Accepted is what every call is answered at once: names and nothing else. The
// names of all answers are read in either spelling, transactionId and
// TransactionId: the two versions of the API differ in that.
type Accepted struct {
	TransactionID string `json:"transactionId"` // of the whole payment
	InteractionID string `json:"interactionId"` // of this call
}

// Interaction is one call of a transaction and what became of it, as a callback
// and the status tell it.
type Interaction struct {
	InteractionID string `json:"interactionId"`
	EndpointType  string `json:"endpointType"`  // Transactions, Prepares, Reservations, ...
	Status        string `json:"status"`        // Pending, Successful
	StatusDetails string `json:"statusDetails"` // "PrepareInteraction; Pending"

	Amount       json.Number `json:"amount"`
	CurrencyCode string      `json:"currencyCode"`

	EmbedmentURI string `json:"embedmentUri"` // to be shown in a frame
	RedirectURI  string `json:"redirectUri"`  // to send the shopper to
	CheckoutData string `json:"checkoutData"` // for the browser SDK
}

// Transaction is what the status shows: the payment with all interactions so far.
type Transaction struct {
	TransactionID     string        `json:"transactionId"`
	PaymentMethodType string        `json:"paymentMethodType"`
	Amount            json.Number   `json:"amount"`
	CurrencyCode      string        `json:"currencyCode"`
	Interactions      []Interaction `json:"interactions"`
}

// kind is what an interaction did.
type kind string

const (
	kindCreate  kind = "Transactions"
	kindPrepare kind = "Prepares"
	kindReserve kind = "Reservations"
	kindCapture kind = "Captures"
	kindRefund  kind = "Refunds"
	kindVoid    kind = "Voids"
	kindImport  kind = "Imports"
)

// kinds are the words for what an interaction did: the endpoint's type, and the
// first of its status details, in lower case. The guideline names those of the
// first three; the others are made like them ("work identically").
var kinds = map[string]kind{
	"transactions": kindCreate, "createinteraction": kindCreate,
	"prepares": kindPrepare, "prepareinteraction": kindPrepare,
	"reservations": kindReserve, "reservationinteraction": kindReserve,
	"captures": kindCapture, "captureinteraction": kindCapture,
	"refunds": kindRefund, "refundinteraction": kindRefund,
	"voids": kindVoid, "voidinteraction": kindVoid, "cancels": kindVoid, "cancelinteraction": kindVoid,
	"imports": kindImport, "importinteraction": kindImport,
}

// state is how an interaction stands.
type state int

const (
	unknown state = iota
	pending
	successful
	failed
	cancelled
)

// states are the words for how an interaction stands, in lower case. Pending and
// Successful are the guideline's; Completed and OK those of an import; no word for
// a failure is documented, and these leave no doubt. Every other word is
// indeterminate.
var states = map[string]state{
	"pending": pending, "successful": successful, "completed": successful, "ok": successful,
	"failed": failed, "failure": failed, "error": failed, "declined": failed, "rejected": failed, "unsuccessful": failed,
	"cancelled": cancelled, "canceled": cancelled, "aborted": cancelled, "expired": cancelled,
}

// kind returns what the interaction did: the endpoint's type comes before the details.
func (i Interaction) kind() kind {
	if i.EndpointType != "" {
		return kinds[strings.ToLower(i.EndpointType)]
	}
	first, _, _ := strings.Cut(i.StatusDetails, ";")
	return kinds[strings.ToLower(strings.TrimSpace(first))]
}

// state returns how the interaction stands: the status comes before the details.
func (i Interaction) state() state {
	word := i.Status
	if word == "" {
		_, word, _ = strings.Cut(i.StatusDetails, ";")
	}
	return states[strings.ToLower(strings.TrimSpace(word))]
}

// money reads the interaction's amount, or another one where it states none. due is
// what the transaction is for.
func (i Interaction) money(or, due gateway.Money) (gateway.Money, error) {
	if i.Amount == "" {
		return or, nil
	}
	currency := i.CurrencyCode
	if currency == "" {
		currency = due.Currency()
	}
	return parse(i.Amount, currency)
}

// money returns what the transaction is for, the zero Money when it does not say.
func (t Transaction) money() (gateway.Money, error) {
	if t.Amount == "" {
		return gateway.Money{}, nil
	}
	return parse(t.Amount, t.CurrencyCode)
}

// parse reads a JSON number as money. Zeros behind the currency's decimals, as
// decimal types write them (10.0000), change nothing; anything else there is refused.
func parse(n json.Number, currency string) (gateway.Money, error) {
	text := n.String()
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	m, err := gateway.Major(text, strings.ToUpper(currency))
	if err != nil || m.IsNegative() {
		return gateway.Money{}, gateway.Errorf(gateway.CodeIndeterminate, "an amount cannot be read")
	}
	return m, nil
}

// read reads an answer, in whichever spelling of its names, and strictly: a name
// that is there in two spellings is refused, because readers disagree which counts.
func read[T any](x transfer.Exchange) (answer T, err error) {
	if err := webhook.DecodeJSON(x.Response.Body, &answer); err != nil {
		return answer, gateway.Errorf(gateway.CodeIndeterminate, "the answer (status %d, %d bytes) cannot be read", x.Response.Status, len(x.Response.Body))
	}
	return answer, nil
}

// visitable reports whether a browser may be sent to a URL that came.
func visitable(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil
}
