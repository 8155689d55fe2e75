package request

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// sealedCapture is a request whose amount, first line and absent flag are protected.
func sealedCapture(t testing.TB) *Document {
	d := newDoc(t)
	require.NoError(t, as(d, "build", func() {
		a := d.Object("amount")
		a.Int("value", 1000)
		a.Text("currency", "EUR")
		l := d.List("lines")
		l.Object().Int("price", 600)
		l.Object().Int("price", 400)
		d.Object("metadata").Text("order", "7")
		d.Secret("number", gateway.NewSecret("4111"))
		d.Text("note", "x")
		a.Protect("value")
		d.Protect("amount/currency", "lines/0", "number", "capture/now")
	}))
	d.Seal()
	require.NoError(t, d.Check())
	return d
}

func TestW7FilterCannotChangeAProtectedField(t *testing.T) {
	t.Parallel()
	tests := map[string]func(d *Document, kept Node, line Node){
		"set it":                       func(d *Document, _, _ Node) { d.Object("amount").Int("value", 1) },
		"set it to what it is":         func(d *Document, _, _ Node) { d.Object("amount").Int("value", 1000) },
		"set it through a kept node":   func(_ *Document, kept, _ Node) { kept.Int("value", 1) },
		"set it to null":               func(_ *Document, kept, _ Node) { kept.Null("value") },
		"make it an object":            func(_ *Document, kept, _ Node) { kept.Object("value") },
		"make it a list":               func(_ *Document, kept, _ Node) { kept.List("value") },
		"append to it":                 func(_ *Document, kept, _ Node) { kept.Append("value").Int(1) },
		"remove it":                    func(d *Document, _, _ Node) { d.Remove("amount/value") },
		"remove it from its object":    func(_ *Document, kept, _ Node) { kept.Remove("value") },
		"remove its object":            func(d *Document, _, _ Node) { d.Remove("amount") },
		"remove and add it":            func(d *Document, _, _ Node) { d.Remove("amount"); d.Object("amount").Int("value", 1000) },
		"replace its object by text":   func(d *Document, _, _ Node) { d.Text("amount", "1") },
		"replace its object by a list": func(d *Document, _, _ Node) { d.List("amount") },
		"other case":                   func(_ *Document, kept, _ Node) { kept.Int("Value", 1) },
		"other case, outside":          func(d *Document, _, _ Node) { d.Object("AMOUNT").Int("value", 1) },
		"other case, other letters": func(d *Document, _, _ Node) {
			d.Object("amount").Text("\u212Aalue", "x")
			d.Object("amount").Text("valuE", "x")
		},
		"copy over it": func(d *Document, _, _ Node) { d.Copy("amount", d.Value("metadata")); d.Copy("amount", d.Value("note")) },
		"struct over it": func(d *Document, _, _ Node) {
			_ = d.Struct(struct {
				Amount struct {
					Value int `json:"value"`
				} `json:"amount"`
			}{})
		},
		"list element's field":         func(_ *Document, _, line Node) { line.Int("price", 1) },
		"field below a protected one":  func(_ *Document, _, line Node) { line.Int("discount", 1) },
		"remove the element":           func(d *Document, _, _ Node) { d.Remove("lines/0") },
		"replace the list":             func(d *Document, _, _ Node) { d.List("lines").Object().Int("price", 1) },
		"secret":                       func(d *Document, _, _ Node) { d.Secret("number", gateway.NewSecret("4111")) },
		"add what is protected absent": func(d *Document, _, _ Node) { d.Object("capture").Bool("now", true) },
		"absent, other case":           func(d *Document, _, _ Node) { d.Object("Capture") },
		"protect an absence of two": func(d *Document, _, _ Node) {
			d.Protect("new/list/0")
			d.Object("new").List("list").Int(1)
		},
		"protected while filtering": func(d *Document, _, _ Node) { d.Protect("note"); d.Text("note", "y") },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := sealedCapture(t)
			kept, _ := d.Find("amount")
			line, _ := d.Find("lines/0")
			err := as(d, "filter", func() { change(d, kept, line) })
			require.ErrorContains(t, err, "protected")
			var e *gateway.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, gateway.CodeInvalid, e.Code)
			assert.Equal(t, "filter", e.Part)
			require.Error(t, d.Check())
			_, err = JSON.Append(nil, d)
			require.Error(t, err)
		})
	}
}

func TestW7FilterMayChangeTheRest(t *testing.T) {
	t.Parallel()
	d := sealedCapture(t)
	require.NoError(t, as(d, "filter", func() {
		d.Object("metadata").Text("order", "8")
		d.Object("metadata").Text("campaign", "spring")
		d.Text("note", "y")
		d.Object("amount").Text("comment", "z")
		line, _ := d.Find("lines/1")
		line.Int("price", 500)
		d.Append("lines").Object().Int("price", 1)
		d.List("tags").Text("new")
		d.Object("capture").Text("why", "the way to what is absent may exist")
		d.Text("price", "a name that is protected elsewhere only")
	}))
	require.NoError(t, d.Check())
	assert.Equal(t, `{"amount":{"value":1000,"currency":"EUR","comment":"z"},"lines":[{"price":600},{"price":500},{"price":1}],`+
		`"metadata":{"order":"8","campaign":"spring"},"number":"4111","note":"y","tags":["new"],`+
		`"capture":{"why":"the way to what is absent may exist"},"price":"a name that is protected elsewhere only"}`, encoded(t, d))
}

