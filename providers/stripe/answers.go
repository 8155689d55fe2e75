package stripe

import (
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Intent is a PaymentIntent (https://docs.stripe.com/api/payment_intents/object).
type Intent struct {
	ID                 string                    `json:"id" validate:"required"`
	Status             string                    `json:"status" validate:"required"`
	Amount             int64                     `json:"amount" validate:"min=0"`
	Capturable         int64                     `json:"amount_capturable" validate:"min=0"`
	Received           int64                     `json:"amount_received" validate:"min=0"`
	Currency           string                    `json:"currency" validate:"required"`
	CaptureMethod      string                    `json:"capture_method" validate:"required"`
	ClientSecret       gateway.Secret            `json:"client_secret"`
	Created            int64                     `json:"created"`
	CanceledAt         int64                     `json:"canceled_at"`
	CancellationReason string                    `json:"cancellation_reason"`
	Customer           Expandable[Thing]         `json:"customer"`
	LatestCharge       Expandable[Charge]        `json:"latest_charge"`
	PaymentMethod      Expandable[PaymentMethod] `json:"payment_method"`
	LastError          *Problem                  `json:"last_payment_error"`
	NextAction         *NextAction               `json:"next_action"`
	Review             Expandable[Thing]         `json:"review"` // a Radar review, which does not hold the payment back
	SetupFutureUsage   string                    `json:"setup_future_usage"`
	Metadata           map[string]string         `json:"metadata"`
	Livemode           bool                      `json:"livemode"`
}

// Charge is one attempt to pay a PaymentIntent (https://docs.stripe.com/api/charges/object).
type Charge struct {
	ID                 string                         `json:"id" validate:"required"`
	Amount             int64                          `json:"amount"`
	Captured           int64                          `json:"amount_captured"`
	Refunded           int64                          `json:"amount_refunded"` // counts what was released uncaptured too
	Status             string                         `json:"status"`
	Created            int64                          `json:"created"`
	Disputed           bool                           `json:"disputed"`
	BalanceTransaction Expandable[BalanceTransaction] `json:"balance_transaction"`
	Details            *MethodDetails                 `json:"payment_method_details"`
	Refunds            *Refunds                       `json:"refunds"`
	Outcome            *ChargeOutcome                 `json:"outcome"`
	ReceiptURL         string                         `json:"receipt_url"`
}

// ChargeOutcome is what the network and Radar said of a charge.
type ChargeOutcome struct {
	Type          string `json:"type"`
	Reason        string `json:"reason"`
	RiskLevel     string `json:"risk_level"`
	NetworkStatus string `json:"network_status"`
	SellerMessage string `json:"seller_message"`
}

// MethodDetails is what paid a charge. Card is set for cards; of other methods
// only what the instrument keeps is read.
type MethodDetails struct {
	Type          string `json:"type"`
	Card          *Card  `json:"card"`
	SEPADebit     *Debit `json:"sepa_debit"`
	USBankAccount *Debit `json:"us_bank_account"`
}

// Card is a card, as a charge or a PaymentMethod describes it.
type Card struct {
	Brand              string        `json:"brand"`
	Last4              string        `json:"last4"`
	ExpiryMonth        int           `json:"exp_month"`
	ExpiryYear         int           `json:"exp_year"`
	Fingerprint        string        `json:"fingerprint"`
	Funding            string        `json:"funding"`
	Country            string        `json:"country"`
	Mandate            string        `json:"mandate"`
	NetworkTransaction string        `json:"network_transaction_id"`
	CaptureBefore      int64         `json:"capture_before"`
	Multicapture       *Availability `json:"multicapture"`
}

// Availability says whether a feature may be used on a payment: "available" or "unavailable".
type Availability struct {
	Status string `json:"status"`
}

// Debit is a bank account that is debited.
type Debit struct {
	Last4       string `json:"last4"`
	Fingerprint string `json:"fingerprint"`
	Mandate     string `json:"mandate"`
}

// Refund is one refund (https://docs.stripe.com/api/refunds/object).
type Refund struct {
	ID                 string                         `json:"id" validate:"required"`
	Amount             int64                          `json:"amount" validate:"min=0"`
	Currency           string                         `json:"currency" validate:"required"`
	Status             string                         `json:"status" validate:"required"`
	Charge             Expandable[Thing]              `json:"charge"`
	Intent             Expandable[Thing]              `json:"payment_intent"`
	BalanceTransaction Expandable[BalanceTransaction] `json:"balance_transaction"`
	FailureBalance     Expandable[BalanceTransaction] `json:"failure_balance_transaction"`
	FailureReason      string                         `json:"failure_reason"`
	PendingReason      string                         `json:"pending_reason"`
	Reason             string                         `json:"reason"`
	Created            int64                          `json:"created"`
	Metadata           map[string]string              `json:"metadata"`
}

// BalanceTransaction is one change of the merchant's balance, in the currency
// of settlement (https://docs.stripe.com/api/balance_transactions/object).
type BalanceTransaction struct {
	ID          string            `json:"id" validate:"required"`
	Amount      int64             `json:"amount"`
	Fee         int64             `json:"fee"`
	Net         int64             `json:"net"`
	Currency    string            `json:"currency" validate:"required"`
	Type        string            `json:"type"`
	Category    string            `json:"reporting_category"`
	Status      string            `json:"status"`
	Source      Expandable[Thing] `json:"source"`
	Created     int64             `json:"created"`
	AvailableOn int64             `json:"available_on"`
}

// Setup is a SetupIntent (https://docs.stripe.com/api/setup_intents/object).
type Setup struct {
	ID            string                    `json:"id" validate:"required"`
	Status        string                    `json:"status" validate:"required"`
	ClientSecret  gateway.Secret            `json:"client_secret"`
	Customer      Expandable[Thing]         `json:"customer"`
	PaymentMethod Expandable[PaymentMethod] `json:"payment_method"`
	Mandate       Expandable[Thing]         `json:"mandate"`
	LastError     *Problem                  `json:"last_setup_error"`
	NextAction    *NextAction               `json:"next_action"`
	Metadata      map[string]string         `json:"metadata"`
}

// PaymentMethod is a stored way to pay (https://docs.stripe.com/api/payment_methods/object).
type PaymentMethod struct {
	ID            string            `json:"id" validate:"required"`
	Type          string            `json:"type"`
	Customer      Expandable[Thing] `json:"customer"`
	Card          *Card             `json:"card"`
	SEPADebit     *Debit            `json:"sepa_debit"`
	USBankAccount *Debit            `json:"us_bank_account"`
}

// Customer is a customer (https://docs.stripe.com/api/customers/object).
type Customer struct {
	ID string `json:"id" validate:"required"`
}

// The pages of lists, newest first. Next is for searches, whose pages have a
// token; a list goes on after the id of its last element.
type (
	// Intents is a page of PaymentIntents.
	Intents struct {
		Data []Intent `json:"data" validate:"required,dive"`
		More bool     `json:"has_more"`
		Next string   `json:"next_page"`
	}
	// Refunds is a page of refunds.
	Refunds struct {
		Data []Refund `json:"data" validate:"required,dive"`
		More bool     `json:"has_more"`
	}
	// BalanceTransactions is a page of balance transactions.
	BalanceTransactions struct {
		Data []BalanceTransaction `json:"data" validate:"required,dive"`
		More bool                 `json:"has_more"`
	}
)

// The decoded answers, for callers: IntentAnswer.From(out.Extras). None is ever
// stored: they hold client secrets.
var (
	IntentAnswer   = gateway.TransientExtra[Intent]("stripe.intent")
	IntentsAnswer  = gateway.TransientExtra[Intents]("stripe.intents")
	RefundAnswer   = gateway.TransientExtra[Refund]("stripe.refund")
	RefundsAnswer  = gateway.TransientExtra[Refunds]("stripe.refunds")
	SetupAnswer    = gateway.TransientExtra[Setup]("stripe.setup")
	BalanceAnswer  = gateway.TransientExtra[BalanceTransactions]("stripe.balance_transactions")
	CustomerAnswer = gateway.TransientExtra[Customer]("stripe.customer")
)

// at returns the time of a Unix timestamp, the zero time for none.
func at(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}
