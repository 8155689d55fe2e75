package stripe

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// The names under which metadata carries our own references, which come back in
// answers and notifications (https://docs.stripe.com/metadata). A capture and an
// increment have names of their own: metadata belongs to the payment and would
// otherwise forget who made it.
const (
	metaOperation = "gateway_operation"
	metaPayment   = "gateway_payment"
	metaCapture   = "gateway_capture"
	metaAdjust    = "gateway_adjust"
	metaOrder     = "order_number"
	metaReason    = "reason"
)

var (
	amount   = request.Named("amount", exact{name: "amount"})
	currency = request.Named("currency", request.LowerCurrency("currency"))
	source   = request.Named("instrument", request.Write(pay))
	order    = request.Named("order", request.Compose(
		request.Named("customer", request.Text("customer", customerOf)),
		request.Named("description", request.Description("description")),
		request.Named("shipping", request.Write(ship)),
		request.Named("receipt", request.Write(receipt)),
		request.Named("descriptor", request.Write(descriptor)),
	))
	session = request.Named("session", request.Compose(
		request.Named("methods", request.Write(methods)),
		request.Named("initiator", request.Write(initiator)),
		request.Named("return", request.Write(comeBack)),
		request.Named("save", request.Write(save)),
		request.Named("card", request.Write(cardOptions)),
		request.Named("authentication", request.Write(authentication)),
	))
	metadata  = request.Named("metadata", request.Metadata("metadata"))
	reference = request.Named("reference", request.Write(ourNames))
)

// capture says whether the money is taken at once.
func capture(how string) request.Part { return request.Named("capture", fixedCapture(how)) }

func fixedCapture(how string) request.Builder {
	return request.Compose(
		request.Named("method", request.Fixed("capture_method", how)),
		request.Named("protection", request.Protect("capture_method")),
	)
}

// expand asks for objects in place of their ids
// (https://docs.stripe.com/api/expanding_objects).
func expand(paths ...string) request.Part {
	return request.Named("expand", request.Write(func(_ gateway.Subject, doc *request.Document) {
		list := doc.List("expand")
		for _, p := range paths {
			list.Text(p)
		}
	}))
}

// paysNow reports whether the shopper's instrument is at hand. Without one the
// intent is only made, and Stripe's SDK on the shopper's page confirms it.
func paysNow(s gateway.Subject) bool { return s.Instrument != nil && !s.Instrument.Token.IsZero() }

// offSession reports whether the merchant charges while the shopper is away.
func offSession(s gateway.Subject) bool {
	return paysNow(s) && s.Order != nil && s.Order.SCA != nil && s.Order.SCA.Initiator == gateway.ByMerchant
}

// pay confirms with the instrument: a payment method, or what the shopper's page
// collected in a confirmation token, whose kind says so.
func pay(s gateway.Subject, doc *request.Document) {
	if paysNow(s) {
		name := "payment_method"
		if s.Instrument.Kind == "confirmation_token" {
			name = "confirmation_token"
		}
		doc.Secret(name, s.Instrument.Token)
		doc.Bool("confirm", true)
	}
	doc.Protect("payment_method", "confirmation_token", "confirm")
}

func customerOf(s gateway.Subject) string {
	switch {
	case s.Instrument != nil && s.Instrument.Customer != "":
		return s.Instrument.Customer
	case s.Order != nil && s.Order.Customer != nil:
		return s.Order.Customer.ProviderID
	}
	return ""
}

// ship writes where the goods go; the API wants a name with the address.
func ship(s gateway.Subject, doc *request.Document) {
	if s.Order == nil || s.Order.Shipping == nil {
		return
	}
	a := s.Order.Shipping
	name := a.Name()
	if name == "" {
		name = a.Company
	}
	if name == "" {
		return
	}
	n := doc.Object("shipping")
	n.Text("name", name)
	n.OptText("phone", a.Phone)
	n = n.Object("address")
	n.OptText("line1", a.Line(1))
	n.OptText("line2", a.Line(2))
	n.OptText("city", a.City)
	n.OptText("state", a.Region)
	n.OptText("postal_code", a.PostalCode)
	n.OptText("country", a.Country)
}

