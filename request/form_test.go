package request

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	stripeform "github.com/stripe/stripe-go/v85/form"
	"pgregory.net/rapid"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

func formDoc(t testing.TB) *Document {
	d := newDoc(t)
	a := d.Object("amount")
	a.Int("value", 1000)
	a.Text("currency", "EUR")
	l := d.List("lines")
	l.Object().Text("sku", "a b&c=d+é/~")
	l.Object().List("tags").Text("x")
	d.Bool("capture", false)
	d.Null("unset")
	d.Secret("card", gateway.NewSecret("4111"))
	d.Number("rate", "1e+5")
	d.Object("empty")
	d.List("none")
	return d
}

func TestFormNestsInBracketsAndIndexesLists(t *testing.T) {
	t.Parallel()
	out, err := Form.Append(nil, formDoc(t))
	require.NoError(t, err)
	assert.Equal(t, "amount[value]=1000&amount[currency]=EUR&lines[0][sku]=a+b%26c%3Dd%2B%C3%A9%2F~&lines[1][tags][0]=x"+
		"&capture=false&unset=&card=4111&rate=1e%2B5&none=", string(out))
	assert.Equal(t, "application/x-www-form-urlencoded", Form.ContentType())
	values, err := url.ParseQuery(string(out))
	require.NoError(t, err)
	assert.Equal(t, "a b&c=d+é/~", values.Get("lines[0][sku]"))
}

func TestFormStylesOfOtherProviders(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	d.Object("a").List("l").Int(1)
	d.Object("a").List("l").Int(2)
	for _, tt := range []struct {
		o    FormOptions
		want string
	}{
		{FormOptions{}, "a[l][0]=1&a[l][1]=2"},
		{FormOptions{Lists: ListsEmpty}, "a[l][]=1&a[l][]=2"},
		{FormOptions{Lists: ListsRepeat}, "a[l]=1&a[l]=2"},
		{FormOptions{Separator: SeparatorDots}, "a.l.0=1&a.l.1=2"},
		{FormOptions{Separator: SeparatorDots, Lists: ListsRepeat}, "a.l=1&a.l=2"},
	} {
		out, err := NewForm(tt.o).Append(nil, d)
		require.NoError(t, err)
		assert.Equal(t, tt.want, string(out))
	}
	d.List("objects").Object().Int("x", 1)
	for _, style := range []ListStyle{ListsEmpty, ListsRepeat} {
		out, err := NewForm(FormOptions{Lists: style}).Append([]byte("kept"), d)
		require.ErrorContains(t, err, `"objects/0"`)
		assert.Equal(t, "kept", string(out))
	}
}

func TestTwoFieldsNeverShareOneWireName(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"a[b]":1}`, `{"a":{"b]":1}}`, `{"a":{"[":1}}`, `{"":1}`, `{"a":{"":1}}`} {
		_, err := Form.Append(nil, parsed(t, body))
		require.Error(t, err, body)
	}
	_, err := NewForm(FormOptions{Separator: SeparatorDots}).Append(nil, parsed(t, `{"a.b":1}`))
	require.Error(t, err)
	out, err := Form.Append(nil, parsed(t, `{"a.b":1}`))
	require.NoError(t, err)
	assert.Equal(t, "a.b=1", string(out))
}

func TestFormSaysWhatStripesOwnLibrarySays(t *testing.T) {
	t.Parallel()
	type line struct {
		Price string            `form:"price"`
		Meta  map[string]string `form:"metadata"`
	}
	type params struct {
		Amount   *int64   `form:"amount"`
		Currency *string  `form:"currency"`
		Capture  *bool    `form:"capture"`
		Expand   []string `form:"expand"`
		Lines    []*line  `form:"line_items"`
		Shipping *struct {
			Name string `form:"name"`
		} `form:"shipping"`
		None []string `form:"none"`
	}
	text := rapid.StringMatching(`[a-zA-Z0-9 &=+%/~é😀"'<>.,;:!?@#_-]{1,20}`)
	rapid.Check(t, func(rt *rapid.T) {
		amount, capture := rapid.Int64().Draw(rt, "amount"), rapid.Bool().Draw(rt, "capture")
		p := params{Amount: &amount, Capture: &capture, None: []string{}, Expand: rapid.SliceOfN(text, 1, 3).Draw(rt, "expand")}
		currency := text.Draw(rt, "currency")
		p.Currency = &currency
		d := NewDocument()
		defer d.Release()
		d.Int("amount", amount)
		d.Text("currency", currency)
		d.Bool("capture", capture)
		for _, e := range p.Expand {
			d.List("expand").Text(e)
		}
		for range rapid.IntRange(0, 3).Draw(rt, "lines") {
			l := &line{Price: text.Draw(rt, "price"), Meta: map[string]string{"k": text.Draw(rt, "meta")}}
			p.Lines = append(p.Lines, l)
			n := d.List("line_items").Object()
			n.Text("price", l.Price)
			n.Object("metadata").Text("k", l.Meta["k"])
		}
		p.Shipping = &struct {
			Name string `form:"name"`
		}{text.Draw(rt, "name")}
		d.Object("shipping").Text("name", p.Shipping.Name)
		d.List("none")
		var values stripeform.Values
		stripeform.AppendTo(&values, &p)
		out, err := Form.Append(nil, d)
		require.NoError(rt, err)
		want, err := url.ParseQuery(values.Encode())
		require.NoError(rt, err)
		got, err := url.ParseQuery(string(out))
		require.NoError(rt, err)
		require.Equal(rt, want, got)
		require.Equal(rt, values.Encode(), string(out), "byte for byte")
	})
}

