package command_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// answer is what became of one of Magento's behaviours here: the test that holds
// it and, where ours is different on purpose, why, with the package whose
// documentation says so and a phrase of it.
type answer struct {
	test    string // "folder.TestName"
	differs string // "" when it is as theirs
	doc     string // the folder of the package documentation
	says    string // a phrase there
}

const (
	gatewayCommand = "command.TestMagento1To3"
	addresses      = "command.TestMagento35To58AddressesSayWhatTheyHold"
	orders         = "command.TestMagento59To72OrdersSayWhatTheyHold"
	paymentData    = "command.TestMagento31To34ASubjectCarriesOrderAndPayment"
)

// magento answers for each of the 72 tests of Magento's own unit suite
// (magento.md, appendix), by number.
func magento() map[int]answer {
	const baseCurrency = "one amount in the currency that the shopper pays in; a base currency is the shop's own business"
	a := map[int]answer{
		1: {test: gatewayCommand + "HandlersGetSubjectAndResponse"},
		2: {
			test:    gatewayCommand + "NothingMappedIsNoDecline",
			differs: "an answer that nobody understands is indeterminate and not a decline, nothing is logged, and both failures stand in the error",
			doc:     "command", says: "What nobody understands is indeterminate, not declined.",
		},
		3: {
			test:    gatewayCommand + "MappedAndUnmappedAreKept",
			differs: "the shopper's text, the merchant's and the provider's code are three fields; unmapped codes are counted instead of logged",
			doc:     "command", says: "Unmapped codes are counted and none is dropped.",
		},
		4: {test: "command.TestMagento4And5APoolGivesItsCommands"},
		5: {test: "command.TestMagento4And5APoolGivesItsCommands"},
		6: {test: "gateway/tenant.TestSettingsStandUnderAPatternPerStore"},
		7: {test: "gateway/tenant.TestSettingsStandUnderAPatternPerStore"},
		8: {test: "gateway/tenant.TestSettingsStandUnderAPatternPerStore"},
		9: {test: "gateway/tenant.TestSettingsStandUnderAPatternPerStore"},
		10: {
			test:    "gateway/tenant.TestAFieldHasItsOwnHandlerOrTheDefault",
			differs: "the default is to read the settings; without any the error comes with the first question",
			doc:     "command", says: "there is no default handler to forget",
		},
		11: {test: "gateway/tenant.TestAFieldHasItsOwnHandlerOrTheDefault"},
		12: {test: "request.TestAnEmptyCompositeBuildsNothing"},
		13: {
			test:    "request.TestMagentoDeepMergeReplacesRecursively",
			differs: "theirs is a policy that a composite asks for; without it two parts that set one field are an error naming both",
			doc:     "command", says: "Two builders that set one field are an error",
		},
		14: {test: "handler.TestAChainRunsItsHandlersInOrder"},
		15: {test: "gateway/method.TestCountriesAllowTheListedOnesOrAll"},
		16: {test: "gateway/method.TestCountriesAllowTheListedOnesOrAll"},
		17: {
			test:    "validator.TestTheZeroResultIsValid",
			differs: "a result with failures is never valid: what is only to be told belongs to a watcher",
			doc:     "command", says: "A result that has failures is never valid.",
		},
		18: {test: "validator.TestACompositeCollectsEveryFailure"},
		19: {test: "validator.TestABreakingValidatorEndsTheChain"},
		20: {test: "gateway/method.TestRulesAreFoundByName"},
		21: {test: "gateway/method.TestRulesAreFoundByName"},
		22: {test: "transfer.TestARouteMakesATransfer"},
		23: {test: "client.TestASOAPCallNeedsNoClientOfItsOwn"},
		24: {test: "client.TestASOAPCallNeedsNoClientOfItsOwn"},
		25: {test: "client.TestTheRequestLeavesAsItWasSigned"},
		26: {test: "client.TestTransportAndConversionFailuresDiffer"},
		27: {
			test:    "client.TestTransportAndConversionFailuresDiffer",
			differs: "an answer is read when a validator or handler asks, so that a status can be judged whose body cannot be read",
			doc:     "command", says: "An answer is decoded when a validator or handler asks for it",
		},
		28: {test: "request.TestMagento28HTMLFormGivesItsNamedInputs"},
		29: {test: "request.TestMagento29WhatIsNoHTMLGivesAnEmptyDocument"},
		30: {test: "client.TestNestedAnswersStayNested"},
		31: {test: paymentData}, 32: {test: paymentData}, 33: {test: paymentData}, 34: {test: paymentData},
	}
	for n := 35; n <= 58; n++ {
		a[n] = answer{test: addresses}
	}
	for n := 59; n <= 72; n++ {
		a[n] = answer{test: orders}
	}
	for _, n := range []int{59, 66} {
		a[n] = answer{test: orders, differs: baseCurrency, doc: "command", says: "Amounts are in the currency that is paid."}
	}
	return a
}

