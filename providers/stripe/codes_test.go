package stripe_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v85"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
)

// cardCodes and otherCodes are the tables of https://docs.stripe.com/declines/codes.
const cardCodes = `authentication_required authentication_not_handled approve_with_id call_issuer card_not_supported card_velocity_exceeded
	currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card fraudulent generic_decline incorrect_address
	incorrect_cvc incorrect_number incorrect_pin incorrect_zip insufficient_funds invalid_account invalid_amount invalid_cvc
	invalid_expiry_month invalid_expiry_year invalid_number invalid_pin issuer_not_available lost_card merchant_blacklist
	mobile_device_authentication_required new_account_information_available no_action_taken not_permitted offline_pin_required
	online_or_offline_pin_required pickup_card pin_try_exceeded processing_error reenter_transaction restricted_card
	revocation_of_all_authorizations revocation_of_authorization security_violation service_not_allowed stolen_card stop_payment_order
	testmode_decline transaction_not_allowed try_again_later withdrawal_count_limit_exceeded`

const otherCodes = `partner_generic_decline invalid_customer_account payment_limit_exceeded invalid_billing_agreement partner_expired_card
	partner_processing_error partner_insufficient_funds partner_invalid_currency partner_invalid_amount invalid_business_account
	partner_high_risk_customer compliance_violation payment_disputed invalid_authorization invalid_payment_information
	partner_payment_not_found expired_payment_information partner_duplicate_transaction recurring_not_supported_by_bank
	partner_action_not_supported lost_or_stolen_card card_already_activated invalid_track_data`

func TestEveryDocumentedCodeHasAMeaning(t *testing.T) {
	t.Parallel()
	for code := range strings.FieldsSeq(cardCodes + " " + otherCodes) {
		meaning, _, mapped := stripe.Declines.Meaning(code)
		assert.True(t, mapped, code)
		assert.Equal(t, gateway.CodeDeclined, meaning.Code, code)
		assert.True(t, meaning.Reason.Known(), code)
	}
	errors, declines := codesOfTheSDK(t)
	require.Greater(t, len(errors), 150)
	require.Greater(t, len(declines), 40)
	for _, code := range append(errors, declines...) {
		_, _, mapped := stripe.Errors.Meaning(code)
		assert.True(t, mapped, "Stripe's own SDK knows the code %s", code)
	}
}

// codesOfTheSDK reads the codes in the source of Stripe's SDK, which lists them as constants.
func codesOfTheSDK(t *testing.T) (errors, declines []string) {
	t.Helper()
	dir, _ := runtime.FuncForPC(reflect.ValueOf(stripego.FormatURLPath).Pointer()).FileLine(0)
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(filepath.Dir(dir), "error.go"), nil, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		kind, isIdent := spec.Type.(*ast.Ident)
		value, isLiteral := spec.Values[0].(*ast.BasicLit)
		if !isIdent || !isLiteral {
			return true
		}
		code, err := strconv.Unquote(value.Value)
		require.NoError(t, err)
		switch kind.Name {
		case "ErrorCode":
			errors = append(errors, code)
		case "DeclineCode":
			declines = append(declines, code)
		}
		return true
	})
	return errors, declines
}
