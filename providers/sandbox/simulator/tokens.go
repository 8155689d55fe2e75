package simulator

// The magic instruments. Each makes one outcome of a payment; a saved instrument
// behaves like the token it came from.
const (
	// TokenOK is authorized, or captured at once when capture is true.
	TokenOK = "tok_ok"
	// TokenDeclined is declined for good without a reason (generic_decline, hard).
	TokenDeclined = "tok_declined"
	// TokenInsufficientFunds is declined: insufficient_funds, soft.
	TokenInsufficientFunds = "tok_insufficient_funds"
	// TokenExpiredCard is declined: expired_card, hard.
	TokenExpiredCard = "tok_expired_card"
	// TokenIncorrectCVC is declined: incorrect_cvc, hard.
	TokenIncorrectCVC = "tok_incorrect_cvc"
	// TokenLostCard is declined: lost_card, never.
	TokenLostCard = "tok_lost_card"
	// TokenStolenCard is declined: stolen_card, never.
	TokenStolenCard = "tok_stolen_card"
	// TokenFraud is declined: fraudulent, never.
	TokenFraud = "tok_fraud"
	// TokenProcessingError is declined: processing_error, soft.
	TokenProcessingError = "tok_processing_error"
	// TokenDoNotHonor is declined: do_not_honor, soft.
	TokenDoNotHonor = "tok_do_not_honor"
	// TokenRequiresAuthentication is declined softly: authentication_required, not
	// final. POST /confirm on the same payment then asks for a challenge.
	TokenRequiresAuthentication = "tok_requires_authentication"
	// TokenChallenge is action_required: the bank page, then authorized. Off session
	// it is declined with authentication_required, unless network_transaction_id
	// names an earlier payment of the account.
	TokenChallenge = "tok_challenge"
	// TokenChallengeThenDecline is action_required, then declined (do_not_honor)
	// although the challenge was passed.
	TokenChallengeThenDecline = "tok_challenge_then_decline"
	// TokenDeclineThenSuccess is declined (do_not_honor, soft, not final); POST
	// /confirm on the same payment succeeds.
	TokenDeclineThenSuccess = "tok_decline_then_success"
	// TokenPending is pending and succeeds after Rules.SettleAfter.
	TokenPending = "tok_pending"
	// TokenPendingThenFail is pending and is declined after Rules.SettleAfter.
	TokenPendingThenFail = "tok_pending_then_fail"
	// TokenHeld is held for a fraud review; no money is held until it is accepted.
	TokenHeld = "tok_held"
	// TokenPartial authorizes 60 % of the amount, rounded down.
	TokenPartial = "tok_partial"
	// TokenSurcharge authorizes 102 % of the amount, rounded down.
	TokenSurcharge = "tok_surcharge"
	// TokenCaptureFailsLater captures; after Rules.SettleAfter each capture is reversed.
	TokenCaptureFailsLater = "tok_capture_fails_later"
	// TokenRefundFailsLater refunds; after Rules.SettleAfter each refund is reversed.
	TokenRefundFailsLater = "tok_refund_fails_later"
	// TokenCapturePending accepts captures (202), which succeed after Rules.SettleAfter.
	TokenCapturePending = "tok_capture_pending"
	// TokenCapturePendingThenFail accepts captures (202), which fail after Rules.SettleAfter.
	TokenCapturePendingThenFail = "tok_capture_pending_then_fail"
	// TokenRefundPending accepts refunds (202), which succeed after Rules.SettleAfter.
	TokenRefundPending = "tok_refund_pending"
	// TokenRefundPendingThenFail accepts refunds (202), which fail after Rules.SettleAfter.
	TokenRefundPendingThenFail = "tok_refund_pending_then_fail"
	// TokenAutoRelease releases the remainder after the first partial capture.
	TokenAutoRelease = "tok_auto_release"
	// TokenDispute is charged back in full Rules.SettleAfter after each capture.
	TokenDispute = "tok_dispute"
	// TokenForeignSettlement settles captures in another currency and takes a fee.
	TokenForeignSettlement = "tok_foreign_settlement"
	// TokenTransfer waits for a bank transfer that only ReceiveTransfer makes.
	TokenTransfer = "tok_transfer"
	// TokenShortTransfer waits for a bank transfer; 90 % arrive after Rules.SettleAfter.
	TokenShortTransfer = "tok_short_transfer"
	// TokenOverTransfer waits for a bank transfer; 110 % arrive after Rules.SettleAfter.
	TokenOverTransfer = "tok_over_transfer"
	// TokenAdjustDeclined is like tok_ok, and declines every adjustment (do_not_honor, soft).
	TokenAdjustDeclined = "tok_adjust_declined"
	// TokenSlow is like tok_ok, but creating the payment takes Rules.Slow of real
	// time; its key is in flight meanwhile.
	TokenSlow = "tok_slow"
)