func TestMagentosOwnSuiteIsAnsweredFor(t *testing.T) {
	t.Parallel()
	all := repository(t)
	answers := magento()
	for n := 1; n <= 72; n++ {
		a, ok := answers[n]
		if !assert.True(t, ok, "behaviour %d", n) {
			continue
		}
		assert.Contains(t, all.tests, a.test, "behaviour %d", n)
		if a.differs != "" {
			assert.Contains(t, strings.Join(strings.Fields(all.docs[a.doc]), " "), a.says, "behaviour %d differs (%s), and package %s says so", n, a.differs, a.doc)
		}
	}
	assert.Len(t, answers, 72)
}

// complaints answers each of the 17 complaints of Magento's users (magento.md,
// section 2): a test that shows it cannot happen here, or a reason.
var complaints = map[int]struct{ test, reason string }{
	1:  {test: "validator.TestAProvidersCodesGetAMeaning"},
	2:  {test: "validator.TestUnmappedCodesAreCountedAndVisible"},
	3:  {test: "command.TestEveryFailureLandsOnItsStageAndCode"},
	4:  {test: "gateway/method.TestARuleThatFailsMakesTheMethodUnavailable"},
	5:  {test: "command.TestMagentoComplaint5ADeniedReviewIsNoSuccess"},
	6:  {test: "command.TestAStrategyPicksOneCommandByTheState"},
	7:  {test: "command.TestAFailingHandlerKeepsWhatWasLearned"},
	8:  {test: "client.TestALostAnswerIsNeverResent"},
	9:  {test: "command.TestMagento59To72OrdersSayWhatTheyHold", reason: "an amount is what the shopper pays, in its own currency"},
	10: {test: "command.TestMagento35To58AddressesSayWhatTheyHold"},
	11: {test: "client.TestTheRequestLeavesAsItWasSigned"},
	12: {reason: "no stage logs anything: a command returns a typed error whose code tells a decline from a defect, and the program decides at which level to log it"},
	13: {test: "validator.TestTheZeroResultIsValid", reason: "a result has no flag beside its failures"},
	14: {test: "gateway.TestMovementsFoldIntoBalancesAndAHeadline", reason: "a status is derived from what moved; one that is stuck would need a movement that nobody stated. Expiry is known of the hold, see gateway.Payment.HoldExpires"},
	15: {test: "transfer.TestNothingLeaksFromOneTransferIntoTheNext"},
	16: {test: "command.TestTheOrderOfItemsDoesNotMatter"},
	17: {test: "command.TestBadInputOverTheNetworkIsTyped", reason: "a lost answer is indeterminate, never a failure; a challenge is an outcome of authorize, not a way around it"},
}

func TestTheComplaintsOfMagentosUsersAreAnswered(t *testing.T) {
	t.Parallel()
	all := repository(t)
	for n := 1; n <= 17; n++ {
		c := complaints[n]
		assert.NotEmpty(t, c.test+c.reason, "complaint %d", n)
		if c.test != "" {
			assert.Contains(t, all.tests, c.test, "complaint %d", n)
		}
	}
	assert.Len(t, complaints, 17)
}

// refusing is a capture whose provider states errors in a list.
func refusing(t *testing.T, p *provider, m *validator.ErrorMap) command.Command {
	t.Helper()
	spec := capture(p)
	spec.Endpoint.Echoes = 0
	spec.Validate = validator.Compose(validator.Breaking("errors", m.Validator(readErrors)), validator.Breaking("status", validator.Status(200)))
	cmd, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpCapture}, spec)
	require.NoError(t, err)
	return cmd
}

// Magento 1: a valid answer; the handler gets the subject and the response.
func TestMagento1To3HandlersGetSubjectAndResponse(t *testing.T) {
	t.Parallel()
	p := answering(200, captured)
	out, err := assemble(t, acme(p)).For("acme").Get(gateway.OpCapture).Execute(t.Context(), subject())
	require.NoError(t, err)
	require.Len(t, out.Movements, 1)
	assert.Equal(t, subject().Target, out.Movements[0].Parent, "of the subject")
	assert.Equal(t, "cap_1", out.Movements[0].Reference, "of the response")
}

// Magento 2: two failures, nothing mapped. Theirs declines with a generic text and logs both as critical.
func TestMagento1To3NothingMappedIsNoDecline(t *testing.T) {
	t.Parallel()
	m := validator.NewErrorMap(gateway.CodeIndeterminate, nil)
	_, err := refusing(t, answering(402, `{"errors":["first","second"]}`), m).Execute(t.Context(), subject())
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	require.NotErrorIs(t, err, gateway.CodeDeclined)
	text := err.Error()
	assert.Contains(t, text, "first (unmapped)")
	assert.Contains(t, text, "second (unmapped)")
	assert.Less(t, strings.Index(text, "first"), strings.Index(text, "second"), "in order")
	assert.Empty(t, gateway.AsError(err, "").Message, "no text for the shopper says what nobody knows")
	assert.Equal(t, map[string]int64{"first": 1, "second": 1}, m.Unmapped())
}

