package request

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// newDoc returns a document that is released when the test ends.
func newDoc(t testing.TB) *Document {
	t.Helper()
	d := NewDocument()
	t.Cleanup(d.Release)
	return d
}

// encoded returns d as JSON.
func encoded(t testing.TB, d *Document) string {
	t.Helper()
	b, err := JSON.Append(nil, d)
	require.NoError(t, err)
	return string(b)
}

// as runs f as the named part.
func as(d *Document, part string, f func()) error {
	return d.Within(part, Inherit, func() error { f(); return nil })
}

func TestADocumentEncodesInTheOrderOfTheFirstSetting(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	a := d.Object("amount")
	a.Money("value", gateway.Minor(1000, "EUR"))
	d.Text("url", "https://example.com/a?b=1&c=<2>")
	a.Text("currency", "EUR")
	d.Secret("number", gateway.NewSecret("4111111111111111"))
	l := d.List("lines")
	l.Object().Text("sku", "a")
	l.Int(4)
	l.List().Bool(true)
	l.Money(gateway.Minor(7, "EUR"))
	l.Number("1.50")
	l.Null()
	l.Secret(gateway.NewSecret("737"))
	l.Text("ö\"\\\n\t\r")
	d.Null("n")
	d.Decimal("dec", gateway.Minor(1005, "EUR"), nil)
	d.MinorUnits("clp", gateway.Minor(10, "CLP"), gateway.Exponents{"CLP": 2})
	d.Number("num", "-1.50e+7")
	d.Bool("no", false)
	assert.Equal(t, `{"amount":{"value":1000,"currency":"EUR"},"url":"https://example.com/a?b=1&c=<2>","number":"4111111111111111",`+
		`"lines":[{"sku":"a"},4,[true],7,1.50,null,"737","ö\"\\\n\t\r"],"n":null,"dec":"10.05","clp":1000,"num":-1.50e+7,"no":false}`, encoded(t, d))
	assert.Equal(t, "application/json", JSON.ContentType())
}

func TestOptionalSettersLeaveAbsentFieldsAbsent(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	d.OptText("a", "")
	d.OptInt("b", 0)
	d.OptBool("c", false)
	d.OptSecret("d", gateway.Secret{})
	d.OptMoney("e", gateway.Money{})
	assert.Equal(t, `{}`, encoded(t, d))
	d.OptText("a", "x")
	d.OptInt("b", 1)
	d.OptBool("c", true)
	d.OptSecret("d", gateway.NewSecret("s"))
	d.OptMoney("e", gateway.Minor(0, "EUR"))
	assert.Equal(t, `{"a":"x","b":1,"c":true,"d":"s","e":0}`, encoded(t, d))
}

func TestTheFirstMistakeSticksAndNamesFieldAndPart(t *testing.T) {
	t.Parallel()
	secret := gateway.NewSecret("4111\x001111")
	tests := map[string]struct {
		set  func(d *Document)
		want string
	}{
		"unknown currency":    {func(d *Document) { d.Object("amount").Money("value", gateway.Minor(1, "EURO")) }, `field "amount/value": unknown currency`},
		"no amount":           {func(d *Document) { d.Money("value", gateway.Money{}) }, `field "value": the amount has no currency`},
		"too many decimals":   {func(d *Document) { d.Decimal("v", gateway.Minor(1001, "CLF"), gateway.Exponents{"CLF": 2}) }, `field "v": `},
		"minor units":         {func(d *Document) { d.MinorUnits("v", gateway.Minor(1<<62, "ISK"), gateway.Exponents{"ISK": 2}) }, `field "v": `},
		"text not UTF-8":      {func(d *Document) { d.Text("name", "a\xffb") }, `field "name": the text is not UTF-8`},
		"NUL in text":         {func(d *Document) { d.List("l").Text("\x00") }, `field "l/0": the text`},
		"control character":   {func(d *Document) { d.Text("name", "a\x1bb") }, `field "name": the text`},
		"DEL":                 {func(d *Document) { d.Text("name", "abcdefgh\x7f") }, `field "name": the text`},
		"control, long text":  {func(d *Document) { d.Text("name", "abcdefghijklmnop\x01qrstuvwxyz") }, `field "name": the text`},
		"secret not text":     {func(d *Document) { d.Secret("number", secret) }, `field "number": the text`},
		"empty name":          {func(d *Document) { d.Object("a").Text("", "x") }, `a field of "a" has no name`},
		"name with NUL":       {func(d *Document) { d.Text("a\x00", "x") }, `the name "a\x00" is not UTF-8`},
		"object without name": {func(d *Document) { d.Object("") }, `has no name`},
		"list without name":   {func(d *Document) { d.List("") }, `has no name`},
		"number":              {func(d *Document) { d.Number("n", "01") }, `field "n": the text is no JSON number`},
		"empty number":        {func(d *Document) { d.Number("n", "") }, `field "n": the text is no JSON number`},
		"NaN":                 {func(d *Document) { d.List("n").Number("NaN") }, `field "n/0": the text is no JSON number`},
		"protect nothing":     {func(d *Document) { d.Protect("") }, `an empty path names no field`},
		"require nothing":     {func(d *Document) { d.Require("") }, `an empty path names no field`},
		"remove nothing":      {func(d *Document) { d.Remove("") }, `an empty path names no field`},
		"own error":           {func(d *Document) { d.Fail(errors.New("no address")) }, `no address`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoc(t)
			err := d.Within("order", Inherit, func() error {
				return as(d, "lines", func() {
					tt.set(d)
					d.Text("later", "x\x00") // only the first is reported
				})
			})
			require.ErrorContains(t, err, tt.want)
			assert.Equal(t, gateway.CodeInvalid, gateway.CodeOf(err))
			var e *gateway.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "order/lines", e.Part)
			assert.Same(t, err, d.Err())
			assert.Same(t, err, d.Check())
			assert.NotContains(t, err.Error(), "4111")
			for _, enc := range []Encoder{JSON, Form, XML("r")} {
				out, encErr := enc.Append([]byte("kept"), d)
				assert.Same(t, err, encErr)
				assert.Equal(t, "kept", string(out))
			}
		})
	}
}

