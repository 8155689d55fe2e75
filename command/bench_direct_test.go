package command_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// What stands here is the work of benchSpec written by hand, without any
// framework: the request as a struct or as a document, the checks, the outcome.

// directRequest is the request as a user of encoding/json writes it.
type directRequest struct {
	MerchantAccount string `json:"merchantAccount"`
	Reference       string `json:"reference"`
	Amount          struct {
		Value    int64  `json:"value"`
		Currency string `json:"currency"`
	} `json:"amount"`
	PaymentMethod struct {
		Number      string `json:"number"`
		ExpiryMonth string `json:"expiryMonth"`
		ExpiryYear  string `json:"expiryYear"`
		CVC         string `json:"cvc"`
		HolderName  string `json:"holderName"`
		Type        string `json:"type"`
	} `json:"paymentMethod"`
	ReturnURL          string            `json:"returnUrl"`
	Channel            string            `json:"channel"`
	ShopperInteraction string            `json:"shopperInteraction"`
	Metadata           map[string]string `json:"metadata"`
	ShopperEmail       string            `json:"shopperEmail"`
	ShopperIP          string            `json:"shopperIP"`
	ShopperReference   string            `json:"shopperReference"`
	BrowserInfo        struct {
		UserAgent      string `json:"userAgent"`
		AcceptHeader   string `json:"acceptHeader"`
		Language       string `json:"language"`
		ColorDepth     int    `json:"colorDepth"`
		ScreenHeight   int    `json:"screenHeight"`
		ScreenWidth    int    `json:"screenWidth"`
		TimeZoneOffset int    `json:"timeZoneOffset"`
		JavaEnabled    bool   `json:"javaEnabled"`
	} `json:"browserInfo"`
	BillingAddress struct {
		Street            string `json:"street"`
		HouseNumberOrName string `json:"houseNumberOrName"`
		City              string `json:"city"`
		PostalCode        string `json:"postalCode"`
		Country           string `json:"country"`
	} `json:"billingAddress"`
}

func directStruct(s *gateway.Subject) *directRequest {
	r := &directRequest{
		MerchantAccount: benchMerchant, Reference: string(s.Operation), ReturnURL: s.ReturnURL, Channel: "Web", ShopperInteraction: "Ecommerce",
		Metadata: s.Order.Metadata, ShopperEmail: s.Order.Customer.Email, ShopperIP: s.Order.Browser.IP, ShopperReference: s.Order.Customer.ID,
	}
	r.Amount.Value, r.Amount.Currency = s.Amount.Minor(), s.Amount.Currency()
	p := &r.PaymentMethod
	p.Number, p.CVC, p.Type = benchCard.number.Reveal(), benchCard.cvc.Reveal(), s.Instrument.Kind
	p.ExpiryMonth, p.ExpiryYear, p.HolderName = "03", "2030", "Jane Doe"
	i, b := &r.BrowserInfo, s.Order.Browser
	i.UserAgent, i.AcceptHeader, i.Language, i.JavaEnabled = b.UserAgent, b.Accept, b.Language, b.Java
	i.ColorDepth, i.ScreenHeight, i.ScreenWidth, i.TimeZoneOffset = b.ColorDepth, b.ScreenHeight, b.ScreenWidth, b.TimeZoneOffset
	a, to := s.Order.Billing, &r.BillingAddress
	to.Street, to.HouseNumberOrName, to.City, to.PostalCode, to.Country = a.Line(1), a.Line(2), a.City, a.PostalCode, a.Country
	return r
}

// codec is how the work by hand writes and reads bytes.
type codec struct {
	encode func(s *gateway.Subject) ([]byte, error)
	decode func(body []byte, a *benchAnswer) error
}

// typed is what most people write.
var typed = codec{
	encode: func(s *gateway.Subject) ([]byte, error) { return json.Marshal(directStruct(s)) },
	decode: func(body []byte, a *benchAnswer) error { return json.Unmarshal(body, a) },
}

