package request_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// build runs a builder on a new document, seals it and returns what would be sent.
func build(t *testing.T, b request.Builder, s gateway.Subject) (string, error) {
	t.Helper()
	doc := request.NewDocument()
	defer doc.Release()
	if err := b.Build(t.Context(), s, doc); err != nil {
		return "", err
	}
	doc.Seal()
	if err := doc.Check(); err != nil {
		return "", err
	}
	body, err := request.JSON.Append(nil, doc)
	return string(body), err
}

func compose(parts ...request.Part) request.BuilderComposite { return request.Compose(parts...) }

func field(name, key, value string) request.Part {
	return request.Named(name, request.Fixed(key, value))
}

// Magento 12: no builders build nothing.
func TestAnEmptyCompositeBuildsNothing(t *testing.T) {
	t.Parallel()
	got, err := build(t, compose(), gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, "{}", got)
	assert.True(t, compose().IsZero())
}

// list is a builder that writes a list of texts, and nested a map.
func list(name string, values ...string) request.Builder {
	return request.Write(func(_ gateway.Subject, doc *request.Document) {
		l := doc.List(name)
		for _, v := range values {
			l.Text(v)
		}
	})
}

func inMap(key, value string) request.Builder {
	return request.In("nested/map", request.Fixed(key, value))
}

// Magento 13, M4: three builders share a nested map; how they merge is the composite's choice.
func TestM4BuildersMergeAsTheCompositeSays(t *testing.T) {
	t.Parallel()
	parts := []request.Part{
		request.Named("one", compose(request.Named("map", inMap("a", "1")), request.Named("list", list("list", "1", "2", "3")), field("text", "text", "1"))),
		request.Named("two", compose(request.Named("map", inMap("b", "2")), request.Named("list", list("list", "9")), field("text", "text", "2"))),
		request.Named("three", inMap("a", "3")),
	}
	got, err := build(t, compose(parts...).With(request.DeepMerge), gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, `{"nested":{"map":{"a":"3","b":"2"}},"list":["9","2","3"],"text":"2"}`, got, "as Magento's array_replace_recursive: later wins, maps merge, lists by element")
	got, err = build(t, compose(parts...).With(request.Overwrite), gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, `{"nested":{"map":{"a":"3","b":"2"}},"list":["9"],"text":"2"}`, got)

	_, err = build(t, compose(parts...), gateway.Subject{})
	require.ErrorIs(t, err, gateway.CodeInvalid, "unless told otherwise, two builders that set one field are an error")
	require.ErrorContains(t, err, `"one/list"`)
	require.ErrorContains(t, err, `"two/list"`)
	// A nested composite may have its own policy.
	got, err = build(t, compose(request.Named("merged", compose(parts...).With(request.DeepMerge)), field("more", "more", "x")), gateway.Subject{})
	require.NoError(t, err)
	assert.Contains(t, got, `"more":"x"`)
	assert.Equal(t, request.DeepMerge, compose().With(request.DeepMerge).Policy())
}

// M4: a part that is costly to make is made at the first build that needs it.
func TestM4LazyPartsAreMadeWhenTheyAreNeeded(t *testing.T) {
	t.Parallel()
	made, fail := 0, true
	lazy := request.Lazy(func(context.Context) (request.Builder, error) {
		made++
		if fail {
			return nil, errors.New("no database")
		}
		return request.Fixed("a", "1"), nil
	})
	c := compose(request.Named("skipped", request.When(func(gateway.Subject) bool { return false }, lazy)), request.Named("used", lazy))
	require.NoError(t, c.Check())
	assert.Zero(t, made)
	_, err := build(t, c, gateway.Subject{})
	require.ErrorContains(t, err, "used: invalid: no database")
	fail = false
	for range 3 {
		got, err := build(t, c, gateway.Subject{})
		require.NoError(t, err)
		assert.Equal(t, `{"a":"1"}`, got)
	}
	assert.Equal(t, 2, made, "a failing make is tried again, a made one is kept")
	_, err = build(t, request.Lazy(func(context.Context) (request.Builder, error) { return nil, nil }), gateway.Subject{})
	require.ErrorIs(t, err, gateway.CodeInternal, "a nil builder cannot crash")
	require.Error(t, compose(request.Named("x", request.Lazy(nil))).Check())
}