func TestFailKeepsTheErrorsOwnCode(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	d.Fail(nil)
	require.NoError(t, d.Err())
	d.Fail(gateway.Errorf(gateway.CodeUnsupported, "no"))
	assert.Equal(t, gateway.CodeUnsupported, gateway.CodeOf(d.Err()))
	d.Fail(context.Canceled)
	require.NotErrorIs(t, d.Err(), context.Canceled)
	other := newDoc(t)
	other.Fail(context.Canceled)
	require.ErrorIs(t, other.Err(), context.Canceled)
}

func TestTwoPartsSettingOneFieldIsAnErrorThatNamesBoth(t *testing.T) {
	t.Parallel()
	leaf := func(d *Document) { d.Object("amount").Int("value", 1) }
	tests := map[string]struct {
		first, second func(d *Document)
		parts         [2]string
		want          string
	}{
		"two parts":         {leaf, leaf, [2]string{"amount", "currency"}, `field "amount/value" is set by "amount" and by "currency"`},
		"same part":         {leaf, leaf, [2]string{"amount", "amount"}, `field "amount/value" is set twice by "amount"`},
		"no parts":          {leaf, leaf, [2]string{}, `field "amount/value" is set twice`},
		"one without name":  {leaf, leaf, [2]string{"", "amount"}, `once by "amount" and once outside of the parts`},
		"value over object": {leaf, func(d *Document) { d.Int("amount", 1) }, [2]string{"a", "b"}, `field "amount" is an object by "a" and a value by "b"`},
		"object over value": {func(d *Document) { d.Int("amount", 1) }, leaf, [2]string{"a", "b"}, `field "amount" is a value by "a" and an object by "b"`},
		"list over object":  {leaf, func(d *Document) { d.List("amount") }, [2]string{"a", "b"}, `field "amount" is an object by "a" and a list by "b"`},
		"list over list":    {func(d *Document) { d.List("l").Int(1) }, func(d *Document) { d.List("l").Int(2) }, [2]string{"a", "b"}, `field "l" is set by "a" and by "b"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoc(t)
			require.NoError(t, as(d, tt.parts[0], func() { tt.first(d) }))
			require.ErrorContains(t, as(d, tt.parts[1], func() { tt.second(d) }), tt.want)
		})
	}
}

func TestTheSamePartMayGoOnWithItsListAndAnyPartMayAppend(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	require.NoError(t, as(d, "a", func() { d.List("l").Int(1); d.List("l").Int(2) }))
	require.NoError(t, as(d, "b", func() { d.Append("l").Int(3); d.Append("new").Int(4) }))
	assert.Equal(t, `{"l":[1,2,3],"new":[4]}`, encoded(t, d))
}

func TestWithinJoinsNamesAndRestores(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	boom := errors.New("boom")
	err := d.Within("order", Inherit, func() error {
		_ = d.Within("", Overwrite, func() error {
			d.Text("x", "1")
			d.Text("x", "2")
			assert.Equal(t, "order", d.Part())
			return nil
		})
		_ = as(d, "lines", func() { d.Object("lines").Text("sku", "a") })
		d.Text("own", "1")
		return boom
	})
	require.Same(t, boom, err)
	assert.Empty(t, d.Part())
	d.Text("outside", "1")
	assert.Equal(t, "order/lines", d.Origin("lines/sku"))
	assert.Equal(t, "order", d.Origin("own"))
	assert.Equal(t, "order", d.Origin("x"))
	assert.Empty(t, d.Origin("outside"))
	assert.Empty(t, d.Origin("nowhere"))
	assert.Panics(t, func() { _ = as(d, "p", func() { panic("a builder's own") }) })
	assert.Empty(t, d.Part(), "the part is restored when a builder panics")
	require.NoError(t, d.Within("releases", Inherit, func() error { d.Release(); return nil }))
	require.ErrorContains(t, as(d, "late", func() {}), "released")
}

func TestAReleasedDocumentIsStale(t *testing.T) {
	t.Parallel()
	for _, children := range []int{1, 2 * keepNodes} { // kept in the pool, and too large for it
		d := NewDocument()
		d.Text("secret", "old")
		n, l, v := d.Object("o"), d.List("l"), d.Value("secret")
		for i := range children {
			n.Int(fmt.Sprint("k", i), 1)
		}
		d.Release()
		d.Release()

		var wg sync.WaitGroup
		next := NewDocument() // most likely the same memory
		next.Text("secret", "new")
		next.Object("o").Text("a", "new")
		next.List("l").Text("new")
		before := encoded(t, next)
		wg.Go(func() { // under -race: looking through a stale handle is no race
			assert.Empty(t, v.Text())
			assert.False(t, d.Has("secret"))
		})
		n.Text("hacked", "x")
		n.Object("hacked").Text("x", "y")
		n.List("hacked").Int(1)
		n.Remove("a")
		n.Protect("a")
		l.Text("hacked")
		l.Object().Text("x", "y")
		d.Text("hacked", "x")
		d.Seal()
		d.Fail(errors.New("hacked"))
		require.ErrorContains(t, d.Struct(struct{ A int }{1}), "released")
		assert.Empty(t, d.String())
		assert.Empty(t, d.Digest())
		assert.False(t, d.Sealed())
		require.NoError(t, d.Err())
		require.ErrorContains(t, d.Check(), "released")
		assert.Equal(t, KindAbsent, d.Root().Kind())
		assert.Equal(t, `{}`, encoded(t, d.Clone()))
		_, found := d.Find("o")
		assert.False(t, found)
		_, err := JSON.Append(nil, d)
		require.ErrorContains(t, err, "released")
		wg.Wait()
		require.NoError(t, next.Err())
		assert.Equal(t, before, encoded(t, next))
		next.Release()
	}
}

func TestZeroHandlesIgnoreEverything(t *testing.T) {
	t.Parallel()
	var (
		d Document
		n Node
		l List
		v Value
	)
	assert.NotPanics(t, func() {
		n.Text("a", "b")
		n.Object("a").List("b").Object().Int("c", 1)
		l.List().Object().Text("a", "b")
		_ = v.Get("a").At(1).Path("x/y").Text()
		for range v.All() {
			t.Error("nothing is there")
		}
		for range v.Items() {
			t.Error("nothing is there")
		}
		d.Walk(func(string, Value) bool { t.Error("nothing is there"); return true })
		d.Release()
		_ = d.Clone()
	})
	_, err := v.Int()
	require.Error(t, err)
	assert.False(t, v.Bool())
	assert.True(t, v.Secret().IsZero())
	assert.Empty(t, v.Raw())
	assert.Zero(t, v.Len())
}

func TestACloneIsIndependent(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	require.NoError(t, as(d, "p", func() {
		for i := range 40 {
			d.Object("many").Int(fmt.Sprint("k", i), int64(i))
		}
		d.Secret("s", gateway.NewSecret("v"))
		d.Protect("s")
		d.Require("r")
	}))
	d.Seal()
	c := d.Clone()
	defer c.Release()
	assert.Equal(t, encoded(t, d), encoded(t, c))
	assert.Equal(t, "p", c.Origin("many/k7"))
	assert.True(t, c.Sealed())
	require.ErrorContains(t, c.Check(), "required fields are missing: r")
	c.Object("many").Int("new", 1)
	c.Text("r", "")
	require.NoError(t, c.Check())
	assert.False(t, d.Has("many/new"))
	c.Remove("s")
	require.ErrorContains(t, c.Err(), "protected")
	require.NoError(t, d.Err())
}

func TestDeepNestingIsAMistakeAndNoPanic(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	n := d.Node
	for range 100_000 {
		n = n.Object("a")
	}
	require.ErrorContains(t, d.Err(), "deeper than 64 levels")
	d = newDoc(t)
	l := d.List("a")
	for range 100_000 {
		l = l.List()
	}
	require.ErrorContains(t, d.Err(), "deeper than 64 levels")
	d = newDoc(t)
	n = d.Node
	for range maxDepth - 1 {
		n = n.Object("a")
	}
	require.NoError(t, d.Err())
	n.Text("leaf", "x")
	p, err := ParseJSON([]byte(encoded(t, d)), Limits{})
	require.NoError(t, err, "what can be built can be parsed")
	p.Release()
}

func TestRemoveAndUseAfterwards(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	a := d.Object("a")
	a.Object("b").Text("c", "1")
	l := d.List("l")
	for i := range 40 {
		l.Int(int64(i))
	}
	d.Remove("nothing/here")
	d.Remove("l/1")
	d.Remove("l/1")
	d.Remove("a/b/c")
	assert.Equal(t, 38, d.Value("l").Len())
	assert.Equal(t, "3", d.Value("l/1").Raw())
	assert.True(t, d.Has("a/b"))
	a.Text("d", "2")
	d.Remove("a")
	assert.False(t, d.Has("a"))
	d.Object("a").Text("e", "3") // again, at the end
	assert.Equal(t, `{"e":"3"}`, d.Value("a").String())
	a.Text("late", "x")
	require.ErrorContains(t, d.Err(), "removed")
}

func TestManyFieldsAreFoundRemovedAndAddedAgain(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	for i := range 1000 {
		d.Int(fmt.Sprint("k", i), int64(i))
	}
	for i := 0; i < 1000; i += 2 {
		d.Remove(fmt.Sprint("k", i))
	}
	assert.Equal(t, 500, d.Root().Len())
	for i := range 1000 {
		assert.Equal(t, i%2 == 1, d.Has(fmt.Sprint("k", i)))
	}
	for i := 0; i < 1000; i += 2 {
		d.Int(fmt.Sprint("k", i), int64(-i))
	}
	for i := range 1000 {
		want := int64(i)
		if i%2 == 0 {
			want = int64(-i)
		}
		v, err := d.Value(fmt.Sprint("k", i)).Int()
		require.NoError(t, err)
		assert.Equal(t, want, v)
	}
	assert.Equal(t, 1000, d.Root().Len())
}

func TestDigestKnowsThatASecretIsThereAndNotWhich(t *testing.T) {
	t.Parallel()
	digest := func(f func(d *Document)) string {
		d := newDoc(t)
		f(d)
		return d.Digest()
	}
	base := digest(func(d *Document) { d.Text("a", "1"); d.Secret("s", gateway.NewSecret("x")) })
	assert.Len(t, base, 64)
	assert.Equal(t, base, digest(func(d *Document) { d.Secret("s", gateway.NewSecret("y")); d.Text("a", "1") }), "other secret, other order")
	for name, f := range map[string]func(d *Document){
		"no secret":       func(d *Document) { d.Text("a", "1") },
		"masked text":     func(d *Document) { d.Text("a", "1"); d.Text("s", "***") },
		"text secret":     func(d *Document) { d.Text("a", "1"); d.Text("s", "secret") },
		"number for text": func(d *Document) { d.Int("a", 1); d.Secret("s", gateway.NewSecret("x")) },
		"other value":     func(d *Document) { d.Text("a", "2"); d.Secret("s", gateway.NewSecret("x")) },
		"deeper":          func(d *Document) { d.Object("o").Text("a", "1"); d.Secret("s", gateway.NewSecret("x")) },
		"null":            func(d *Document) { d.Null("a"); d.Secret("s", gateway.NewSecret("x")) },
	} {
		assert.NotEqual(t, base, digest(f), name)
	}
	lists := digest(func(d *Document) { l := d.List("l"); l.Int(1); l.Int(2) })
	assert.NotEqual(t, lists, digest(func(d *Document) { l := d.List("l"); l.Int(2); l.Int(1) }), "the order of a list counts")
}

func TestNoPrintingShowsASecret(t *testing.T) {
	t.Parallel()
	const pan = "4111111111111111"
	d := newDoc(t)
	d.Secret("number", gateway.NewSecret(pan))
	d.List("l").Secret(gateway.NewSecret(pan))
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		_, _ = fmt.Fprintf(&out, verb, d)
		_, _ = fmt.Fprintf(&out, verb, *d)
		_, _ = fmt.Fprintf(&out, verb, d.Node)
		_, _ = fmt.Fprintf(&out, verb, d.Root())
		_, _ = fmt.Fprintf(&out, verb, d.Value("number"))
		_, _ = fmt.Fprintf(&out, verb, struct{ D any }{d})
	}
	d.Walk(func(_ string, v Value) bool { out.WriteString(v.Text() + v.Raw() + v.String()); return true })
	assert.NotContains(t, out.String(), pan)
	assert.Equal(t, `{"number":"***","l":["***"]}`, d.String())
	assert.Contains(t, encoded(t, d), pan)
}