// sameCodec uses our documents by hand: what remains is the cost of the framework.
var sameCodec = codec{encode: directDocument, decode: func(body []byte, a *benchAnswer) error {
	d, err := request.ParseJSON(body, request.Limits{})
	if err != nil {
		return err
	}
	defer d.Release()
	return d.Root().Bind(a)
}}

func directDocument(s *gateway.Subject) ([]byte, error) {
	d := request.NewDocument()
	defer d.Release()
	d.Text("merchantAccount", benchMerchant)
	d.Text("reference", string(s.Operation))
	n := d.Object("amount")
	n.Money("value", s.Amount)
	n.Text("currency", s.Amount.Currency())
	n = d.Object("paymentMethod")
	n.Secret("number", benchCard.number)
	n.Text("expiryMonth", "03")
	n.Text("expiryYear", "2030")
	n.Secret("cvc", benchCard.cvc)
	n.Text("holderName", "Jane Doe")
	n.Text("type", s.Instrument.Kind)
	d.Text("returnUrl", s.ReturnURL)
	d.Text("channel", "Web")
	d.Text("shopperInteraction", "Ecommerce")
	n = d.Object("metadata")
	for _, name := range []string{"cart", "channel", "operation"} {
		n.Text(name, s.Order.Metadata[name])
	}
	d.Text("shopperEmail", s.Order.Customer.Email)
	d.Text("shopperIP", s.Order.Browser.IP)
	d.Text("shopperReference", s.Order.Customer.ID)
	b := s.Order.Browser
	n = d.Object("browserInfo")
	n.Text("userAgent", b.UserAgent)
	n.Text("acceptHeader", b.Accept)
	n.Text("language", b.Language)
	n.Int("colorDepth", int64(b.ColorDepth))
	n.Int("screenHeight", int64(b.ScreenHeight))
	n.Int("screenWidth", int64(b.ScreenWidth))
	n.Int("timeZoneOffset", int64(b.TimeZoneOffset))
	n.Bool("javaEnabled", b.Java)
	a := s.Order.Billing
	n = d.Object("billingAddress")
	n.Text("street", a.Line(1))
	n.Text("houseNumberOrName", a.Line(2))
	n.Text("city", a.City)
	n.Text("postalCode", a.PostalCode)
	n.Text("country", a.Country)
	return request.JSON.Append(nil, d)
}

// directHeader is what goes with the request.
func directHeader(s *gateway.Subject) http.Header {
	return http.Header{
		"Accept": {"application/json"}, "Content-Type": {"application/json"},
		"Idempotency-Key": {s.IdempotencyKey}, "X-Api-Key": {benchCard.key.Reveal()},
	}
}

// directOutcome makes the same checks and reads the same facts.
func directOutcome(s *gateway.Subject, status int, a *benchAnswer) (gateway.Outcome, error) {
	out := gateway.Outcome{}
	switch {
	case status != http.StatusOK:
		return out, fmt.Errorf("status %d", status)
	case a.RefusalCode != "":
		return out, fmt.Errorf("refused: %s", a.RefusalCode)
	case a.Amount.Currency != s.Amount.Currency() || a.Amount.Value != s.Amount.Minor() || a.MerchantReference != string(s.Operation):
		return out, errors.New("the answer is for something else")
	case a.ResultCode == "Authorised":
		out.Status = gateway.StatusSucceeded
	case a.ResultCode == "Pending":
		out.Status = gateway.StatusAwaiting
	default:
		return out, fmt.Errorf("unknown result %q", a.ResultCode)
	}
	out.Refs = gateway.Refs{{Owner: "acme", Name: "auth", Value: a.AuthCode}, {Owner: "acme", Name: "payment", Value: a.PSPReference}}
	out.Movements = []gateway.Movement{{
		Kind: gateway.MoveHold, Amount: gateway.Minor(a.Amount.Value, a.Amount.Currency), Reference: a.PSPReference,
		Provider: "acme", Operation: s.Operation, Source: gateway.SourceAnswer,
	}}
	return out, nil
}
