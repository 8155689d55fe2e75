package command_test

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

const (
	benchMerchant = "ExampleStoreECOM"
	benchPath     = "/v1/payments"
	benchBase     = "https://api.example.test"
	benchAgent    = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)

// benchCard is what a real shop would have in a vault.
var benchCard = struct{ number, cvc, key gateway.Secret }{
	gateway.NewSecret("4111111111111111"), gateway.NewSecret("737"), gateway.NewSecret("AQEyhmfxKonIYxZGw0m"),
}

// benchSubject is what every way of sending reads.
func benchSubject() gateway.Subject {
	return gateway.Subject{
		Store: "nl", Operation: "order-24-000123456", Amount: gateway.Minor(12599, "EUR"), IdempotencyKey: "op_01J2ZK4M5N-1",
		ReturnURL:  "https://shop.example.com/checkout/return?order=000123456",
		Instrument: &gateway.Instrument{Kind: "scheme"},
		Order: &gateway.Order{
			Number:   "000123456",
			Customer: &gateway.Customer{ID: "customer-778", Email: "jane.doe@example.com"},
			Browser: &gateway.Browser{
				UserAgent: benchAgent, Accept: "text/html,application/xhtml+xml", Language: "nl-NL", IP: "192.0.2.17",
				ColorDepth: 24, ScreenHeight: 1080, ScreenWidth: 1920, TimeZoneOffset: -60,
			},
			Billing: &gateway.Address{
				GivenName: "Jane", FamilyName: "Doe", Lines: []string{"Simon Carmiggeltstraat", "6 - 50"},
				City: "Amsterdam", PostalCode: "1011DJ", Country: "NL",
			},
			Metadata: map[string]string{"cart": "c-99187", "channel": "web-store-nl", "operation": "op_01J2ZK4M5N"},
		},
	}
}

// benchRequest are eight builders, three of them in a nested composite.
func benchRequest() request.BuilderComposite {
	return request.Compose(
		request.Named("identity", request.Write(func(s gateway.Subject, d *request.Document) {
			d.Text("merchantAccount", benchMerchant)
			d.Text("reference", string(s.Operation))
		})),
		request.Named("amount", request.Write(func(s gateway.Subject, d *request.Document) {
			d.Object("amount").Money("value", s.Amount)
			d.Protect("amount/value")
		})),
		request.Named("currency", request.Write(func(s gateway.Subject, d *request.Document) {
			d.Object("amount").Text("currency", s.Amount.Currency())
		})),
		request.Named("card", request.Write(func(s gateway.Subject, d *request.Document) {
			n := d.Object("paymentMethod")
			n.Secret("number", benchCard.number)
			n.Text("expiryMonth", "03")
			n.Text("expiryYear", "2030")
			n.Secret("cvc", benchCard.cvc)
			n.Text("holderName", "Jane Doe")
			n.Text("type", s.Instrument.Kind)
		})),
		request.Named("session", request.Write(func(s gateway.Subject, d *request.Document) {
			d.Text("returnUrl", s.ReturnURL)
			d.Text("channel", "Web")
			d.Text("shopperInteraction", "Ecommerce")
			m := d.Object("metadata")
			for _, name := range []string{"cart", "channel", "operation"} {
				m.Text(name, s.Order.Metadata[name])
			}
		})),
		request.Named("customer", request.Compose(
			request.Named("shopper", request.Write(func(s gateway.Subject, d *request.Document) {
				d.Text("shopperEmail", s.Order.Customer.Email)
				d.Text("shopperIP", s.Order.Browser.IP)
				d.Text("shopperReference", s.Order.Customer.ID)
			})),
			request.Named("browser", request.Write(func(s gateway.Subject, d *request.Document) {
				b, n := s.Order.Browser, d.Object("browserInfo")
				n.Text("userAgent", b.UserAgent)
				n.Text("acceptHeader", b.Accept)
				n.Text("language", b.Language)
				n.Int("colorDepth", int64(b.ColorDepth))
				n.Int("screenHeight", int64(b.ScreenHeight))
				n.Int("screenWidth", int64(b.ScreenWidth))
				n.Int("timeZoneOffset", int64(b.TimeZoneOffset))
				n.Bool("javaEnabled", b.Java)
			})),
			request.Named("address", request.Write(func(s gateway.Subject, d *request.Document) {
				a, n := s.Order.Billing, d.Object("billingAddress")
				n.Text("street", a.Line(1))
				n.Text("houseNumberOrName", a.Line(2))
				n.Text("city", a.City)
				n.Text("postalCode", a.PostalCode)
				n.Text("country", a.Country)
			})),
		)),
	)
}

// benchAnswer is what the provider answers, as a struct. The validate tags
// count in P2c only.
type benchAnswer struct {
	PSPReference      string `json:"pspReference" validate:"required,alphanum,len=16"`
	ResultCode        string `json:"resultCode" validate:"required,oneof=Authorised Refused Pending"`
	MerchantReference string `json:"merchantReference" validate:"required,max=80"`
	AuthCode          string `json:"authCode" validate:"omitempty,len=6"`
	RefusalReason     string `json:"refusalReason" validate:"max=200"`
	RefusalCode       string `json:"refusalReasonCode" validate:"max=20"`
	Amount            struct {
		Value    int64  `json:"value" validate:"gte=0"`
		Currency string `json:"currency" validate:"required,iso4217"`
	} `json:"amount"`
	FraudResult struct {
		AccountScore int `json:"accountScore" validate:"gte=0,lte=100"`
		Results      []struct {
			AccountScore int    `json:"accountScore"`
			CheckID      int    `json:"checkId"`
			Name         string `json:"name"`
		} `json:"results"`
	} `json:"fraudResult"`
	PaymentMethod struct {
		Brand string `json:"brand" validate:"required"`
		Type  string `json:"type" validate:"required"`
	} `json:"paymentMethod"`
	Additional map[string]string `json:"additionalData" validate:"max=100"`
	CreatedAt  time.Time         `json:"createdAt" validate:"required"`
	Live       bool              `json:"live"`
	Next       *string           `json:"next"`
}

