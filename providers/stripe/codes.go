package stripe

import (
	"maps"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// declines are the codes that mean "declined", by our reason: those of cards and
// of other methods (https://docs.stripe.com/declines/codes), and the error codes
// that say the same (https://docs.stripe.com/error-codes). What a shopper must not
// be told, such as a stolen card, the reasons' own messages keep to themselves.
var declines = map[decline.Reason]string{
	decline.Generic: `generic_decline card_declined card_error no_action_taken not_permitted service_not_allowed
		transaction_not_allowed bank_account_declined payment_method_provider_decline payment_intent_payment_attempt_failed
		setup_attempt_failed partner_generic_decline partner_payment_not_found partner_action_not_supported
		payment_method_microdeposit_failed`,
	decline.DoNotHonor:        `do_not_honor`,
	decline.CallIssuer:        `call_issuer approve_with_id security_violation refer_to_customer`,
	decline.InsufficientFunds: `insufficient_funds partner_insufficient_funds`,
	decline.LimitExceeded: `card_velocity_exceeded withdrawal_count_limit_exceeded card_decline_rate_limit_exceeded
		payment_limit_exceeded charge_exceeds_source_limit charge_exceeds_transaction_limit`,
	decline.ExpiredCard:         `expired_card partner_expired_card expired_payment_information`,
	decline.IncorrectNumber:     `incorrect_number account_number_invalid`,
	decline.InvalidNumber:       `invalid_number`,
	decline.InvalidExpiry:       `invalid_expiry_month invalid_expiry_year`,
	decline.IncorrectCVC:        `incorrect_cvc`,
	decline.InvalidCVC:          `invalid_cvc`,
	decline.IncorrectPostalCode: `incorrect_zip`,
	decline.IncorrectAddress:    `incorrect_address`,
	decline.IncorrectPIN:        `incorrect_pin invalid_pin offline_pin_required online_or_offline_pin_required`,
	decline.PINTriesExceeded:    `pin_try_exceeded`,
	decline.CardNotSupported: `card_not_supported invalid_card_type token_card_network_invalid sepa_unsupported_account
		recurring_not_supported_by_bank`,
	decline.CurrencyNotSupported: `currency_not_supported partner_invalid_currency`,
	decline.PickUpCard:           `pickup_card`,
	decline.LostCard:             `lost_card`,
	decline.StolenCard:           `stolen_card lost_or_stolen_card`,
	decline.RestrictedCard: `restricted_card do_not_try_again bank_account_restricted payment_method_bank_account_blocked
		compliance_violation`,
	decline.ClosedAccount:          `invalid_account account_closed`,
	decline.Fraud:                  `fraudulent partner_high_risk_customer`,
	decline.Blocked:                `merchant_blacklist payment_disputed`,
	decline.AuthenticationRequired: `authentication_required authentication_not_handled mobile_device_authentication_required payment_intent_action_required invoice_payment_intent_requires_action`,
	decline.AuthenticationFailed:   `payment_intent_authentication_failure setup_intent_authentication_failure payment_intent_konbini_rejected_confirmation_number`,
	decline.Duplicate:              `duplicate_transaction partner_duplicate_transaction`,
	decline.RevokedMandate: `revocation_of_authorization revocation_of_all_authorizations stop_payment_order debit_not_authorized
		india_recurring_payment_mandate_canceled payment_intent_mandate_invalid setup_intent_mandate_invalid billing_invalid_mandate
		invalid_authorization invalid_billing_agreement`,
	decline.InvalidInstrument: `new_account_information_available token_already_used bank_account_unusable bank_account_unverified
		bank_account_verification_failed bank_account_bad_routing_numbers routing_number_invalid clearing_code_unsupported
		invalid_customer_account invalid_payment_information payment_intent_incompatible_payment_method invalid_source_usage
		card_already_activated invalid_track_data no_account payment_method_microdeposit_verification_attempts_exceeded`,
	decline.Processing:        `processing_error reenter_transaction try_again_later partner_processing_error`,
	decline.IssuerUnavailable: `issuer_not_available payment_method_provider_timeout payment_method_not_available`,
	decline.ShopperCancelled:  `payment_method_customer_decline`,
	decline.Expired: `payment_intent_payment_attempt_expired setup_intent_setup_attempt_expired
		payment_method_microdeposit_verification_timeout acss_debit_session_incomplete`,
	decline.TestCard:        `testmode_decline live_mode_test_card test_mode_live_card`,
	decline.InvalidMerchant: `invalid_business_account balance_insufficient`,
	decline.InvalidAmount:   `invalid_amount partner_invalid_amount`,
}

// refusals are the other error codes (https://docs.stripe.com/error-codes) by what
// they mean to a program. All of them say that the call was not executed, but for
// those that are indeterminate. Codes of products that this package does not call
// are listed too, because a code that is not would be counted as news.
var refusals = map[gateway.Code]string{
	gateway.CodeInvalid: `invalid_request_error amount_too_large amount_too_small invalid_charge_amount charge_invalid_parameter
		balance_invalid_parameter invalid_characters missing parameter_invalid_empty parameter_invalid_integer parameter_invalid_string_blank
		parameter_invalid_string_empty parameter_missing parameter_unknown parameters_exclusive payment_intent_invalid_parameter
		payment_method_invalid_parameter payment_method_invalid_parameter_testmode payment_method_configuration_failures
		payment_method_billing_details_address_missing payment_method_currency_mismatch setup_intent_invalid_parameter
		intent_verification_method_missing cardholder_phone_number_required country_code_invalid email_invalid postal_code_invalid
		shipping_address_invalid url_invalid invalid_mandate_reference_prefix_format customer_max_payment_methods
		payment_method_microdeposit_verification_amounts_invalid payment_method_microdeposit_verification_amounts_mismatch
		payment_method_microdeposit_verification_descriptor_code_mismatch
		account_country_invalid_address account_error_country_change_requires_additional_steps account_information_mismatch
		account_token_required_for_v2_account coupon_expired customer_max_subscriptions customer_tax_location_invalid
		financial_connections_account_inactive financial_connections_account_pending_account_numbers
		financial_connections_account_unavailable_account_numbers financial_connections_no_successful_transaction_refresh
		forwarding_api_invalid_parameter instant_payouts_limit_exceeded invalid_tax_location invoice_no_customer_line_items
		invoice_no_payment_method_types invoice_no_subscription_line_items invoice_not_editable invoice_on_behalf_of_not_editable
		invoice_upcoming_none out_of_inventory payouts_limit_exceeded product_inactive progressive_onboarding_limit_exceeded
		service_period_coupon_with_metered_tiered_item_unsupported shipping_calculation_failed sku_inactive state_unsupported
		tax_id_invalid tax_id_prohibited taxes_calculation_failed terminal_location_country_unsupported
		terminal_reader_invalid_location_for_activation terminal_reader_invalid_location_for_payment transfer_source_balance_parameters_mismatch`,
	gateway.CodeNotFound: `resource_missing customer_session_expired`,
	// The request does not fit the state that the thing is in, which a call of ours
	// whose answer was lost may have brought about.
	gateway.CodeConflict: `idempotency_error payment_intent_unexpected_state setup_intent_unexpected_state
		payment_method_unexpected_state intent_invalid_state status_transition_invalid charge_already_captured
		charge_already_refunded charge_disputed charge_expired_for_capture capture_charge_authorization_expired
		capture_unauthorized_payment charge_not_refundable refund_disputed_payment resource_already_exists
		return_intent_already_processed token_in_use bank_account_exists payment_method_bank_account_already_verified
		payout_reconciliation_not_ready terminal_reader_busy`,
	gateway.CodeAuthentication: `api_key_expired platform_api_key_expired secret_key_required livemode_mismatch testmode_charges_only
		account_invalid platform_account_required tls_version_unsupported request_blocked`,
	// Refused before execution, by a limit or because another request holds the
	// object (https://docs.stripe.com/rate-limits#object-lock-timeouts).
	gateway.CodeRateLimited: `rate_limit lock_timeout payment_intent_rate_limit_exceeded`,
	gateway.CodeUnsupported: `payment_method_unactivated payment_method_unsupported_type setup_intent_mobile_wallet_unsupported
		country_unsupported application_fees_not_allowed transfers_not_allowed payouts_not_allowed not_allowed_on_standard_account
		ownership_declaration_not_allowed instant_payouts_config_disabled instant_payouts_currency_disabled instant_payouts_unsupported
		alipay_upgrade_required bitcoin_upgrade_required forwarding_api_inactive storer_capability_missing storer_capability_not_active
		stripe_tax_inactive`,
	// The first call under this key is still at work, or something behind Stripe
	// did not answer it: nobody knows yet.
	gateway.CodeIndeterminate: `api_error idempotency_key_in_use forwarding_api_retryable_upstream_error
		forwarding_api_upstream_connection_error forwarding_api_upstream_connection_timeout forwarding_api_upstream_error
		terminal_reader_hardware_fault terminal_reader_offline terminal_reader_timeout`,
}

// hints are what a merchant should know of some codes.
var hints = map[string]string{
	"idempotency_error":          "the idempotency key was used for another request",
	"payment_method_unactivated": "activate this payment method in the Stripe dashboard",
	"balance_insufficient":       "the Stripe balance does not cover the refund: add funds",
	"fraudulent":                 "Stripe suspects fraud: see the payment in the dashboard before trying again",
	"merchant_blacklist":         "the payment matches the account's block list",
}

// Declines gives meaning to the codes of an answer whose form alone says that it
// is a decline. Errors does so for every other refusal. A code that is new is
// counted in Unmapped, and is a decline here and indeterminate there until
// somebody adds it.
var (
	Declines = validator.NewErrorMap(gateway.CodeDeclined, meanings())
	Errors   = validator.NewErrorMap(gateway.CodeIndeterminate, meanings())
)

func meanings() map[string]validator.Meaning {
	table := map[string]validator.Meaning{}
	for reason, codes := range declines {
		for code := range strings.FieldsSeq(codes) {
			table[code] = validator.Declined(reason)
		}
	}
	for meaning, codes := range refusals {
		for code := range strings.FieldsSeq(codes) {
			table[code] = validator.Meaning{Code: meaning}
		}
	}
	for code := range maps.Keys(hints) {
		m := table[code]
		m.Merchant = hints[code]
		table[code] = m
	}
	return table
}
