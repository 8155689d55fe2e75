package sandbox

import (
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Amount is money on the wire: minor units and an ISO 4217 code.
type Amount struct {
	Value    int64  `json:"value"`
	Currency string `json:"currency" validate:"required"`
}

// Money returns the amount in our words.
func (a Amount) Money() (gateway.Money, error) {
	m := gateway.Minor(a.Value, a.Currency)
	return m, m.Err()
}

// Payment is the provider's picture of a payment.
type Payment struct {
	ID      string   `json:"id" validate:"required"`
	Status  string   `json:"status" validate:"required"`
	Amount  Amount   `json:"amount"`
	Amounts struct { // what the movements add up to, in minor units
		Authorized  int64 `json:"authorized"`
		Released    int64 `json:"released"`
		Captured    int64 `json:"captured"`
		Refunded    int64 `json:"refunded"`
		ChargedBack int64 `json:"charged_back"`
	} `json:"amounts"`
	Authorization string     `json:"authorization"`
	Reference     string     `json:"reference"`
	Customer      string     `json:"customer"`
	Instrument    Card       `json:"instrument"`
	Action        *Action    `json:"action"`
	Decline       *Decline   `json:"decline"`
	Movements     []Movement `json:"movements" validate:"dive"`
	Disputes      []Dispute  `json:"disputes" validate:"dive"` // oldest first
	Expires       *time.Time `json:"expires_at"`
	Network       string     `json:"network_transaction_id"`
}

// Payments is a page of payments, oldest first.
type Payments struct {
	Data []Payment `json:"data" validate:"required,dive"`
	More bool      `json:"has_more"`
	Next string    `json:"next"` // for [Page].After
}

// Card is what paid.
type Card struct {
	ID          string `json:"id"` // only of a stored one
	Brand       string `json:"brand"`
	Last4       string `json:"last4"`
	ExpiryMonth int    `json:"exp_month"`
	ExpiryYear  int    `json:"exp_year"`
}

// Action is what the shopper must do.
type Action struct {
	Type    string            `json:"type"`
	URL     string            `json:"url"`
	Expires time.Time         `json:"expires_at"`
	Data    map[string]string `json:"data"`
}

// Decline is why a payment was declined.
type Decline struct {
	Code   string `json:"code"`
	Advice string `json:"advice"`
	Final  bool   `json:"final"`
}

// Dispute is a shopper's or issuer's complaint about a payment.
type Dispute struct {
	ID        string    `json:"id" validate:"required"`
	Status    string    `json:"status" validate:"required"`
	Amount    Amount    `json:"amount"`
	Reason    string    `json:"reason"`
	RespondBy time.Time `json:"respond_by"`
}

// Movement is one entry of the provider's ledger.
type Movement struct {
	ID                string    `json:"id"`
	Kind              string    `json:"kind" validate:"required"`
	Amount            Amount    `json:"amount"`
	Reference         string    `json:"reference"`
	Parent            string    `json:"parent"`
	MerchantReference string    `json:"merchant_reference"`
	Created           time.Time `json:"created"`
}

// Capture is one capture of a payment.
type Capture struct {
	ID         string      `json:"id" validate:"required"`
	Payment    string      `json:"payment"`
	Status     string      `json:"status" validate:"required"`
	Amount     Amount      `json:"amount"`
	Settlement *Settlement `json:"settlement"`
	Movements  []Movement  `json:"movements" validate:"dive"`
}

// Settlement is what reached the merchant, in minor units.
type Settlement struct {
	Value    int64  `json:"value"`
	Currency string `json:"currency"`
	Fee      int64  `json:"fee"`
}

// Refund is one refund of a payment.
type Refund struct {
	ID        string     `json:"id" validate:"required"`
	Payment   string     `json:"payment"`
	Status    string     `json:"status" validate:"required"`
	Amount    Amount     `json:"amount"`
	Movements []Movement `json:"movements" validate:"dive"`
}

// Instrument is a stored instrument.
type Instrument struct {
	ID          string `json:"id" validate:"required"`
	Brand       string `json:"brand"`
	Last4       string `json:"last4"`
	ExpiryMonth int    `json:"exp_month"`
	ExpiryYear  int    `json:"exp_year"`
	Customer    string `json:"customer"`
	Network     string `json:"network_transaction_id"`
}

// The decoded answers, for callers: PaymentAnswer.From(out.Extras).
var (
	PaymentAnswer  = gateway.TransientExtra[Payment]("sandbox.payment")
	PaymentsAnswer = gateway.TransientExtra[Payments]("sandbox.payments")
)