func TestAnErrorNamesThePartOnce(t *testing.T) {
	t.Parallel()
	for want, b := range map[string]request.Builder{
		"order/lines: invalid: boom": request.Func(func(context.Context, gateway.Subject, *request.Document) error { return errors.New("boom") }),
		"order/lines: not_found: no such": request.Func(func(context.Context, gateway.Subject, *request.Document) error {
			return gateway.Errorf(gateway.CodeNotFound, "no such")
		}),
		"order/lines: invalid: field":                                         request.Write(func(_ gateway.Subject, doc *request.Document) { doc.Text("x", "\x00") }),
		"order/lines: internal: the builder panicked: its value is not shown": request.Write(func(gateway.Subject, *request.Document) { panic("sk_live_1") }),
		"order/lines: internal: the builder panicked: runtime error":          request.Write(func(gateway.Subject, *request.Document) { _ = []int{}[len("x")] }),
	} {
		_, err := build(t, compose(request.Named("order", compose(request.Named("lines", b)))), gateway.Subject{})
		require.ErrorContains(t, err, want)
	}
}

func TestACompositeIsAValueThatNeverChanges(t *testing.T) {
	t.Parallel()
	c := compose(field("a", "a", "1"), request.Named("in", compose(field("b", "b", "2"))))
	_, err := c.Apply([]request.Edit{
		request.Replace("in/b", request.Fixed("b", "3")), request.InsertBefore("a", field("first", "first", "x")), request.InsertAfter("a", field("second", "second", "x")),
		request.Prepend(field("zero", "zero", "x")), request.Append(field("last", "last", "x")), request.Wrap("a", func(b request.Builder) request.Builder { return request.In("deep", b) }),
	}, []request.Edit{request.Remove("in/nothing")})
	require.ErrorContains(t, err, `"in/nothing", which is not there (has b)`)
	edited, err := c.Apply([]request.Edit{request.Replace("in/b", request.Fixed("b", "3")), request.Prepend(field("zero", "zero", "x"))})
	require.NoError(t, err)
	got, err := build(t, edited, gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, `{"zero":"x","a":"1","b":"3"}`, got)
	got, err = build(t, c, gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, `{"a":"1","b":"2"}`, got)
}

func TestInWritesIntoAnObjectAndLeavesNoEmptyOne(t *testing.T) {
	t.Parallel()
	c := compose(request.Named("x", request.In("a/b", request.Fixed("c", "1"))), request.Named("y", request.In("a/b", request.Fixed("d", "2"))),
		request.Named("empty", request.In("e/f", request.Text("g", func(gateway.Subject) string { return "" }))))
	got, err := build(t, c, gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, `{"a":{"b":{"c":"1","d":"2"}}}`, got)
	edited, err := compose(request.Named("amount", request.In("amount", compose(request.Named("value", request.Amount("value")))))).
		Apply([]request.Edit{request.Replace("amount/value", request.Fixed("value", "x"))})
	require.NoError(t, err, "edits reach into a composite inside In")
	got, err = build(t, edited, gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, `{"amount":{"value":"x"}}`, got)
	for _, bad := range []request.Builder{request.In("", request.Fixed("a", "b")), request.In("a", nil), request.When(nil, nil)} {
		require.Error(t, compose(request.Named("x", bad)).Check())
	}
}

type increment struct {
	Amount      int64  `json:"amount" validate:"gt=0" request:"protected"`
	Description string `json:"description,omitempty" validate:"max=10"`
	Card        string `json:"card,omitempty" validate:"omitempty,credit_card"`
}

// W1, W2, W4: a typed request, validated by its tags, sent as its names say.
func TestW1W2W4ATypedRequestIsValidatedAndWritten(t *testing.T) {
	t.Parallel()
	typed := func(v increment) request.Builder {
		return compose(request.Named("increment", request.Typed(func(context.Context, gateway.Subject) (increment, error) { return v, nil })))
	}
	got, err := build(t, typed(increment{Amount: 10, Description: "more"}), gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, `{"amount":10,"description":"more"}`, got)
	_, err = build(t, typed(increment{Description: "far too long a text", Card: "4111111111111112"}), gateway.Subject{})
	require.ErrorIs(t, err, gateway.CodeInvalid)
	for _, want := range []string{"increment: ", "amount", "gt", "description", "max", "card"} {
		require.ErrorContains(t, err, want, "every broken rule is told")
	}
	assert.NotContains(t, err.Error(), "4111", "and no value")
	_, err = build(t, compose(request.Named("x", request.Typed(func(context.Context, gateway.Subject) (increment, error) { return increment{}, errors.New("no order") }))), gateway.Subject{})
	require.ErrorContains(t, err, "no order")
	require.Error(t, compose(request.Named("x", request.Typed[increment](nil))).Check())
	require.ErrorContains(t, compose(request.Named("x", request.Typed(func(context.Context, gateway.Subject) (struct {
		F float64 `json:"f"`
	}, error,
	) {
		panic("never")
	}))).Check(), "float")
}

