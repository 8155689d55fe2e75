package sequra

import "github.com/gatewaycommand/gatewaycommand/gateway"

// Category is a way to pay, with the products that SeQura offers for it.
type Category struct {
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Icon        string   `json:"icon"`
	Category    string   `json:"category"` // pay_now, pay_later, part_payment
	Methods     []Method `json:"methods" validate:"required,dive"`
}

// Method is one product: what the shopper chooses, as a [Choice].
type Method struct {
	Product         string `json:"product" validate:"required"`
	Campaign        string `json:"campaign"`
	Title           string `json:"title"`
	LongTitle       string `json:"long_title"`
	Claim           string `json:"claim"`
	Description     string `json:"description"`
	Icon            string `json:"icon"`
	StartsAt        string `json:"starts_at"`
	EndsAt          string `json:"ends_at"`
	MinAmount       *int64 `json:"min_amount"`
	MaxAmount       *int64 `json:"max_amount"`
	CostDescription string `json:"cost_description"`
	Cost            *Cost  `json:"cost"`
}

// Cost is what a product costs the shopper, in cents.
type Cost struct {
	SetupFee        int64 `json:"setup_fee"`
	InstalmentFee   int64 `json:"instalment_fee"`
	DownPaymentFees int64 `json:"down_payment_fees"`
	InstalmentTotal int64 `json:"instalment_total"`
}

// installments are the products that are sold in parts: the shopper reads their
// category's title (integration-core, order service).
var installments = map[string]bool{"pp3": true, "pp6": true, "pp9": true}

// TitleOf returns what the shopper reads of one of the category's products.
func (c Category) TitleOf(m Method) string {
	if installments[m.Product] && c.Title != "" {
		return c.Title
	}
	return m.Title
}

type methodsAnswer struct {
	Options []Category `json:"payment_options" validate:"required,dive"`
}

// Credential is what the store's credentials open, one for each country.
type Credential struct {
	Ref              string         `json:"ref" validate:"required"`
	Name             string         `json:"name"`
	Country          string         `json:"country"`
	AllowedCountries []string       `json:"allowed_countries"`
	Currency         string         `json:"currency"`
	AssetsKey        string         `json:"assets_key"`
	VerifySignature  bool           `json:"verify_signature"`
	SignatureSecret  gateway.Secret `json:"signature_secret"`
	Realm            string         `json:"realm"`
}

// Addresses are where a deployment is in one mode.
type Addresses struct {
	API    string `json:"api_base_url" validate:"required"`
	Assets string `json:"assets_base_url"`
}

// Listed is a deployment as SeQura lists it.
type Listed struct {
	ID      string    `json:"id" validate:"required"`
	Name    string    `json:"name"`
	Live    Addresses `json:"live"`
	Sandbox Addresses `json:"sandbox"`
}

// The decoded answers, for callers: MethodsAnswer.From(out.Extras).
var (
	MethodsAnswer     = gateway.TransientExtra[[]Category]("sequra.methods")
	CredentialsAnswer = gateway.TransientExtra[[]Credential]("sequra.credentials")
	DeploymentsAnswer = gateway.TransientExtra[[]Listed]("sequra.deployments")
	LocationAnswer    = gateway.TransientExtra[string]("sequra.location")
)
