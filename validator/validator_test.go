package validator_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

func answered(status int, body string) transfer.Exchange {
	return transfer.NewExchange(&gateway.Subject{Operation: "op_1", Amount: gateway.Minor(1000, "EUR")}, &transfer.Transfer{},
		&transfer.Response{Status: status, Header: http.Header{}, Body: []byte(body)})
}

func failing(code gateway.Code, detail string) validator.Validator {
	return validator.Func(func(context.Context, transfer.Exchange) validator.Result {
		return validator.Fail(validator.Failure{Code: code, Detail: detail})
	})
}

var passing = validator.Func(func(context.Context, transfer.Exchange) validator.Result { return validator.Result{} })

// Magento 17: a result is valid, or has its failures.
func TestTheZeroResultIsValid(t *testing.T) {
	t.Parallel()
	assert.True(t, validator.Result{}.Valid())
	require.NoError(t, validator.Result{}.Err())
	assert.False(t, validator.Fail(validator.Failure{}).Valid())
	require.ErrorIs(t, validator.Fail(validator.Failure{}).Err(), gateway.CodeIndeterminate, "a failure without a code is not a decline")
	assert.True(t, validator.Failed(nil).Valid())
	require.ErrorIs(t, validator.Failed(errors.New("x")).Err(), gateway.CodeIndeterminate)
}

// Magento 18, M8: the composite runs one by one and aggregates.
func TestACompositeCollectsEveryFailure(t *testing.T) {
	t.Parallel()
	c := validator.Compose(validator.Named("a", passing), validator.Named("b", failing(gateway.CodeDeclined, "one")),
		validator.Named("in", validator.Compose(validator.Named("c", failing(gateway.CodeInvalid, "two")))))
	r := c.Validate(t.Context(), answered(200, "{}"))
	require.Len(t, r.Failures, 2)
	assert.Equal(t, "b", r.Failures[0].Part)
	assert.Equal(t, "in/c", r.Failures[1].Part)
	err := r.Err()
	assert.Equal(t, gateway.CodeDeclined, gateway.CodeOf(err), "the first failure is the verdict")
	for _, want := range []string{"b: declined: one", "in/c: invalid: two"} {
		require.ErrorContains(t, err, want, "and all of them are kept")
	}
}

// Magento 19: a chain-breaking validator's failure ends the chain.
func TestABreakingValidatorEndsTheChain(t *testing.T) {
	t.Parallel()
	ran := false
	c := validator.Compose(validator.Breaking("first", failing(gateway.CodeDeclined, "x")), validator.Named("second", validator.Func(func(context.Context, transfer.Exchange) validator.Result {
		ran = true
		return validator.Result{}
	})))
	assert.Len(t, c.Validate(t.Context(), answered(200, "{}")).Failures, 1)
	assert.False(t, ran)
	edited, err := c.Apply([]validator.Edit{validator.Replace("first", failing(gateway.CodeInvalid, "y"))})
	require.NoError(t, err)
	assert.Len(t, edited.Validate(t.Context(), answered(200, "{}")).Failures, 1)
	assert.False(t, ran, "what replaces it ends the chain too")
}

// What cannot be relied on is never a decline, even when something else says so.
func TestAmongFailuresIndeterminateWins(t *testing.T) {
	t.Parallel()
	r := validator.Result{Failures: []validator.Failure{{Code: gateway.CodeDeclined, Reason: decline.Fraud, Reference: "pi_1"}, {Code: gateway.CodeIndeterminate, Detail: "body"}}}
	e, ok := errors.AsType[*gateway.Error](r.Err())
	require.True(t, ok)
	assert.Equal(t, gateway.CodeIndeterminate, e.Code)
	assert.Empty(t, e.Reason)
	assert.Equal(t, "pi_1", e.Reference, "a reference that any failure has is kept")
}

func TestAPanickingValidatorLeavesTheAnswerUnjudged(t *testing.T) {
	t.Parallel()
	r := validator.Compose(validator.Named("x", validator.Func(func(context.Context, transfer.Exchange) validator.Result { panic("secret") }))).Validate(t.Context(), answered(200, "{}"))
	require.ErrorIs(t, r.Err(), gateway.CodeIndeterminate)
	assert.NotContains(t, r.Err().Error(), "secret")
}