// W5: a generic request explores an API with what the subject holds.
func TestW5AGenericRequestSendsWhatTheSubjectHolds(t *testing.T) {
	t.Parallel()
	s := gateway.Subject{Extras: gateway.With(request.Parameters.Of(func(doc *request.Document) { doc.Int("limit", 3); doc.Object("a").Text("b", "c") }))}
	got, err := build(t, compose(request.Named("generic", request.Generic())), s)
	require.NoError(t, err)
	assert.Equal(t, `{"limit":3,"a":{"b":"c"}}`, got)
	got, err = build(t, request.Generic(), gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, "{}", got)
	stored, err := s.Extras.Stored()
	require.NoError(t, err)
	assert.Empty(t, stored, "it is for development: never stored")
}

func TestStockBuildersWriteWhatTheSubjectHas(t *testing.T) {
	t.Parallel()
	eur := gateway.Minor(1050, "EUR")
	s := gateway.Subject{
		Operation: "op_1", Target: "t_1", Amount: eur, ReturnURL: "https://shop.test/r", Instrument: &gateway.Instrument{Token: gateway.NewSecret("tok")},
		Order: &gateway.Order{
			Number: "17", Description: "two", Metadata: map[string]string{"b": "2", "a": "1"},
			Billing:  &gateway.Address{GivenName: "Ada", FamilyName: "L", Lines: []string{"1 High St"}, City: "London", Country: "GB"},
			Shipping: &gateway.Address{Lines: []string{"a", "b"}},
			Customer: &gateway.Customer{ID: "c1", Email: "a@b.test"},
			Browser:  &gateway.Browser{UserAgent: "x", ColorDepth: 24, TimeZoneOffset: -60},
			Lines:    []gateway.Line{{SKU: "s", Name: "n", Quantity: 2, Price: eur, Tax: gateway.Minor(10, "EUR"), TaxRate: 2100}},
		},
	}
	for name, c := range map[string]struct {
		b    request.Builder
		want string
		bare string // with an empty subject; "error" when it is refused
	}{
		"amount":      {request.Amount("a"), `{"a":1050}`, "error"},
		"amount in":   {request.AmountIn("a", gateway.Exponents{"EUR": 4}), `{"a":105000}`, "error"},
		"decimal":     {request.DecimalAmount("a", nil), `{"a":"10.50"}`, "error"},
		"currency":    {request.Currency("c"), `{"c":"EUR"}`, "error"},
		"lower":       {request.LowerCurrency("c"), `{"c":"eur"}`, "error"},
		"reference":   {request.Reference("r"), `{"r":"op_1"}`, "{}"},
		"target":      {request.Target("t"), `{"t":"t_1"}`, "error"},
		"token":       {request.Token("t"), `{"t":"tok"}`, "error"},
		"return":      {request.ReturnURL("u"), `{"u":"https://shop.test/r"}`, "{}"},
		"number":      {request.OrderNumber("n"), `{"n":"17"}`, "{}"},
		"description": {request.Description("d"), `{"d":"two"}`, "{}"},
		"metadata":    {request.Metadata("m"), `{"m":{"a":"1","b":"2"}}`, "{}"},
		"billing":     {request.Address(request.Billing, request.AddressFields{Name: "name", Line1: "l1", Line2: "l2", City: "city", Country: "cc"}), `{"name":"Ada L","l1":"1 High St","city":"London","cc":"GB"}`, "{}"},
		"shipping":    {request.Address(request.Shipping, request.AddressFields{Lines: "lines"}), `{"lines":"a, b"}`, "{}"},
		"customer":    {request.Customer(request.CustomerFields{ID: "id", Email: "mail", Phone: "phone"}), `{"id":"c1","mail":"a@b.test"}`, "{}"},
		"browser":     {request.Browser(request.BrowserFields{UserAgent: "ua", ColorDepth: "depth", TimeZoneOffset: "tz", Java: "java"}), `{"ua":"x","depth":24,"tz":-60,"java":false}`, "{}"},
		"lines":       {request.Lines("l", request.LineFields{SKU: "sku", Quantity: "q", Price: "p", Total: "t", Tax: "tax", TaxRate: "rate", Kind: "kind"}), `{"l":[{"sku":"s","kind":"product","q":2,"p":1050,"t":2100,"tax":10,"rate":2100}]}`, "{}"},
		"fixed":       {request.Fixed("f", "x"), `{"f":"x"}`, `{"f":"x"}`},
	} {
		got, err := build(t, compose(request.Named("p", c.b)), s)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
		got, err = build(t, compose(request.Named("p", c.b)), gateway.Subject{})
		if c.bare == "error" {
			require.ErrorIs(t, err, gateway.CodeInvalid, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.bare, got, name)
	}
	s.Lines = []gateway.Line{{SKU: "partial", Quantity: 1, Price: eur}}
	got, err := build(t, request.Lines("l", request.LineFields{SKU: "sku"}), s)
	require.NoError(t, err)
	assert.Equal(t, `{"l":[{"sku":"partial"}]}`, got, "what is captured or refunded comes before the order's lines")
}

func TestProtectAndRequireAreParts(t *testing.T) {
	t.Parallel()
	_, err := build(t, compose(field("a", "a", "1"), request.Named("protect", request.Protect("b"))), gateway.Subject{})
	require.ErrorContains(t, err, `field "b" is to be protected`)
	_, err = build(t, compose(field("a", "a", "1"), request.Named("require", request.Require("a", "b", "c/d"))), gateway.Subject{})
	require.ErrorContains(t, err, "b, c/d", "all that is missing is told at once")
}

// filtered builds, seals, filters and checks as a command does.
func filtered(t *testing.T, b request.BuilderComposite, filter request.Builder) (string, error) {
	t.Helper()
	doc := request.NewDocument()
	defer doc.Release()
	s := gateway.Subject{Amount: gateway.Minor(1000, "EUR")}
	require.NoError(t, b.Build(t.Context(), s, doc))
	doc.Seal()
	if err := compose(request.Named("filter", filter)).Build(t.Context(), s, doc); err != nil {
		return "", err
	}
	if err := doc.Check(); err != nil {
		return "", err
	}
	body, err := request.JSON.Append(nil, doc)
	return string(body), err
}

// W6 to W9: a filter may change what is not protected, and nothing else, by no route.
func TestW7AFilterCannotChangeAProtectedField(t *testing.T) {
	t.Parallel()
	base := compose(request.Named("amount", request.In("amount", compose(request.Named("value", request.Amount("value"))))), field("note", "note", "x"))
	for name, write := range map[string]func(doc *request.Document){
		"change":             func(doc *request.Document) { doc.Object("amount").Int("value", 1) },
		"change to the same": func(doc *request.Document) { doc.Object("amount").Text("value", "1000") },
		"remove":             func(doc *request.Document) { doc.Remove("amount/value") },
		"remove the parent":  func(doc *request.Document) { doc.Remove("amount") },
		"remove and re-add":  func(doc *request.Document) { doc.Remove("amount"); doc.Object("amount").Int("value", 1000) },
		"replace the parent": func(doc *request.Document) { doc.Text("amount", "1") },
		"other case":         func(doc *request.Document) { doc.Object("amount").Int("VALUE", 1) },
		"parent, other case": func(doc *request.Document) { doc.Object("Amount").Int("value", 1) },
		"overwrite policy": func(doc *request.Document) {
			_ = doc.Within("x", request.Overwrite, func() error { doc.Object("amount").Int("value", 1); return nil })
		},
	} {
		_, err := filtered(t, base, request.Write(func(_ gateway.Subject, doc *request.Document) { write(doc) }))
		require.ErrorIs(t, err, gateway.CodeInvalid, name)
		require.ErrorContains(t, err, "protected", name)
	}
	got, err := filtered(t, base, request.Write(func(_ gateway.Subject, doc *request.Document) {
		doc.Text("note", "changed")
		doc.Text("more", "added")
		doc.Object("metadata").Text("k", "v")
	}))
	require.NoError(t, err)
	assert.Equal(t, `{"amount":{"value":1000},"note":"changed","more":"added","metadata":{"k":"v"}}`, got)
}

// W7: not even through a node that was kept from before the seal.
func TestW7AKeptNodeIsNoWayAroundProtection(t *testing.T) {
	t.Parallel()
	var kept request.Node
	base := compose(request.Named("amount", request.Write(func(_ gateway.Subject, doc *request.Document) {
		kept = doc.Object("amount")
		kept.Int("value", 1000)
		doc.Protect("amount/value")
	})))
	_, err := filtered(t, base, request.Write(func(gateway.Subject, *request.Document) { kept.Int("value", 1) }))
	require.ErrorContains(t, err, "protected")
}

// W8: a filter gets the context, the subject and then the request, and may refuse.
func TestW8AFilterMayRefuse(t *testing.T) {
	t.Parallel()
	type key struct{}
	var seen gateway.Money
	doc := request.NewDocument()
	defer doc.Release()
	err := compose(request.Named("limit", request.Func(func(ctx context.Context, s gateway.Subject, _ *request.Document) error {
		assert.Equal(t, "context", ctx.Value(key{}))
		seen = s.Amount
		return gateway.Errorf(gateway.CodeUnsupported, "not on Sundays")
	}))).Build(context.WithValue(t.Context(), key{}, "context"), gateway.Subject{Amount: gateway.Minor(1, "EUR")}, doc)
	require.ErrorIs(t, err, gateway.CodeUnsupported)
	assert.Equal(t, gateway.Minor(1, "EUR"), seen)
}