func TestW7CheckFindsWhatTheSettersCannotSee(t *testing.T) {
	t.Parallel()
	t.Run("an alias that was built", func(t *testing.T) {
		t.Parallel()
		d := newDoc(t)
		d.Int("amount", 1)
		d.Int("Amount", 2)
		d.Protect("amount")
		d.Seal()
		require.ErrorContains(t, d.Check(), `field "Amount" passes for the protected field "amount"`)
	})
	t.Run("the elements before a protected one", func(t *testing.T) {
		t.Parallel()
		d := newDoc(t)
		l := d.List("l")
		l.Int(1)
		l.Int(2)
		d.Protect("l/1")
		d.Seal()
		d.Remove("l/0")
		require.ErrorContains(t, d.Check(), `protected field "l/1" was changed`)
	})
	t.Run("the arena itself", func(t *testing.T) {
		t.Parallel()
		d := sealedCapture(t)
		d.arena.nodes[d.arena.lookup(0, "amount/value")].num = 1
		require.ErrorContains(t, d.Check(), `protected field "amount/value" was changed`)
	})
}

func TestW7ALiteralBracketNameCannotPassForAProtectedFormField(t *testing.T) {
	t.Parallel()
	d := sealedCapture(t)
	d.Text("amount[value]", "1")
	require.NoError(t, d.Check())
	_, err := Form.Append(nil, d)
	require.ErrorContains(t, err, "bracket")
	d = sealedCapture(t)
	d.Text("amount.value", "1")
	_, err = NewForm(FormOptions{Separator: SeparatorDots}).Append(nil, d)
	require.ErrorContains(t, err, "dot")
}

func TestBuildersMayStillChangeWhatIsProtectedLater(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	require.NoError(t, d.Within("p", Overwrite, func() error {
		d.Int("a", 1)
		d.Protect("a")
		d.Int("a", 2)
		return nil
	}))
	d.Seal()
	d.Seal()
	require.NoError(t, d.Check())
	assert.Equal(t, `{"a":2}`, encoded(t, d))
}

func TestMissingRequiredFieldsAreListedInOneError(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	o := d.Object("o")
	d.Require("a", "o/b", "c/d", "l/0", "there")
	o.Require("e")
	d.Null("a")
	d.Text("there", "")
	err := d.Check()
	require.ErrorContains(t, err, "required fields are missing: a, o/b, c/d, l/0, o/e")
	assert.Equal(t, gateway.CodeInvalid, gateway.CodeOf(err))
	require.NoError(t, d.Err(), "a later builder may still set them")
	d.Remove("a")
	d.Text("a", "x")
	o.Text("b", "x")
	o.Text("e", "x")
	d.Object("c").Text("d", "x")
	d.List("l").Int(1)
	require.NoError(t, d.Check())
}

// TestW7NoRandomFilterChangesAProtectedField lets filters do anything they can
// and compares: a document that passes Check says the same about protected fields.
func TestW7NoRandomFilterChangesAProtectedField(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := NewDocument()
		defer d.Release()
		d.fill(mustParse(rt, `{"a":{"b":1,"c":[1,{"d":2}]},"e":"x","f":{"g":{"h":true}}}`).Root())
		protected := rapid.SampledFrom([]string{"a", "a/b", "a/c", "a/c/1", "a/c/1/d", "e", "f/g", "f/g/h", "z", "a/z"}).Draw(rt, "protected")
		d.Protect(protected)
		d.Seal()
		before := d.Value(protected).String()
		nodes := []Node{d.Node}
		for _, p := range []string{"a", "f", "f/g", "a/c/1"} {
			n, _ := d.Find(p)
			nodes = append(nodes, n)
		}
		paths := []string{"a", "a/b", "a/c", "a/c/0", "a/c/1", "a/c/1/d", "e", "f", "f/g", "f/g/h", "A", "z"}
		names := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h", "A", "B", "z"})
		for range rapid.IntRange(1, 4).Draw(rt, "steps") {
			n := rapid.SampledFrom(nodes).Draw(rt, "node")
			name := names.Draw(rt, "name")
			switch rapid.IntRange(0, 6).Draw(rt, "verb") {
			case 0:
				n.Int(name, 7)
			case 1:
				nodes = append(nodes, n.Object(name))
			case 2:
				n.List(name).Int(7)
			case 3:
				n.Append(name).Int(7)
			case 4:
				n.Remove(rapid.SampledFrom(paths).Draw(rt, "path"))
			case 5:
				n.Copy(name, d.Value(rapid.SampledFrom(paths).Draw(rt, "from")))
			case 6:
				_ = n.Struct(struct {
					A int `json:"a,omitempty"`
				}{7})
			}
		}
		if d.Check() == nil {
			require.Equal(rt, before, d.Value(protected).String())
		}
	})
}

func mustParse(t interface {
	require.TestingT
	Helper()
}, text string,
) *Document {
	t.Helper()
	d, err := ParseJSON([]byte(text), Limits{})
	require.NoError(t, err)
	return d
}

func TestProtectionOfALargeListStaysCheap(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	d.Int("amount", 1)
	d.Protect("amount")
	d.Seal()
	l := d.List("l")
	for i := range 20_000 {
		l.Object().Text(fmt.Sprint("k", i), "v")
	}
	require.NoError(t, d.Check())
	assert.Equal(t, 20_000, d.Value("l").Len())
}