// E3, 5.5: the statuses that say nothing was executed, and all others.
func TestOnlyKnownStatusesAreAVerdict(t *testing.T) {
	t.Parallel()
	table := validator.Status(200, 201).With(422, gateway.CodeInvalid)
	require.NoError(t, table.Check())
	want := map[int]gateway.Code{
		200: "", 201: "", 401: gateway.CodeAuthentication, 403: gateway.CodeAuthentication, 404: gateway.CodeNotFound, 405: gateway.CodeUnsupported,
		413: gateway.CodeInvalid, 415: gateway.CodeInvalid, 422: gateway.CodeInvalid, 429: gateway.CodeRateLimited,
	}
	for status := 100; status < 600; status++ {
		code, known := want[status]
		if !known {
			code = gateway.CodeIndeterminate
		}
		assert.Equal(t, code, gateway.CodeOf(table.Validate(t.Context(), answered(status, "")).Err()), "%d", status)
	}
	x := answered(429, "")
	x.Response.Header.Set("Retry-After", "7")
	e, _ := errors.AsType[*gateway.Error](table.Validate(t.Context(), x).Err())
	assert.Equal(t, 7*time.Second, e.RetryAfter)
	x.Response.Header.Set("Retry-After", "1000000000")
	e, _ = errors.AsType[*gateway.Error](table.Validate(t.Context(), x).Err())
	assert.Equal(t, 24*time.Hour, e.RetryAfter, "a provider cannot make us wait for years")
	require.Error(t, validator.Status().Check())
	require.Error(t, validator.Status(200).With(200, gateway.CodeInvalid).Check())
	assert.Equal(t, gateway.CodeInvalid, table.Codes[422])
	assert.Empty(t, validator.Status(200).Codes, "With returns a copy")
}

func TestAnAnswerForSomethingElseIsIndeterminate(t *testing.T) {
	t.Parallel()
	echo := validator.Echo{Amount: "amount/value", Currency: "amount/currency", Reference: "ref"}
	good := `{"amount":{"value":1000,"currency":"eur"},"ref":"op_1"}`
	require.True(t, echo.Validate(t.Context(), answered(200, good)).Valid())
	for _, bad := range []string{
		`{"amount":{"value":999,"currency":"EUR"},"ref":"op_1"}`, `{"amount":{"value":1000,"currency":"USD"},"ref":"op_1"}`, `{"amount":{"value":1000,"currency":"EUR"},"ref":"op_2"}`,
		`{"amount":{"value":"1000","currency":"EUR"},"ref":"op_1"}`, `{"amount":{"value":10.00,"currency":"EUR"},"ref":"op_1"}`, `{"amount":{"currency":"EUR"},"ref":"op_1"}`,
		`{"amount":{"value":1000},"ref":"op_1"}`, `{"amount":{"value":1000,"currency":"EUR"}}`, `{}`, `[]`, `<html>`, ``,
	} {
		r := echo.Validate(t.Context(), answered(200, bad))
		require.ErrorIs(t, r.Err(), gateway.CodeIndeterminate, bad)
	}
	decimal := validator.Echo{Amount: "a", Decimal: true}
	for body, valid := range map[string]bool{`{"a":"10.00"}`: true, `{"a":10.00}`: true, `{"a":"10.0"}`: true, `{"a":"10.001"}`: false, `{"a":"9.99"}`: false} {
		assert.Equal(t, valid, decimal.Validate(t.Context(), answered(200, body)).Valid(), body)
	}
	other := validator.Echo{Amount: "a", Exponents: gateway.Exponents{"EUR": 4}}
	assert.True(t, other.Validate(t.Context(), answered(200, `{"a":100000}`)).Valid())
	skip := validator.Echo{Amount: "a", When: func(transfer.Exchange) (gateway.Money, bool) { return gateway.Money{}, false }}
	assert.True(t, skip.Validate(t.Context(), answered(200, `{"a":1}`)).Valid())
	assert.Equal(t, gateway.EchoAmount|gateway.EchoCurrency|gateway.EchoReference, echo.Echoes())
	require.Error(t, validator.Echo{}.Check())
}

type payment struct {
	ID     string `json:"id" validate:"required"`
	Status string `json:"status" validate:"oneof=paid open"`
}

