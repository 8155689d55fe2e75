package sandbox

import (
	"context"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// Errors gives every code of the API a meaning (package simulator, "errors"). A
// code that is new is indeterminate until somebody adds it here.
var Errors = validator.NewErrorMap(gateway.CodeIndeterminate, map[string]validator.Meaning{
	"generic_decline":         validator.Declined(decline.Generic),
	"insufficient_funds":      validator.Declined(decline.InsufficientFunds),
	"expired_card":            validator.Declined(decline.ExpiredCard),
	"incorrect_cvc":           validator.Declined(decline.IncorrectCVC),
	"lost_card":               validator.Declined(decline.LostCard),
	"stolen_card":             validator.Declined(decline.StolenCard),
	"fraudulent":              validator.Declined(decline.Fraud),
	"processing_error":        validator.Declined(decline.Processing),
	"do_not_honor":            validator.Declined(decline.DoNotHonor),
	"authentication_required": validator.Declined(decline.AuthenticationRequired),
	"authentication_failed":   validator.Declined(decline.AuthenticationFailed),
	"card_declined":           validator.Declined(decline.Generic),
	"instrument_unknown":      validator.Declined(decline.InvalidInstrument),

	"malformed_json":    {Code: gateway.CodeInvalid},
	"duplicate_field":   {Code: gateway.CodeInvalid},
	"unknown_field":     {Code: gateway.CodeInvalid},
	"missing_field":     {Code: gateway.CodeInvalid},
	"invalid_field":     {Code: gateway.CodeInvalid},
	"amount_invalid":    {Code: gateway.CodeInvalid},
	"currency_unknown":  {Code: gateway.CodeInvalid},
	"key_missing":       {Code: gateway.CodeInvalid},
	"key_invalid":       {Code: gateway.CodeInvalid},
	"query_invalid":     {Code: gateway.CodeInvalid},
	"amount_too_large":  {Code: gateway.CodeInvalid},
	"amount_too_small":  {Code: gateway.CodeInvalid},
	"refund_too_large":  {Code: gateway.CodeInvalid},
	"currency_mismatch": {Code: gateway.CodeInvalid},

	"not_found":               {Code: gateway.CodeNotFound},
	"capture_unknown":         {Code: gateway.CodeNotFound},
	"instrument_not_storable": {Code: gateway.CodeUnsupported},

	// The request was refused because of the state that the payment is in. What
	// is "already" done may have been done by a call of ours whose answer was
	// lost: the endpoints list those codes, and the engine asks.
	"idempotency_mismatch": {Code: gateway.CodeConflict, Merchant: "the idempotency key was used for another request"},
	"key_canceled":         {Code: gateway.CodeConflict, Merchant: "what this key would make was cancelled"},
	"already_captured":     {Code: gateway.CodeConflict},
	"already_released":     {Code: gateway.CodeConflict},
	"already_canceled":     {Code: gateway.CodeConflict},
	"already_refunded":     {Code: gateway.CodeConflict},
	"already_charged_back": {Code: gateway.CodeConflict},
	"amount_unchanged":     {Code: gateway.CodeConflict},

	"authorization_superseded": {Code: gateway.CodeConflict, Merchant: "another authorization is held in the place of this one"},
	"not_authorized":           {Code: gateway.CodeConflict},
	"not_captured":             {Code: gateway.CodeConflict},
	"not_held":                 {Code: gateway.CodeConflict},
	"not_confirmable":          {Code: gateway.CodeConflict},
	"authorization_expired":    {Code: gateway.CodeConflict},
	"capture_not_refundable":   {Code: gateway.CodeConflict},

	// The first call under this key is still at work: nobody knows yet.
	"idempotency_in_flight": {Code: gateway.CodeIndeterminate},
	"server_error":          {Code: gateway.CodeIndeterminate},
})

// failure is the form of every error.
type failure struct {
	Error *struct {
		Code        string `json:"code"`
		DeclineCode string `json:"decline_code"`
		Field       string `json:"field"`
		Message     string `json:"message"`
		Payment     string `json:"payment"`
	} `json:"error"`
}

// problems reads the errors that an answer states. Statuses whose meaning does
// not depend on the body are left to the status table.
func problems(x transfer.Exchange) ([]validator.Problem, error) {
	switch status := x.Response.Status; {
	case status < 400, status >= 500, status == http.StatusUnauthorized, status == http.StatusTooManyRequests:
		return nil, nil
	}
	f, err := transfer.As[failure](x)
	if err != nil {
		return nil, err
	}
	if f.Error == nil {
		return []validator.Problem{{}}, nil
	}
	return []validator.Problem{{Codes: []string{f.Error.DeclineCode, f.Error.Code}, Reference: f.Error.Payment, Merchant: f.Error.Message}}, nil
}

var sameAmount = validator.Echo{Amount: "amount/value", Currency: "amount/currency", Reference: "reference"}

// onlyOne finds the one payment that has our reference.
var onlyOne = validator.Typed(func(ctx context.Context, x transfer.Exchange, found Payments) validator.Result {
	switch n := len(found.Data); {
	case n == 0:
		return validator.Fail(validator.Failure{Code: gateway.CodeNotFound, Detail: "no payment has the reference"})
	case n > 1 || found.More:
		return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: "several payments have the reference"})
	case found.Data[0].Reference != string(x.Subject.Operation):
		return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: "the payment that was found has another reference"})
	}
	return booksBalance(ctx, x, found.Data[0])
})