var benchAnswerJSON = []byte(strings.NewReplacer("\n", "", "\t", "").Replace(`{
	"pspReference":"993617895215577D","resultCode":"Authorised","merchantReference":"order-24-000123456","authCode":"063425",
	"amount":{"currency":"EUR","value":12599},"createdAt":"2024-07-01T12:13:14Z","live":true,"next":null,
	"fraudResult":{"accountScore":35,"results":[
	{"accountScore":0,"checkId":2,"name":"CardChunkUsage"},{"accountScore":0,"checkId":3,"name":"PaymentDetailUsage"},
	{"accountScore":10,"checkId":4,"name":"HolderNameUsage"},{"accountScore":25,"checkId":1,"name":"PaymentDetailRefCheck"},
	{"accountScore":0,"checkId":13,"name":"IssuerRefCheck"},{"accountScore":0,"checkId":15,"name":"IssuingCountryReferral"}]},
	"paymentMethod":{"brand":"visa","type":"scheme"},
	"additionalData":{"cardSummary":"1111","expiryDate":"3/2030","cardBin":"411111","cardHolderName":"Jane Doe","issuerCountry":"NL",
	"fundingSource":"CREDIT","cardIssuingBank":"EXAMPLE BANK N.V.","avsResult":"4 AVS not supported for this card type",
	"avsResultRaw":"4","cvcResult":"1 Matches","cvcResultRaw":"M","threeDOffered":"false","threeDAuthenticated":"false",
	"acquirerCode":"TestPmmAcquirer","acquirerReference":"8PQMP9VIE9N","acquirerAccountCode":"TestPmmAcquirerAccount",
	"merchantReference":"order-2024-000123456","paymentMethod":"visa","paymentMethodVariant":"visacredit","alias":"H167852639363479",
	"aliasType":"Default","retry.attempt1.rawResponse":"AUTHORISED","retry.attempt1.acquirer":"TestPmmAcquirer",
	"retry.attempt1.acquirerAccount":"TestPmmAcquirerAccount","retry.attempt1.shopperInteraction":"Ecommerce",
	"refusalReasonRaw":"AUTHORISED","eci":"N/A","dsTransID":"","recurringProcessingModel":"CardOnFile",
	"recurring.recurringDetailReference":"8415698462516992","recurring.shopperReference":"customer-778899","networkTxReference":"MCC123456789012",
	"isCardCommercial":"unknown","checkoutSessionTokenIdentifier":"s-0123",
	"note":"issued in stand-in; the issuer answered at once and asked for nothing more; kept for the audit trail......"}}`))

var benchErrors = validator.NewErrorMap(gateway.CodeDeclined, map[string]validator.Meaning{
	"5": validator.Declined(decline.Generic),
	"6": validator.Declined(decline.ExpiredCard),
})

// benchSpec is the command: three validators, three handlers.
func benchSpec(base string, c client.Client) command.Spec {
	return command.Spec{
		Request: benchRequest(),
		Transfer: transfer.Route{
			Method: http.MethodPost, Base: base, Path: benchPath, Encoder: request.JSON,
			Header: map[string]string{"Accept": "application/json"}, KeyHeader: "Idempotency-Key", RequestIDHeader: "Request-Id",
			Signer: transfer.SignerFunc(func(_ context.Context, w *transfer.Wire) error {
				w.Header.Set("X-Api-Key", benchCard.key.Reveal())
				return nil
			}),
		},
		Client: c,
		Validate: validator.Compose(
			validator.Breaking("status", validator.Status(http.StatusOK)),
			validator.Named("errors", benchErrors.Validator(func(x transfer.Exchange) ([]validator.Problem, error) {
				a, err := transfer.As[benchAnswer](x)
				if err != nil || a.RefusalCode == "" {
					return nil, err
				}
				return []validator.Problem{{Codes: []string{a.RefusalCode}, Reference: a.PSPReference, Merchant: a.RefusalReason}}, nil
			})),
			validator.Named("echo", validator.Echo{Amount: "amount/value", Currency: "amount/currency", Reference: "merchantReference"}),
		),
		Handle: handler.Compose(
			handler.Named("status", handler.Status("resultCode", map[string]gateway.Status{"Authorised": gateway.StatusSucceeded, "Pending": gateway.StatusAwaiting})),
			handler.Named("refs", handler.Refs(map[string]string{"auth": "authCode", "payment": "pspReference"})),
			handler.Named("money", handler.Movement(gateway.MoveHold, handler.MovementPaths{Amount: "amount/value", Currency: "amount/currency", Reference: "pspReference"})),
		),
		Endpoint: gateway.Endpoint{Effect: gateway.EffectHold, Echoes: gateway.EchoAmount | gateway.EchoCurrency | gateway.EchoReference},
	}
}