// Magento 3: one code and one failure mapped, one not. Theirs shows the mapped texts and drops the rest.
func TestMagento1To3MappedAndUnmappedAreKept(t *testing.T) {
	t.Parallel()
	m := validator.NewErrorMap(gateway.CodeDeclined, map[string]validator.Meaning{
		"401": {Code: gateway.CodeDeclined, Reason: decline.ExpiredCard, Message: "Use another card.", Merchant: "the card has expired"},
	})
	_, err := refusing(t, answering(402, `{"errors":["401","raw"]}`), m).Execute(t.Context(), subject())
	e, ok := errors.AsType[*gateway.Error](err)
	require.True(t, ok)
	assert.Equal(t, gateway.CodeDeclined, e.Code)
	assert.Equal(t, decline.ExpiredCard, e.Reason)
	assert.Equal(t, "Use another card.", e.Message, "for the shopper: the mapped text alone")
	assert.Equal(t, "401", e.Detail, "for programs: the provider's code alone")
	assert.Equal(t, "the card has expired", e.Merchant)
	assert.Contains(t, e.Error(), "raw (unmapped)", "and what is not mapped is not dropped")
}

// Magento 4, 5: a known code gives the same command, an unknown one an error that names it.
func TestMagento4And5APoolGivesItsCommands(t *testing.T) {
	t.Parallel()
	known := &struct{ command.Command }{}
	pool := command.NewPool("acme", map[gateway.Operation]command.Command{"known": known})
	assert.Same(t, known, pool.Get("known"))
	_, err := pool.Lookup("x")
	require.ErrorIs(t, err, gateway.CodeUnsupported)
	require.ErrorContains(t, err, `there is no command "x" (has known)`)
}

// Magento 31 to 34: a payment of an order, or of a quote that is no order yet;
// whoever reads the subject gets that order and that payment.
func TestMagento31To34ASubjectCarriesOrderAndPayment(t *testing.T) {
	t.Parallel()
	order := &gateway.Order{Number: "1017"}
	for name, payment := range map[string]gateway.Payment{
		"order": {ID: "pay_1", Due: gateway.Minor(1000, "EUR"), Balances: gateway.Balances{Authorized: gateway.Minor(1000, "EUR")}},
		"quote": {},
	} {
		var seen gateway.Subject
		spec := capture(answering(200, captured))
		spec.Request = request.Compose(request.Named("x", request.Write(func(s gateway.Subject, doc *request.Document) {
			seen = s
			doc.Text("number", s.Order.Number)
		})))
		cmd, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpCapture}, spec)
		require.NoError(t, err)
		s := subject()
		s.Order, s.Payment = order, payment
		_, err = cmd.Execute(t.Context(), s)
		require.NoError(t, err, name)
		assert.Same(t, order, seen.Order, name)
		assert.Equal(t, payment, seen.Payment, name)
	}
}

// written returns what a builder writes of an order, as JSON.
func written(t *testing.T, b request.Builder, o *gateway.Order) string {
	t.Helper()
	doc := request.NewDocument()
	defer doc.Release()
	require.NoError(t, request.Compose(request.Named("x", b)).Build(t.Context(), gateway.Subject{Order: o, Amount: gateway.Minor(1999, "CHF")}, doc))
	return doc.String()
}