// methods lets the dashboard say which methods a payment may use, and none that
// redirects when the shopper has nowhere to come back to
// (https://docs.stripe.com/payments/payment-methods/dynamic-payment-methods).
func methods(s gateway.Subject, doc *request.Document) {
	n := doc.Object("automatic_payment_methods")
	n.Bool("enabled", true)
	if paysNow(s) && (s.ReturnURL == "" || offSession(s)) {
		n.Text("allow_redirects", "never")
	}
}

// initiator says that the shopper is away, and which consent allows that. The
// network transaction id of the first payment is not sent: the API keeps it with
// the payment method, and takes one from elsewhere only as a feature that is not
// in its public specification.
func initiator(s gateway.Subject, doc *request.Document) {
	if offSession(s) {
		doc.Bool("off_session", true)
		doc.OptText("mandate", s.Instrument.Mandate)
	}
}

// comeBack writes where the shopper comes back to. A shopper who is there and
// has nowhere to come back to is challenged by Stripe's SDK on the page.
func comeBack(s gateway.Subject, doc *request.Document) {
	switch {
	case !paysNow(s) || offSession(s):
	case s.ReturnURL != "":
		doc.Text("return_url", s.ReturnURL)
	default:
		doc.Bool("use_stripe_sdk", true)
	}
}

// save stores the instrument with the customer, fit for charges while the
// shopper is away.
func save(s gateway.Subject, doc *request.Document) {
	if s.SaveInstrument && !offSession(s) {
		doc.Text("setup_future_usage", "off_session")
	}
}

// authentication says how much strong customer authentication is wanted, or
// hands in what one done elsewhere gave
// (https://docs.stripe.com/payments/payment-intents/three-d-secure-import).
func authentication(s gateway.Subject, doc *request.Document) {
	if s.Order == nil || s.Order.SCA == nil {
		return
	}
	sca := s.Order.SCA
	card := func() request.Node { return doc.Object("payment_method_options").Object("card") }
	switch sca.Challenge {
	case "no_preference":
		card().Text("request_three_d_secure", "automatic")
	case "requested":
		card().Text("request_three_d_secure", "any")
	case "mandated":
		card().Text("request_three_d_secure", "challenge")
	}
	if sca.CAVV.IsZero() {
		return
	}
	n := card().Object("three_d_secure")
	n.Secret("cryptogram", sca.CAVV)
	n.Text("transaction_id", sca.DirectoryTransaction)
	n.Text("version", sca.Version)
	n.OptText("electronic_commerce_indicator", sca.ECI)
	n.OptText("ares_trans_status", sca.Status)
	n.OptText("exemption_indicator", sca.Exemption)
}

// ourNames writes what this payment is called here.
func ourNames(s gateway.Subject, doc *request.Document) {
	n := doc.Object("metadata")
	n.OptText(metaOperation, string(s.Operation))
	n.OptText(metaPayment, string(s.Payment.ID))
	doc.Protect("metadata/"+metaOperation, "metadata/"+metaPayment)
	if s.Order != nil && s.Order.Metadata[metaOrder] == "" {
		n.OptText(metaOrder, s.Order.Number)
	}
}

// named writes the operation under a name of its own.
func named(key string) request.Part {
	return request.Named("reference", request.In("metadata", request.Reference(key)))
}

// final keeps what remains of a hold for further captures. The API releases it
// unless told otherwise, and lets only payments with multicapture be told so: it
// is said where something remains, as far as the payment's snapshot knows, or
// where [CardOptions] say that there are several captures. A payment without
// multicapture then refuses such a capture, and nothing is released by surprise.
func final(s gateway.Subject, doc *request.Document) {
	several, _ := Options.From(s.Extras)
	rest, err := s.Payment.Capturable().Cmp(s.Amount)
	if !s.Final && (several.Multicapture || err == nil && rest > 0) {
		doc.Bool("final_capture", false)
	}
	doc.Protect("final_capture")
}
