package request

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// These benchmarks run our way and the direct way (structs and encoding/json)
// interleaved, and report the ratio of their CPU times as ratio/op. Goals:
// build and encode about 1.0 with 1 allocation, parse and bind at most 0.35.

// interleave runs both in small alternating batches.
func interleave(b *testing.B, ours, direct func()) {
	b.Helper()
	ours()
	direct()
	var a, c time.Duration
	const batch = 200
	for n := 0; b.Loop(); n++ {
		t0 := cpuTime()
		for range batch {
			ours()
		}
		t1 := cpuTime()
		for range batch {
			direct()
		}
		a, c = a+t1-t0, c+cpuTime()-t1
	}
	b.ReportMetric(float64(a)/float64(c), "ratio/op")
	b.ReportMetric(float64(a.Nanoseconds())/float64(b.N*batch), "ours-ns/op")
	b.ReportMetric(float64(c.Nanoseconds())/float64(b.N*batch), "direct-ns/op")
	b.ReportMetric(testing.AllocsPerRun(200, ours), "ours-allocs/op")
	b.ReportMetric(testing.AllocsPerRun(200, direct), "direct-allocs/op")
	b.ReportMetric(0, "ns/op")
}

type benchAmount struct {
	Value    int64  `json:"value"`
	Currency string `json:"currency"`
}
type benchCard struct {
	Number, ExpiryMonth, ExpiryYear, CVC, HolderName, Type string
}
type benchRequest struct {
	MerchantAccount string      `json:"merchantAccount"`
	Reference       string      `json:"reference"`
	Amount          benchAmount `json:"amount"`
	PaymentMethod   struct {
		Number      string `json:"number"`
		ExpiryMonth string `json:"expiryMonth"`
		ExpiryYear  string `json:"expiryYear"`
		CVC         string `json:"cvc"`
		HolderName  string `json:"holderName"`
		Type        string `json:"type"`
	} `json:"paymentMethod"`
	ReturnURL        string            `json:"returnUrl"`
	Channel          string            `json:"channel"`
	Interaction      string            `json:"shopperInteraction"`
	Metadata         map[string]string `json:"metadata"`
	ShopperEmail     string            `json:"shopperEmail"`
	ShopperIP        string            `json:"shopperIP"`
	ShopperReference string            `json:"shopperReference"`
	BrowserInfo      struct {
		UserAgent      string `json:"userAgent"`
		AcceptHeader   string `json:"acceptHeader"`
		Language       string `json:"language"`
		ColorDepth     int64  `json:"colorDepth"`
		ScreenHeight   int64  `json:"screenHeight"`
		ScreenWidth    int64  `json:"screenWidth"`
		TimeZoneOffset int64  `json:"timeZoneOffset"`
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

const benchAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"

// benchSubject is what both ways read.
var benchSubject = struct {
	merchant, reference, email, ip, shopper, url string
	amount                                       gateway.Money
	card                                         benchCard
	number, cvc                                  gateway.Secret
	metadata                                     []string
}{
	merchant: "ExampleStoreECOM", reference: "order-24-000123456", email: "jane.doe@example.com", ip: "192.0.2.17",
	shopper: "customer-778", url: "https://shop.example.com/checkout/return?order=000123456",
	amount: gateway.Minor(12599, "EUR"),
	card:   benchCard{"4111111111111111", "03", "2030", "737", "Jane Doe", "scheme"},
	number: gateway.NewSecret("4111111111111111"), cvc: gateway.NewSecret("737"),
	metadata: []string{"cart", "c-99187", "channel", "web-store-nl", "operation", "op_01J2ZK4M5N"},
}

func benchDirect() []byte {
	s := &benchSubject
	r := benchRequest{
		MerchantAccount: s.merchant, Reference: s.reference, ReturnURL: s.url, Channel: "Web", Interaction: "Ecommerce",
		ShopperEmail: s.email, ShopperIP: s.ip, ShopperReference: s.shopper,
	}
	r.Amount = benchAmount{s.amount.Minor(), s.amount.Currency()}
	c := &r.PaymentMethod
	c.Number, c.ExpiryMonth, c.ExpiryYear, c.CVC, c.HolderName, c.Type = s.card.Number, s.card.ExpiryMonth, s.card.ExpiryYear, s.card.CVC, s.card.HolderName, s.card.Type
	r.Metadata = map[string]string{s.metadata[0]: s.metadata[1], s.metadata[2]: s.metadata[3], s.metadata[4]: s.metadata[5]}
	i := &r.BrowserInfo
	i.UserAgent, i.AcceptHeader, i.Language = benchAgent, "text/html,application/xhtml+xml", "nl-NL"
	i.ColorDepth, i.ScreenHeight, i.ScreenWidth, i.TimeZoneOffset, i.JavaEnabled = 24, 1080, 1920, -60, false
	a := &r.BillingAddress
	a.Street, a.HouseNumberOrName, a.City, a.PostalCode, a.Country = "Simon Carmiggeltstraat", "6 - 50", "Amsterdam", "1011DJ", "NL"
	body, err := json.Marshal(&r)
	if err != nil {
		panic(err)
	}
	return body
}

type benchPart struct {
	name  string
	build func(d *Document)
}

// benchParts are 8 builders, the last three in a nested composite.
var benchParts = []benchPart{
	{"identity", func(d *Document) {
		d.Text("merchantAccount", benchSubject.merchant)
		d.Text("reference", benchSubject.reference)
	}},
	{"amount", func(d *Document) { d.Object("amount").Money("value", benchSubject.amount); d.Protect("amount/value") }},
	{"currency", func(d *Document) { d.Object("amount").Text("currency", benchSubject.amount.Currency()) }},
	{"card", func(d *Document) {
		c, n := &benchSubject.card, d.Object("paymentMethod")
		n.Secret("number", benchSubject.number)
		n.Text("expiryMonth", c.ExpiryMonth)
		n.Text("expiryYear", c.ExpiryYear)
		n.Secret("cvc", benchSubject.cvc)
		n.Text("holderName", c.HolderName)
		n.Text("type", c.Type)
	}},
	{"session", func(d *Document) {
		d.Text("returnUrl", benchSubject.url)
		d.Text("channel", "Web")
		d.Text("shopperInteraction", "Ecommerce")
		m := d.Object("metadata")
		for k := 0; k < len(benchSubject.metadata); k += 2 {
			m.Text(benchSubject.metadata[k], benchSubject.metadata[k+1])
		}
	}},
	{"shopper", func(d *Document) {
		d.Text("shopperEmail", benchSubject.email)
		d.Text("shopperIP", benchSubject.ip)
		d.Text("shopperReference", benchSubject.shopper)
	}},
	{"browser", func(d *Document) {
		n := d.Object("browserInfo")
		n.Text("userAgent", benchAgent)
		n.Text("acceptHeader", "text/html,application/xhtml+xml")
		n.Text("language", "nl-NL")
		n.Int("colorDepth", 24)
		n.Int("screenHeight", 1080)
		n.Int("screenWidth", 1920)
		n.Int("timeZoneOffset", -60)
		n.Bool("javaEnabled", false)
	}},
	{"address", func(d *Document) {
		n := d.Object("billingAddress")
		n.Text("street", "Simon Carmiggeltstraat")
		n.Text("houseNumberOrName", "6 - 50")
		n.Text("city", "Amsterdam")
		n.Text("postalCode", "1011DJ")
		n.Text("country", "NL")
	}},
}

func benchBuild(d *Document) error {
	for _, p := range benchParts[:5] {
		if err := d.Within(p.name, Inherit, func() error { p.build(d); return nil }); err != nil {
			return err
		}
	}
	return d.Within("customer", Inherit, func() error {
		for _, p := range benchParts[5:] {
			if err := d.Within(p.name, Inherit, func() error { p.build(d); return nil }); err != nil {
				return err
			}
		}
		return nil
	})
}

func benchOurs() []byte {
	d := NewDocument()
	defer d.Release()
	if err := benchBuild(d); err != nil {
		panic(err)
	}
	d.Seal()
	if err := d.Check(); err != nil {
		panic(err)
	}
	body, err := JSON.Append(nil, d)
	if err != nil {
		panic(err)
	}
	return body
}

func TestBothWaysOfTheBenchmarkSayTheSame(t *testing.T) {
	t.Parallel()
	require.JSONEq(t, string(benchDirect()), string(benchOurs()))
	require.Len(t, benchOurs(), 984)
	require.Len(t, benchAnswer, 1919)
	var direct benchResponse
	require.NoError(t, json.Unmarshal(benchAnswer, &direct))
	d, err := ParseJSON(benchAnswer, Limits{})
	require.NoError(t, err)
	ours, err := Bind[benchResponse](d.Root())
	require.NoError(t, err)
	require.Equal(t, direct, ours)
}

func BenchmarkBuildAndEncode(b *testing.B) {
	interleave(b, func() { _ = benchOurs() }, func() { _ = benchDirect() })
}

func BenchmarkDigest(b *testing.B) {
	d := NewDocument()
	defer d.Release()
	require.NoError(b, benchBuild(d))
	b.ReportAllocs()
	for b.Loop() {
		_ = d.Digest()
	}
}

type benchResponse struct {
	PSPReference      string      `json:"pspReference"`
	ResultCode        string      `json:"resultCode"`
	MerchantReference string      `json:"merchantReference"`
	AuthCode          string      `json:"authCode"`
	RefusalReason     string      `json:"refusalReason"`
	RefusalCode       string      `json:"refusalReasonCode"`
	Amount            benchAmount `json:"amount"`
	FraudResult       struct {
		AccountScore int `json:"accountScore"`
		Results      []struct {
			AccountScore int    `json:"accountScore"`
			CheckID      int    `json:"checkId"`
			Name         string `json:"name"`
		} `json:"results"`
	} `json:"fraudResult"`
	PaymentMethod struct {
		Brand string `json:"brand"`
		Type  string `json:"type"`
	} `json:"paymentMethod"`
	Additional map[string]string `json:"additionalData"`
	CreatedAt  time.Time         `json:"createdAt"`
	Live       bool              `json:"live"`
	Next       *string           `json:"next"`
}

var benchAnswer = []byte(strings.NewReplacer("\n", "", "\t", "").Replace(`{
	"pspReference":"993617895215577D","resultCode":"Authorised","merchantReference":"order-2024-000123456","authCode":"063425",
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
	"isCardCommercial":"unknown","checkoutSessionTokenIdentifier":"s-0123","note":"` + benchNote + `"}}`))

const benchNote = "issued in stand-in; the issuer answered at once and asked for nothing more; kept for the audit trail...."

func BenchmarkParseAndBind(b *testing.B) {
	interleave(b, func() {
		d, err := ParseJSON(benchAnswer, Limits{})
		if err != nil {
			panic(err)
		}
		if _, err := Bind[benchResponse](d.Root()); err != nil {
			panic(err)
		}
		d.Release()
	}, func() {
		var r benchResponse
		if err := json.Unmarshal(benchAnswer, &r); err != nil {
			panic(err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		d, err := ParseJSON(benchAnswer, Limits{})
		if err != nil {
			b.Fatal(err)
		}
		d.Release()
	}
}

func BenchmarkStruct(b *testing.B) {
	r := benchRequest{MerchantAccount: "m", Metadata: map[string]string{"a": "b"}}
	b.ReportAllocs()
	for b.Loop() {
		d := NewDocument()
		if err := d.Struct(&r); err != nil {
			b.Fatal(err)
		}
		d.Release()
	}
}

// BenchmarkScale shows that the cost per byte does not grow with the size.
func BenchmarkScale(b *testing.B) {
	for _, size := range []int{1 << 10, 8 << 10, 64 << 10, 512 << 10, 1 << 20} {
		keys := size / 12
		var body strings.Builder
		body.WriteByte('{')
		for k := range keys {
			if k > 0 {
				body.WriteByte(',')
			}
			fmt.Fprintf(&body, `"k%06d":%d`, k, k%10)
		}
		body.WriteByte('}')
		data := []byte(body.String())
		b.Run(fmt.Sprintf("parse/%dKB", len(data)>>10), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				d, err := ParseJSON(data, Limits{Bytes: 2 << 20})
				if err != nil {
					b.Fatal(err)
				}
				d.Release()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(data)), "ns/byte")
		})
		names := make([]string, keys)
		for k := range names {
			names[k] = fmt.Sprintf("k%06d", k)
		}
		b.Run(fmt.Sprintf("build/%dKB", len(data)>>10), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d := NewDocument()
				for k, name := range names {
					d.Int(name, int64(k%10))
				}
				if _, err := JSON.Append(nil, d); err != nil {
					b.Fatal(err)
				}
				d.Release()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(data)), "ns/byte")
		})
	}
}