func TestADecodedAnswerKeepsTheRulesOfItsTags(t *testing.T) {
	t.Parallel()
	v := validator.Struct[payment]()
	for body, valid := range map[string]bool{`{"id":"a","status":"paid"}`: true, `{"status":"paid"}`: false, `{"id":"a","status":"4111111111111111"}`: false, `{`: false} {
		err := v.Validate(t.Context(), answered(200, body)).Err()
		assert.Equal(t, valid, err == nil, body)
		if err != nil {
			assert.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(err))
			assert.NotContains(t, err.Error(), "4111")
		}
	}
	typed := validator.Typed(func(_ context.Context, _ transfer.Exchange, p payment) validator.Result {
		if p.Status != "paid" {
			return validator.Fail(validator.Failure{Code: gateway.CodeDeclined})
		}
		return validator.Result{}
	})
	assert.True(t, typed.Validate(t.Context(), answered(200, `{"status":"paid"}`)).Valid())
	require.ErrorIs(t, typed.Validate(t.Context(), answered(200, `{"status":"x"}`)).Err(), gateway.CodeDeclined)
	require.ErrorIs(t, typed.Validate(t.Context(), answered(200, `x`)).Err(), gateway.CodeIndeterminate)
	c, ok := validator.Struct[struct {
		A string `json:"a" validate:"nosuch"`
	}]().(interface{ Check() error })
	require.True(t, ok)
	require.ErrorContains(t, c.Check(), "nosuch")
}

var codes = map[string]validator.Meaning{
	"card_declined": validator.Declined(decline.Generic), "expired_card": validator.Declined(decline.ExpiredCard),
	"bad_key": {Code: gateway.CodeAuthentication, Merchant: "check the key"}, "slow_down": {Code: gateway.CodeRateLimited},
	"own_text": {Code: gateway.CodeDeclined, Reason: decline.Blocked, Message: "Our own words."},
}

func mapper(problems ...validator.Problem) (*validator.ErrorMap, validator.Validator) {
	m := validator.NewErrorMap(gateway.CodeIndeterminate, codes)
	return m, m.Validator(func(transfer.Exchange) ([]validator.Problem, error) { return problems, nil })
}

// Magento 3 and complaints 1 and 2: codes and texts are not mixed, nothing unmapped is dropped.
func TestAProvidersCodesGetAMeaning(t *testing.T) {
	t.Parallel()
	check := func(p validator.Problem) *gateway.Error {
		_, v := mapper(p)
		e, ok := errors.AsType[*gateway.Error](v.Validate(t.Context(), answered(402, "")).Err())
		require.True(t, ok)
		return e
	}
	e := check(validator.Problem{Codes: []string{"", "expired_card", "card_declined"}, Reference: "pi_1", Merchant: "the provider's text"})
	assert.Equal(t, gateway.CodeDeclined, e.Code)
	assert.Equal(t, decline.ExpiredCard, e.Reason, "the most specific code decides")
	assert.Equal(t, decline.ExpiredCard.Message(), e.Message)
	assert.Equal(t, "the provider's text", e.Merchant)
	assert.Equal(t, "pi_1", e.Reference)
	assert.Equal(t, "expired_card, card_declined", e.Detail, "every code the provider gave")
	assert.Equal(t, "Our own words.", check(validator.Problem{Codes: []string{"own_text"}}).Message)
	assert.Equal(t, "check the key", check(validator.Problem{Codes: []string{"bad_key"}, Merchant: "x"}).Merchant)
	assert.Empty(t, check(validator.Problem{Codes: []string{"bad_key"}}).Message)
	assert.Equal(t, gateway.CodeRateLimited, check(validator.Problem{Codes: []string{"slow_down"}}).Code)
	e = check(validator.Problem{})
	assert.Equal(t, gateway.CodeIndeterminate, e.Code)
	assert.Contains(t, e.Detail, "no code")
}

// Peers, feature 8: unmapped codes are counted and visible.
func TestUnmappedCodesAreCountedAndVisible(t *testing.T) {
	t.Parallel()
	m, v := mapper(validator.Problem{Codes: []string{"brand_new", "type"}}, validator.Problem{Codes: []string{"expired_card"}})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			err := v.Validate(context.Background(), answered(402, "")).Err()
			assert.Contains(t, err.Error(), "brand_new, type (unmapped)")
			assert.Contains(t, err.Error(), "expired_card", "several failures keep all of them")
		})
	}
	wg.Wait()
	assert.Equal(t, map[string]int64{"brand_new": 50}, m.Unmapped())
	assert.Contains(t, m.Codes(), "bad_key")
	many := validator.NewErrorMap(gateway.CodeDeclined, nil)
	for i := range 3000 {
		v := many.Validator(func(transfer.Exchange) ([]validator.Problem, error) {
			return []validator.Problem{{Codes: []string{strings.Repeat("x", i%500) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))}}}, nil
		})
		v.Validate(t.Context(), answered(402, ""))
	}
	assert.LessOrEqual(t, len(many.Unmapped()), 1001, "a provider cannot fill our memory")
}