// Magento 35 to 58: each field of an address, and one, two or no street lines;
// there once for orders and once for quotes, here once for each address of an order.
func TestMagento35To58AddressesSayWhatTheyHold(t *testing.T) {
	t.Parallel()
	for of, from := range map[string]func(*gateway.Order) *gateway.Address{"billing": request.Billing, "shipping": request.Shipping} {
		put := func(a *gateway.Address) *gateway.Order {
			if of == "billing" {
				return &gateway.Order{Billing: a}
			}
			return &gateway.Order{Shipping: a}
		}
		for name, c := range map[string]struct {
			set    gateway.Address
			fields request.AddressFields
		}{
			"region code": {gateway.Address{Region: "v"}, request.AddressFields{Region: "f"}},
			"country":     {gateway.Address{Country: "v"}, request.AddressFields{Country: "f"}},
			"telephone":   {gateway.Address{Phone: "v"}, request.AddressFields{Phone: "f"}},
			"postcode":    {gateway.Address{PostalCode: "v"}, request.AddressFields{PostalCode: "f"}},
			"city":        {gateway.Address{City: "v"}, request.AddressFields{City: "f"}},
			"first name":  {gateway.Address{GivenName: "v"}, request.AddressFields{GivenName: "f"}},
			"last name":   {gateway.Address{FamilyName: "v"}, request.AddressFields{FamilyName: "f"}},
			"middle name": {gateway.Address{MiddleName: "v"}, request.AddressFields{MiddleName: "f"}},
			"customer id": {gateway.Address{CustomerID: "v"}, request.AddressFields{CustomerID: "f"}},
			"email":       {gateway.Address{Email: "v"}, request.AddressFields{Email: "f"}},
			// What theirs lacks (complaint 10).
			"company":    {gateway.Address{Company: "v"}, request.AddressFields{Company: "f"}},
			"VAT number": {gateway.Address{VATNumber: "v"}, request.AddressFields{VATNumber: "f"}},
		} {
			b := request.Address(from, c.fields)
			assert.Equal(t, `{"f":"v"}`, written(t, b, put(&c.set)), "%s of %s", name, of)
			assert.Equal(t, `{}`, written(t, b, put(&gateway.Address{})), "%s of %s: absent, not null", name, of)
		}
		lines := request.Address(from, request.AddressFields{Line1: "l1", Line2: "l2"})
		for _, c := range []struct {
			given []string
			want  string
		}{
			{[]string{"1 High St", "Flat 2"}, `{"l1":"1 High St","l2":"Flat 2"}`},
			{[]string{"1 High St"}, `{"l1":"1 High St"}`},
			{nil, `{}`},
		} {
			a := &gateway.Address{Lines: c.given}
			assert.Equal(t, c.want, written(t, lines, put(a)), "%s", of)
			assert.Equal(t, len(c.given) > 1, a.Line(2) != "")
		}
		third := &gateway.Address{Lines: []string{"a", "b", "c"}}
		assert.Equal(t, "c", third.Line(3), "and no line is lost")
	}
	assert.Empty(t, (*gateway.Address)(nil).Line(1))
}

// Magento 59 to 72: currency, number, customer and both addresses of an order or
// quote. Their currency is the shop's base currency; ours is the one that is paid.
func TestMagento59To72OrdersSayWhatTheyHold(t *testing.T) {
	t.Parallel()
	both := request.Compose(
		request.Named("billing", request.In("billing", request.Address(request.Billing, request.AddressFields{City: "city"}))),
		request.Named("shipping", request.In("shipping", request.Address(request.Shipping, request.AddressFields{City: "city"}))),
	)
	for _, o := range []*gateway.Order{{Number: "100000017", Customer: &gateway.Customer{ID: "42"}}, {Number: "reserved-18", Customer: &gateway.Customer{ID: "43", Guest: true}}} {
		assert.Equal(t, `{"currency":"CHF"}`, written(t, request.Currency("currency"), o))
		assert.Equal(t, fmt.Sprintf(`{"number":%q}`, o.Number), written(t, request.OrderNumber("number"), o))
		assert.Equal(t, fmt.Sprintf(`{"id":%q}`, o.Customer.ID), written(t, request.Customer(request.CustomerFields{ID: "id"}), o))
		assert.Equal(t, `{}`, written(t, both, o), "an address that is not there is not there")
		o.Billing = &gateway.Address{City: "London"}
		assert.Equal(t, `{"billing":{"city":"London"}}`, written(t, both, o))
		o.Shipping = &gateway.Address{City: "Madrid"}
		assert.Equal(t, `{"billing":{"city":"London"},"shipping":{"city":"Madrid"}}`, written(t, both, o))
	}
	assert.Equal(t, `{}`, written(t, request.OrderNumber("number"), nil))
}

// Complaint 5: accept and deny always say true there. Here the answer decides.
func TestMagentoComplaint5ADeniedReviewIsNoSuccess(t *testing.T) {
	t.Parallel()
	p := answering(404, `{}`)
	spec := capture(p)
	for _, op := range []gateway.Operation{gateway.OpAccept, gateway.OpDeny} {
		cmd, err := command.New(command.Name{Provider: "acme", Operation: op}, spec)
		require.NoError(t, err)
		out, err := cmd.Execute(t.Context(), subject())
		require.ErrorIs(t, err, gateway.CodeNotFound)
		assert.Empty(t, out.Status)
	}
	_, err := assemble(t, acme(p)).For("acme").Get(gateway.OpAccept).Execute(t.Context(), subject())
	require.ErrorIs(t, err, gateway.CodeUnsupported, "a command that is not there is not skipped either")
}

func readErrors(x transfer.Exchange) ([]validator.Problem, error) {
	doc, err := x.Document()
	if err != nil {
		return nil, err
	}
	var problems []validator.Problem
	for _, v := range doc.Value("errors").All() {
		problems = append(problems, validator.Problem{Codes: []string{v.Text()}})
	}
	return problems, nil
}
