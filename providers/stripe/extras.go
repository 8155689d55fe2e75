package stripe

import (
	"context"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// CardOptions ask for features that the card's network may allow; the account's
// pricing decides whether they may be asked for
// (https://docs.stripe.com/payments/flexible-acquiring).
type CardOptions struct {
	Multicapture bool `json:"multicapture,omitempty"` // several captures; give it with the captures too
	Incremental  bool `json:"incremental,omitempty"`  // the hold may grow, see gateway.OpAdjust
	Overcapture  bool `json:"overcapture,omitempty"`  // more may be captured than was held
	Extended     bool `json:"extended,omitempty"`     // the hold may last longer
}

// The extras that this provider reads from a subject.
var (
	Options = gateway.NewExtra[CardOptions]("stripe.card_options")
	// StatementSuffix is what the shopper's statement shows behind the account's own
	// prefix, up to 22 characters with it
	// (https://docs.stripe.com/get-started/account/statement-descriptors).
	StatementSuffix = gateway.NewExtra[string]("stripe.statement_descriptor_suffix")
	// ReceiptEmail makes Stripe send a receipt to this address.
	ReceiptEmail = gateway.NewExtra[string]("stripe.receipt_email")
	// ListPage says what the listing operations list.
	ListPage = gateway.NewExtra[Page]("stripe.page")
)

// Page says which objects to list, newest first.
type Page struct {
	From   time.Time `json:"from,omitzero"`    // included
	To     time.Time `json:"to,omitzero"`      // not included
	After  string    `json:"after,omitempty"`  // the last id of the page before
	Limit  int64     `json:"limit,omitempty"`  // up to 100; 0 is the API's own, 10
	Intent string    `json:"intent,omitempty"` // refunds: of one payment
	Source string    `json:"source,omitempty"` // balance transactions: of one charge, refund ...
	Payout string    `json:"payout,omitempty"` // balance transactions: of one payout
	Type   string    `json:"type,omitempty"`   // balance transactions: of one type
}

// pageQuery is a Page as the API takes it.
type pageQuery struct {
	Created struct {
		From int64 `json:"gte,omitempty"`
		To   int64 `json:"lt,omitempty"`
	} `json:"created"`
	After  string `json:"starting_after,omitempty"`
	Limit  int64  `json:"limit,omitempty" validate:"min=0,max=100"`
	Intent string `json:"payment_intent,omitempty"`
	Source string `json:"source,omitempty"`
	Payout string `json:"payout,omitempty"`
	Type   string `json:"type,omitempty"`
}

// page writes which page to list. Fields that an endpoint does not take make the
// API refuse the call; nothing is dropped silently.
var page = request.Named("page", request.Typed(func(_ context.Context, s gateway.Subject) (pageQuery, error) {
	p, _ := ListPage.From(s.Extras)
	q := pageQuery{After: p.After, Limit: p.Limit, Intent: p.Intent, Source: p.Source, Payout: p.Payout, Type: p.Type}
	if !p.From.IsZero() {
		q.Created.From = p.From.Unix()
	}
	if !p.To.IsZero() {
		q.Created.To = p.To.Unix()
	}
	return q, nil
}))

func cardOptions(s gateway.Subject, doc *request.Document) {
	o, _ := Options.From(s.Extras)
	for _, wish := range []struct {
		name string
		on   bool
	}{
		{"request_multicapture", o.Multicapture},
		{"request_incremental_authorization", o.Incremental},
		{"request_overcapture", o.Overcapture},
		{"request_extended_authorization", o.Extended},
	} {
		if wish.on {
			doc.Object("payment_method_options").Object("card").Text(wish.name, "if_available")
		}
	}
}

func descriptor(s gateway.Subject, doc *request.Document) {
	suffix, _ := StatementSuffix.From(s.Extras)
	if len(suffix) > 22 {
		doc.Fail(gateway.Invalid("the statement descriptor's suffix has %d characters; with the prefix there are at most 22", len(suffix)))
		return
	}
	doc.OptText("statement_descriptor_suffix", suffix)
}

func receipt(s gateway.Subject, doc *request.Document) {
	to, _ := ReceiptEmail.From(s.Extras)
	doc.OptText("receipt_email", to)
}

// query finds the payment that carries our reference
// (https://docs.stripe.com/search#search-query-language). The reference is
// quoted, so it must not hold what ends a quotation.
func query(s gateway.Subject, doc *request.Document) {
	if err := gateway.CheckID("the subject's Operation", string(s.Operation)); err != nil {
		doc.Fail(err)
		return
	}
	doc.Text("query", `metadata["`+metaOperation+`"]:"`+string(s.Operation)+`"`)
	doc.Int("limit", 2) // more than one is a mistake; two show it
}