func TestAnErrorThatCannotBeReadIsIndeterminate(t *testing.T) {
	t.Parallel()
	v := validator.NewErrorMap(gateway.CodeDeclined, codes).Validator(func(x transfer.Exchange) ([]validator.Problem, error) {
		_, err := x.Document()
		return nil, err
	})
	require.ErrorIs(t, v.Validate(t.Context(), answered(402, "<html>")).Err(), gateway.CodeIndeterminate)
	assert.True(t, v.Validate(t.Context(), answered(402, "{}")).Valid())
}

func TestNothingBelievesEverything(t *testing.T) {
	t.Parallel()
	assert.True(t, validator.Nothing().Validate(t.Context(), answered(500, "")).Valid())
	assert.False(t, validator.Nothing().IsZero())
	assert.True(t, validator.Composite{}.IsZero())
}

func FuzzErrorMap(f *testing.F) {
	f.Add("expired_card", "card_declined", "text")
	f.Add("", "\x00\n", strings.Repeat("x", 10_000))
	f.Fuzz(func(t *testing.T, a, b, text string) {
		m, v := mapper(validator.Problem{Codes: []string{a, b}, Merchant: text, Reference: a})
		e, ok := errors.AsType[*gateway.Error](v.Validate(context.Background(), answered(402, "")).Err())
		require.True(t, ok)
		_, _, mapped := m.Meaning(a, b)
		if !mapped {
			assert.Equal(t, gateway.CodeIndeterminate, e.Code)
			assert.Len(t, m.Unmapped(), 1)
		}
		assert.NotContains(t, e.Error(), "\n")
		assert.NotContains(t, e.Error(), "\x00")
		assert.Less(t, len(e.Error()), 4000)
	})
}

// A server error says nothing about what was executed, whoever says otherwise.
func TestAStatusTableCannotCallAServerErrorAVerdict(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 502, 503, 504} {
		for _, code := range []gateway.Code{gateway.CodeUnavailable, gateway.CodeRateLimited, gateway.CodeDeclined} {
			require.ErrorContains(t, validator.Status(200).With(status, code).Check(), "does not say what was executed", "%d %s", status, code)
		}
		require.NoError(t, validator.Status(200).With(status, gateway.CodeIndeterminate).Check())
	}
}

// What cannot be read is no verdict, whatever code the reader's error happens to have.
func TestAReadersErrorIsNeverAVerdict(t *testing.T) {
	t.Parallel()
	for _, err := range []error{gateway.Invalid("unknown currency"), gateway.Errorf(gateway.CodeUnavailable, "x"), &gateway.Error{Code: gateway.CodeDeclined, Reason: decline.Fraud}, errors.New("x")} {
		v := validator.NewErrorMap(gateway.CodeDeclined, codes).Validator(func(transfer.Exchange) ([]validator.Problem, error) { return nil, err })
		e, ok := errors.AsType[*gateway.Error](v.Validate(t.Context(), answered(402, "{}")).Err())
		require.True(t, ok)
		assert.Equal(t, gateway.CodeIndeterminate, e.Code)
		assert.Empty(t, e.Reason)
	}
}

func TestAnErrorMapIsCheckedAtTheStart(t *testing.T) {
	t.Parallel()
	read := func(transfer.Exchange) ([]validator.Problem, error) { return nil, nil }
	check := func(otherwise gateway.Code, m map[string]validator.Meaning) error {
		return validator.Compose(validator.Named("errors", validator.NewErrorMap(otherwise, m).Validator(read))).Check()
	}
	require.NoError(t, check(gateway.CodeIndeterminate, codes))
	require.ErrorContains(t, check("", codes), "unmapped errors mean")
	require.ErrorContains(t, check(gateway.CodeIndeterminate, map[string]validator.Meaning{"x": {Code: "decline"}}), `"x" means "decline"`)
	require.ErrorContains(t, check(gateway.CodeIndeterminate, map[string]validator.Meaning{"x": {}}), `"x" means ""`)
	require.ErrorContains(t, check(gateway.CodeIndeterminate, map[string]validator.Meaning{"x": validator.Declined("nsf")}), `the reason "nsf"`)
	require.ErrorContains(t, check(gateway.CodeIndeterminate, map[string]validator.Meaning{"x": {Code: gateway.CodeInvalid, Reason: decline.Fraud}}), "goes with declined")
	require.Error(t, validator.Compose(validator.Named("errors", validator.NewErrorMap(gateway.CodeInvalid, nil).Validator(nil))).Check())

	mine := map[string]validator.Meaning{"x": {Code: gateway.CodeInvalid}}
	m := validator.NewErrorMap(gateway.CodeIndeterminate, mine)
	mine["x"] = validator.Declined(decline.Generic)
	meaning, _, _ := m.Meaning("x")
	assert.Equal(t, gateway.CodeInvalid, meaning.Code, "the map is its own")
}