// The retry advice of a decline.
const (
	adviceNever = "never"
	adviceHard  = "hard"
	adviceSoft  = "soft"
)

// profile is what a token does. The zero profile authorizes everything.
type profile struct {
	decline     string // decline code of the first try
	advice      string
	once        bool   // only the first try is declined
	challenge   bool   // the shopper must pass the bank page
	thenDecline bool   // declined after the challenge
	start       Status // pending or held instead of an answer
	fails       bool   // pending ends in a decline
	percent     int64  // of the amount that is authorized; 0 means 100
	transfer    bool   // paid by bank transfer
	arrives     int64  // percent of the amount that arrives by itself; 0 means nothing
	capture     later
	refund      later
	autoRelease bool
	dispute     bool
	foreign     bool
	slow        bool

	adjustDeclined bool
}

// later is how the captures or refunds of a token end.
type later int

const (
	settlesNow later = iota
	settlesLater
	failsLater   // pending first, then failed
	reversedSoon // succeeded first, then reversed
)

var profiles = map[string]profile{
	TokenOK:                     {},
	TokenDeclined:               {decline: "generic_decline", advice: adviceHard},
	TokenInsufficientFunds:      {decline: "insufficient_funds", advice: adviceSoft},
	TokenExpiredCard:            {decline: "expired_card", advice: adviceHard},
	TokenIncorrectCVC:           {decline: "incorrect_cvc", advice: adviceHard},
	TokenLostCard:               {decline: "lost_card", advice: adviceNever},
	TokenStolenCard:             {decline: "stolen_card", advice: adviceNever},
	TokenFraud:                  {decline: "fraudulent", advice: adviceNever},
	TokenProcessingError:        {decline: "processing_error", advice: adviceSoft},
	TokenDoNotHonor:             {decline: "do_not_honor", advice: adviceSoft},
	TokenRequiresAuthentication: {decline: authenticationRequired, advice: adviceSoft, once: true, challenge: true},
	TokenChallenge:              {challenge: true},
	TokenChallengeThenDecline:   {challenge: true, thenDecline: true},
	TokenDeclineThenSuccess:     {decline: "do_not_honor", advice: adviceSoft, once: true},
	TokenPending:                {start: StatusPending},
	TokenPendingThenFail:        {start: StatusPending, fails: true},
	TokenHeld:                   {start: StatusHeld},
	TokenPartial:                {percent: 60},
	TokenSurcharge:              {percent: 102},
	TokenCaptureFailsLater:      {capture: reversedSoon},
	TokenRefundFailsLater:       {refund: reversedSoon},
	TokenCapturePending:         {capture: settlesLater},
	TokenCapturePendingThenFail: {capture: failsLater},
	TokenRefundPending:          {refund: settlesLater},
	TokenRefundPendingThenFail:  {refund: failsLater},
	TokenAutoRelease:            {autoRelease: true},
	TokenDispute:                {dispute: true},
	TokenForeignSettlement:      {foreign: true},
	TokenTransfer:               {transfer: true},
	TokenShortTransfer:          {transfer: true, arrives: 90},
	TokenOverTransfer:           {transfer: true, arrives: 110},
	TokenAdjustDeclined:         {adjustDeclined: true},
	TokenSlow:                   {slow: true},
}

const authenticationRequired = "authentication_required"

// Tokens returns all magic instruments, in alphabetical order.
func Tokens() []string {
	return sortedKeys(profiles)
}
