package simulator

import "time"

// Status is the headline of a payment, or the state of one of its parts.
type Status string

// The states of a payment.
const (
	StatusAuthorized        Status = "authorized"
	StatusCaptured          Status = "captured"
	StatusPartiallyCaptured Status = "partially_captured"
	StatusPending           Status = "pending"
	StatusActionRequired    Status = "action_required"
	StatusHeld              Status = "held"
	StatusDeclined          Status = "declined"
	StatusCanceled          Status = "canceled"
	StatusExpired           Status = "expired"
	StatusRefunded          Status = "refunded"
	StatusPartiallyRefunded Status = "partially_refunded"
)

// The states of a capture or a refund ([StatusPending] is the fourth), of a
// dispute and of an instrument.
const (
	StatusSucceeded Status = "succeeded"
	StatusFailed    Status = "failed"
	StatusReversed  Status = "reversed"
	StatusOpen      Status = "open"
	StatusWon       Status = "won"
	StatusLost      Status = "lost"
	StatusActive    Status = "active"
)

// Amount is money: an integer of minor units and an ISO 4217 code.
type Amount struct {
	Value    int64  `json:"value"`
	Currency string `json:"currency"`
}

// Amounts are the balances of a payment in minor units of its currency. All but
// Capturable and CaptureLimit are sums over the ledger or over pending parts.
type Amounts struct {
	Authorized   int64 `json:"authorized"`
	Capturable   int64 `json:"capturable"`
	CaptureLimit int64 `json:"capture_limit"`
	Captured     int64 `json:"captured"`
	Capturing    int64 `json:"capturing"`
	Released     int64 `json:"released"`
	Refunded     int64 `json:"refunded"`
	Refunding    int64 `json:"refunding"`
	ChargedBack  int64 `json:"charged_back"`
}

// Payment is the picture of a payment that the API shows.
// Captures, refunds, disputes and movements are oldest first.
type Payment struct {
	ID                   string            `json:"id"`
	Account              string            `json:"account"`
	Status               Status            `json:"status"`
	Amount               Amount            `json:"amount"`
	Amounts              Amounts           `json:"amounts"`
	Capture              bool              `json:"capture"`
	Authorization        string            `json:"authorization,omitempty"`
	Reference            string            `json:"reference"`
	Description          string            `json:"description,omitempty"`
	Customer             string            `json:"customer,omitempty"`
	Metadata             map[string]string `json:"metadata"`
	Instrument           InstrumentInfo    `json:"instrument"`
	Action               *Action           `json:"action"`
	Decline              *Decline          `json:"decline"`
	Captures             []Capture         `json:"captures"`
	Refunds              []Refund          `json:"refunds"`
	Disputes             []Dispute         `json:"disputes"`
	Movements            []Movement        `json:"movements"`
	Created              time.Time         `json:"created"`
	ExpiresAt            *time.Time        `json:"expires_at"`
	NetworkTransactionID string            `json:"network_transaction_id,omitempty"`
}

// InstrumentInfo is what a payment shows of the instrument that paid it.
// ID is empty unless the instrument is a saved one.
type InstrumentInfo struct {
	ID       string `json:"id,omitempty"`
	Brand    string `json:"brand"`
	Last4    string `json:"last4"`
	ExpMonth int    `json:"exp_month"`
	ExpYear  int    `json:"exp_year"`
}

// Instrument is a saved instrument. It behaves like the token it came from.
type Instrument struct {
	InstrumentInfo
	Account              string    `json:"account"`
	Status               Status    `json:"status"`
	Customer             string    `json:"customer,omitempty"`
	Reference            string    `json:"reference,omitempty"`
	NetworkTransactionID string    `json:"network_transaction_id"`
	Created              time.Time `json:"created"`
}

// Action is what the shopper has to do next. Type is "redirect" (or what
// [Rules].ChallengeAction says) for a challenge and "display" for a bank transfer,
// whose Data holds "iban" and "transfer_reference".
type Action struct {
	Type      string            `json:"type"`
	URL       string            `json:"url,omitempty"`
	ExpiresAt time.Time         `json:"expires_at"`
	Data      map[string]string `json:"data,omitempty"`
}

// Decline tells why a payment was declined. Advice is "never" (do not try again),
// "hard" (ask for another instrument) or "soft" (try again later or authenticate).
// A decline that is not final can be overcome by POST /confirm on the same payment.
type Decline struct {
	Code   string `json:"code"`
	Advice string `json:"advice"`
	Final  bool   `json:"final"`
}

// Settlement is what reaches the merchant's bank account for a capture, which may
// be in another currency. Fee is in the settlement currency and already deducted.
type Settlement struct {
	Amount
	Fee int64 `json:"fee"`
}

// Capture is one capture of a payment. Refunded counts succeeded and pending
// refunds allocated to it. Movements is filled only in answers about this capture.
type Capture struct {
	ID          string      `json:"id"`
	Payment     string      `json:"payment"`
	Status      Status      `json:"status"`
	Amount      Amount      `json:"amount"`
	Final       bool        `json:"final"`
	Reference   string      `json:"reference"`
	Refunded    int64       `json:"refunded"`
	FailureCode string      `json:"failure_code,omitempty"`
	Settlement  *Settlement `json:"settlement,omitempty"`
	Movements   []Movement  `json:"movements,omitempty"`
	Created     time.Time   `json:"created"`
}

// Refund is one refund of a payment. Capture is the capture it named, if any;
// Allocations says which captures it is taken from, oldest first.
type Refund struct {
	ID          string       `json:"id"`
	Payment     string       `json:"payment"`
	Capture     string       `json:"capture,omitempty"`
	Status      Status       `json:"status"`
	Amount      Amount       `json:"amount"`
	Reference   string       `json:"reference"`
	Allocations []Allocation `json:"allocations"`
	FailureCode string       `json:"failure_code,omitempty"`
	Movements   []Movement   `json:"movements,omitempty"`
	Created     time.Time    `json:"created"`
}

// Allocation is the part of a refund taken from one capture, in minor units.
type Allocation struct {
	Capture string `json:"capture"`
	Value   int64  `json:"value"`
}

// Dispute is a chargeback and how it ended. A won one is reversed in the ledger.
type Dispute struct {
	ID        string    `json:"id"`
	Payment   string    `json:"payment"`
	Status    Status    `json:"status"`
	Amount    Amount    `json:"amount"`
	Reason    string    `json:"reason"`
	RespondBy time.Time `json:"respond_by"`
	Created   time.Time `json:"created"`
}

// Movement is one ledger entry as the API shows it. The value is signed only for
// an adjustment, where it is the difference to the former total.
type Movement struct {
	ID                string    `json:"id"`
	Kind              Kind      `json:"kind"`
	Amount            Amount    `json:"amount"`
	Reference         string    `json:"reference"`
	Parent            string    `json:"parent,omitempty"`
	MerchantReference string    `json:"merchant_reference,omitempty"`
	Created           time.Time `json:"created"`
}