func TestParseFormNestsWhatBracketsSay(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"":                              `{}`,
		"&&":                            `{}`,
		"a":                             `{"a":""}`,
		"a=1&b=+x%20y":                  `{"a":"1","b":" x y"}`,
		"a[b]=1&a[c][d]=2":              `{"a":{"b":"1","c":{"d":"2"}}}`,
		"a%5Bb%5D=1":                    `{"a":{"b":"1"}}`,
		"a[0]=x&a[1]=y":                 `{"a":["x","y"]}`,
		"a[1]=y&a[0]=x":                 `{"a":{"1":"y","0":"x"}}`,
		"a[0][b]=x&a[1][b]=y&a[0][c]=z": `{"a":[{"b":"x","c":"z"},{"b":"y"}]}`,
		"a[]=x&a[]=y":                   `{"a":["x","y"]}`,
		"0=a&1=b":                       `{"0":"a","1":"b"}`,
		"a=b=c":                         `{"a":"b=c"}`,
		"a=%5Bx%5D":                     `{"a":"[x]"}`,
		"a.b=1&a/b=2":                   `{"a.b":"1","a/b":"2"}`,
		"%C3%A9=%C3%A9":                 `{"é":"é"}`,
		"amount=10&AMOUNT=11":           `{"amount":"10","AMOUNT":"11"}`,
	} {
		d, err := ParseForm([]byte(body), Limits{})
		require.NoError(t, err, body)
		assert.Equal(t, want, d.String(), body)
		d.Release()
	}
}

var hostileForms = map[string]string{
	"duplicate":               "amount=1&amount=2",
	"duplicate, escaped":      "amount=1&%61mount=2",
	"duplicate nested":        "a[b]=1&a[b]=2",
	"duplicate, escaped nest": "a[b]=1&a%5bb%5D=2",
	"value and object":        "a=1&a[b]=2",
	"object and value":        "a[b]=2&a=1",
	"list and object":         "a[]=1&a[b]=2",
	"object and list":         "a[b]=1&a[]=2",
	"list and index":          "a[]=1&a[0]=2",
	"list of objects":         "a[][b]=1",
	"empty name":              "=1",
	"empty name, nested":      "[b]=1",
	"open bracket":            "a[b=1",
	"close bracket":           "a]=1",
	"text after bracket":      "a[b]c=1",
	"bracket in bracket":      "a[b[c]]=1",
	"bad escape":              "a=%zz",
	"cut escape":              "a=%4",
	"percent at the end":      "a=%",
	"bad escape in name":      "%g1=1",
	"not UTF-8":               "a=%ff",
	"not UTF-8, raw":          "a=\xff",
	"not UTF-8 name":          "%c3=1",
	"NUL":                     "a=%00",
	"NUL in name":             "a%00=1",
	"semicolon":               "a=1;b=2",
	"too deep":                "a" + strings.Repeat("[b]", 64) + "=1",
	"too many":                strings.Repeat("a[]=1&", 100_001),
	"too long":                "a=" + strings.Repeat("x", 1<<20),
}

func TestI2HostileFormsAreRefused(t *testing.T) {
	t.Parallel()
	for name, body := range hostileForms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := ParseForm([]byte(body), Limits{Bytes: 1 << 20})
			require.Nil(t, d)
			var e *DecodeError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "form", e.Format)
			assert.LessOrEqual(t, e.Offset, len(body))
		})
	}
}

func TestFormTextsConvertToNumbers(t *testing.T) {
	t.Parallel()
	d, err := ParseForm([]byte("amount=1000&paid=true&zero=0&bad=1.0&one[x]=1"), Limits{})
	require.NoError(t, err)
	defer d.Release()
	v, err := d.Value("amount").Int()
	require.NoError(t, err)
	assert.EqualValues(t, 1000, v)
	assert.True(t, d.Value("paid").Bool())
	assert.False(t, d.Value("zero").Bool())
	_, err = d.Value("bad").Int()
	require.Error(t, err)
	_, err = d.Value("paid").Int()
	require.Error(t, err)
}

func TestManyFormFieldsAreReadInLinearTime(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	for i := range 90_000 {
		body.WriteString("a[" + strconv.Itoa(i) + "]=1&")
	}
	d, err := ParseForm([]byte(body.String()), Limits{Bytes: 2 << 20})
	require.NoError(t, err)
	defer d.Release()
	assert.Equal(t, 90_000, d.Value("a").Len())
	assert.Equal(t, KindList, d.Value("a").Kind())
	assert.Equal(t, "1", d.Value("a/89999").Text())
}
