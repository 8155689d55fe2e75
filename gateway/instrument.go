package gateway

// Instrument is what pays: a provider's token, a stored card, a mandate. It
// never holds a card number or a security code.
type Instrument struct {
	Kind               string // "card", "sepa_debit", "paypal", ... in the provider's words
	Token              Secret // what the provider takes in place of the instrument
	Customer           string // the provider's customer the token belongs to, if it wants one
	Brand              string
	Last4              string
	ExpiryMonth        int // 1 to 12; 0 when unknown
	ExpiryYear         int // four digits; 0 when unknown
	Fingerprint        string
	Mandate            string // the provider's id of the shopper's consent
	NetworkTransaction string // the network's id of the first payment, for those that follow
	Reusable           bool   // stored at the provider, may pay again
}

// IsZero reports whether nothing is known of the instrument.
func (i *Instrument) IsZero() bool {
	return i == nil || i.Token.IsZero() && i.Kind == "" && i.Last4 == "" && i.Mandate == ""
}
