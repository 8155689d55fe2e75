package sandbox

import (
	"context"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

var (
	money = request.Named("amount", request.In("amount", request.Compose(
		request.Named("value", request.Amount("value")),
		request.Named("currency", request.Currency("currency")),
	)))
	reference = request.Named("reference", request.Reference("reference"))
	source    = request.Named("instrument", request.Token("instrument"))
	order     = request.Named("order", request.Compose(
		request.Named("description", request.Description("description")),
		request.Named("customer", request.In("customer", request.Customer(request.CustomerFields{ID: "id", Email: "email"}))),
		request.Named("lines", request.Lines("lines", request.LineFields{SKU: "sku", Name: "name", Quantity: "quantity", Price: "unit_amount"})),
		request.Named("metadata", request.Metadata("metadata")),
		request.Named("return", request.ReturnURL("return_url")),
		request.Named("save", request.Write(save)),
		request.Named("initiator", request.Write(initiator)),
	))
)

// capture says whether the money is taken at once.
func capture(now bool) request.Part { return request.Named("capture", fixedCapture(now)) }

func fixedCapture(now bool) request.Builder {
	return request.Write(func(_ gateway.Subject, doc *request.Document) {
		doc.Bool("capture", now)
		doc.Protect("capture")
	})
}

func final(s gateway.Subject, doc *request.Document) {
	if s.Final {
		doc.Bool("final", true)
	}
}

// keyOf names the call whose payment is to be cancelled.
func keyOf(s gateway.Subject, doc *request.Document) {
	doc.Text("idempotency_key", s.Target)
	doc.Protect("idempotency_key")
}

// ofCapture names the capture whose money is given back, when the subject does.
func ofCapture(s gateway.Subject, doc *request.Document) {
	if strings.HasPrefix(s.Target, "cap_") {
		doc.Text("capture", s.Target)
		doc.Protect("capture")
	}
}

func save(s gateway.Subject, doc *request.Document) {
	if s.SaveInstrument {
		doc.Bool("save_instrument", true)
	}
}

// initiator says that the shopper is away, and which earlier payment allows that.
func initiator(s gateway.Subject, doc *request.Document) {
	if s.Order == nil || s.Order.SCA == nil || s.Order.SCA.Initiator != gateway.ByMerchant {
		return
	}
	doc.Bool("off_session", true)
	if s.Instrument != nil {
		doc.OptText("network_transaction_id", s.Instrument.NetworkTransaction)
	}
}

// input reads what the shopper's browser brought back.
func input(s gateway.Subject) map[string]string { return s.Input }

// Page says which payments to list.
type Page struct {
	From  time.Time `json:"created_from,omitzero"` // included
	To    time.Time `json:"created_to,omitzero"`   // not included
	After string    `json:"after,omitempty"`       // the last id of the page before
	Limit int64     `json:"limit,omitempty" validate:"min=0,max=100"`
}

// ListPage is the extra that tells [gateway.OpList] which page to fetch.
var ListPage = gateway.NewExtra[Page]("sandbox.page")

func page(_ context.Context, s gateway.Subject) (Page, error) {
	p, _ := ListPage.From(s.Extras)
	return p, nil
}
