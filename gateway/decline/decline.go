// Package decline holds the normalised reasons for which a payment is
// declined, with the advice that belongs to each: whether trying again can
// help, and a text that may be shown to a shopper.
//
// Providers map their own codes to a [Reason] in their error table
// (validator.ErrorMap); applications read it from gateway.Error.Reason. The
// vocabulary follows the card networks' response codes and the codes that
// payment frameworks share; a code that fits none is [Generic], never guessed.
//
//	switch gateway.AsError(err, gateway.CodeInternal).Reason.Advice() {
//	case decline.AskShopper: // show the form again, with Message
//	case decline.Authenticate: // start 3-D Secure
//	}
package decline

// Reason is why a payment was declined, in words that all providers share.
// The zero value means that no decline took place or none was given.
type Reason string

// The reasons. What the issuer, the network or the provider said stands in gateway.Error.Detail.
const (
	Generic                Reason = "generic"                 // declined, and nobody says why
	DoNotHonor             Reason = "do_not_honor"            // the issuer says no without a reason
	InsufficientFunds      Reason = "insufficient_funds"      // not enough money on the account
	LimitExceeded          Reason = "limit_exceeded"          // an amount, count or velocity limit of the card or account
	ExpiredCard            Reason = "expired_card"            // the card is past its date
	IncorrectNumber        Reason = "incorrect_number"        // no such card number
	InvalidNumber          Reason = "invalid_number"          // the number is not well formed
	InvalidExpiry          Reason = "invalid_expiry"          // the expiry date is not well formed or wrong
	IncorrectCVC           Reason = "incorrect_cvc"           // the security code is wrong
	InvalidCVC             Reason = "invalid_cvc"             // the security code is not well formed
	IncorrectPostalCode    Reason = "incorrect_postal_code"   // the postal code does not match
	IncorrectAddress       Reason = "incorrect_address"       // the address does not match
	IncorrectPIN           Reason = "incorrect_pin"           // the PIN is wrong
	PINTriesExceeded       Reason = "pin_tries_exceeded"      // the PIN was wrong too often
	CardNotSupported       Reason = "card_not_supported"      // this card cannot pay this
	CurrencyNotSupported   Reason = "currency_not_supported"  // the card or account cannot pay in this currency
	CallIssuer             Reason = "call_issuer"             // the shopper must speak to the bank
	PickUpCard             Reason = "pick_up_card"            // the card must be kept
	LostCard               Reason = "lost_card"               // reported lost
	StolenCard             Reason = "stolen_card"             // reported stolen
	RestrictedCard         Reason = "restricted_card"         // blocked for this use
	ClosedAccount          Reason = "closed_account"          // the account no longer exists
	Fraud                  Reason = "fraud"                   // suspected fraud; do not tell the shopper so
	Blocked                Reason = "blocked"                 // refused by the merchant's or provider's own rules
	AuthenticationRequired Reason = "authentication_required" // the issuer wants 3-D Secure first
	AuthenticationFailed   Reason = "authentication_failed"   // the shopper did not pass 3-D Secure
	Duplicate              Reason = "duplicate"               // looks like the same payment again
	RevokedMandate         Reason = "revoked_mandate"         // the shopper withdrew consent for charges like this
	InvalidInstrument      Reason = "invalid_instrument"      // the token is used up, unknown or not the shopper's
	Processing             Reason = "processing_error"        // the issuer or network could not decide just now
	IssuerUnavailable      Reason = "issuer_unavailable"      // the issuer could not be reached
	ShopperCancelled       Reason = "shopper_cancelled"       // the shopper said no
	Expired                Reason = "expired"                 // the payment was not completed in time
	TestCard               Reason = "test_card"               // a test card in live mode, or the reverse
	InvalidMerchant        Reason = "invalid_merchant"        // the merchant's account may not do this
	InvalidAmount          Reason = "invalid_amount"          // the amount is not one the issuer accepts
)

// Advice is what may help after a decline.
type Advice string

// The advices, from "never" to "soon".
const (
	// Never means that no further try with this instrument can succeed, and the networks fine those who try.
	Never Advice = "never"
	// AskShopper means that the shopper must correct something or choose another instrument.
	AskShopper Advice = "ask_shopper"
	// Authenticate means that the same payment can succeed with strong customer authentication.
	Authenticate Advice = "authenticate"
	// Later means that the same payment may succeed at another time, hours or days away.
	Later Advice = "later"
	// Soon means that the same payment may succeed within minutes.
	Soon Advice = "soon"
	// FixMerchant means that the merchant's configuration or account stands in the way.
	FixMerchant Advice = "fix_merchant"
)

type entry struct {
	advice  Advice
	message string
}

const (
	tryAnother = "The payment was declined. Please use another way to pay."
	askBank    = "Your bank declined the payment. Please contact your bank or use another way to pay."
	atFault    = "The payment could not be completed. Please use another way to pay."
	tryLater   = "The payment could not be completed right now. Please try again later."
)

var reasons = map[Reason]entry{
	Generic:                {AskShopper, tryAnother},
	DoNotHonor:             {AskShopper, askBank},
	InsufficientFunds:      {Later, "There is not enough money on the account. Please use another way to pay."},
	LimitExceeded:          {Later, "The payment is over the limit of the card. Please use another way to pay."},
	ExpiredCard:            {AskShopper, "The card has expired. Please use another card."},
	IncorrectNumber:        {AskShopper, "The card number is not correct. Please check it."},
	InvalidNumber:          {AskShopper, "The card number is not correct. Please check it."},
	InvalidExpiry:          {AskShopper, "The expiry date is not correct. Please check it."},
	IncorrectCVC:           {AskShopper, "The security code is not correct. Please check it."},
	InvalidCVC:             {AskShopper, "The security code is not correct. Please check it."},
	IncorrectPostalCode:    {AskShopper, "The postal code does not match the card. Please check it."},
	IncorrectAddress:       {AskShopper, "The address does not match the card. Please check it."},
	IncorrectPIN:           {AskShopper, "The PIN is not correct. Please try again."},
	PINTriesExceeded:       {Never, "The PIN was wrong too often. Please use another card."},
	CardNotSupported:       {AskShopper, "This card cannot be used here. Please use another way to pay."},
	CurrencyNotSupported:   {AskShopper, "This card cannot pay in this currency. Please use another way to pay."},
	CallIssuer:             {AskShopper, askBank},
	PickUpCard:             {Never, tryAnother},
	LostCard:               {Never, tryAnother},
	StolenCard:             {Never, tryAnother},
	RestrictedCard:         {Never, tryAnother},
	ClosedAccount:          {Never, tryAnother},
	Fraud:                  {Never, tryAnother},
	Blocked:                {AskShopper, tryAnother},
	AuthenticationRequired: {Authenticate, "Your bank wants you to confirm this payment."},
	AuthenticationFailed:   {AskShopper, "The payment was not confirmed. Please try again or use another way to pay."},
	Duplicate:              {Later, "This payment looks like one that was just made. Please check before you pay again."},
	RevokedMandate:         {Never, "Your permission for this payment was withdrawn. Please use another way to pay."},
	InvalidInstrument:      {AskShopper, "This way to pay is no longer valid. Please use another one."},
	Processing:             {Soon, tryLater},
	IssuerUnavailable:      {Soon, tryLater},
	ShopperCancelled:       {AskShopper, "The payment was cancelled."},
	Expired:                {AskShopper, "The payment was not completed in time. Please try again."},
	TestCard:               {FixMerchant, atFault},
	InvalidMerchant:        {FixMerchant, atFault},
	InvalidAmount:          {FixMerchant, atFault},
}

// Known reports whether r is one of this package's reasons.
func (r Reason) Known() bool {
	_, ok := reasons[r]
	return ok
}

// Advice returns what may help. An unknown or empty reason gives [AskShopper],
// which never leads to a second try behind the shopper's back.
func (r Reason) Advice() Advice {
	if e, ok := reasons[r]; ok {
		return e.advice
	}
	return AskShopper
}

// Message returns an English text that may be shown to a shopper. It is
// never empty, quotes no provider and reveals no suspicion of fraud.
func (r Reason) Message() string {
	if e, ok := reasons[r]; ok {
		return e.message
	}
	return tryAnother
}

// Reasons returns every known reason, in no order.
func Reasons() []Reason {
	all := make([]Reason, 0, len(reasons))
	for r := range reasons {
		all = append(all, r)
	}
	return all
}
