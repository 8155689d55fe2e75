package request

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

func parsed(t testing.TB, text string) *Document {
	t.Helper()
	d, err := ParseJSON([]byte(text), Limits{})
	require.NoError(t, err)
	t.Cleanup(d.Release)
	return d
}

func TestValuesAreReadByPathNameAndPosition(t *testing.T) {
	t.Parallel()
	d := parsed(t, `{"charges":{"data":[{"id":"ch_1","paid":true},{"id":"ch_2"}]},"a/b":{"~":1},"null":null,"0":"zero"}`)
	assert.Equal(t, "ch_1", d.Value("charges/data/0/id").Text())
	assert.Equal(t, "ch_2", d.Root().Get("charges").Get("data").At(1).Get("id").Text())
	assert.True(t, d.Value("charges/data/0/paid").Bool())
	assert.Equal(t, "1", d.Value("a~1b/~0").Raw())
	assert.Equal(t, "zero", d.Value("0").Text())
	assert.True(t, d.Value("null").IsNull())
	assert.True(t, d.Has("null"))
	for _, path := range []string{"x", "charges/data/2", "charges/data/-1", "charges/data/00", "charges/data/1e0", "charges/data/99999999999", "charges//data", "/charges", "charges/data/0/id/x", "null/x", "a/b", "Charges"} {
		assert.False(t, d.Value(path).Exists(), path)
		assert.False(t, d.Has(path), path)
	}
	assert.Equal(t, d.Root().String(), d.Value("").String())
	assert.Equal(t, 2, d.Value("charges/data").Len())
	assert.Equal(t, 4, d.Root().Len())
	assert.Zero(t, d.Value("0").Len())
	n, ok := d.Find("charges/data/1")
	require.True(t, ok)
	n.Text("id", "ch_3")
	assert.Equal(t, "ch_3", d.Value("charges/data/1/id").Text(), "a parsed document may be edited")
	_, ok = d.Find("charges/data")
	assert.False(t, ok)
}

func TestScalarsAreNotConvertedSilently(t *testing.T) {
	t.Parallel()
	d := parsed(t, `{"i":9007199254740993,"max":9223372036854775807,"min":-9223372036854775808,"over":9223372036854775808,
		"frac":1.0,"exp":1e3,"neg0":-0,"text":"10","bool":true,"amount":"10.05","num":10.05,"o":{}}`)
	for path, want := range map[string]int64{"i": 9007199254740993, "max": 9223372036854775807, "min": -9223372036854775808, "neg0": 0} {
		got, err := d.Value(path).Int()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, path := range []string{"over", "frac", "exp", "text", "bool", "o", "absent"} {
		_, err := d.Value(path).Int()
		var e *DecodeError
		require.ErrorAs(t, err, &e, path)
		if path != "absent" {
			assert.Equal(t, path, e.Path)
		}
		assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(err), "it carries no verdict")
	}
	assert.Empty(t, d.Value("i").Text())
	assert.Equal(t, "1e3", d.Value("exp").Raw())
	assert.Equal(t, "true", d.Value("bool").Raw())
	assert.False(t, d.Value("text").Bool())
	m, err := d.Value("amount").Decimal("EUR", nil)
	require.NoError(t, err)
	assert.Equal(t, gateway.Minor(1005, "EUR"), m)
	m, err = d.Value("num").Decimal("EUR", nil)
	require.NoError(t, err)
	assert.Equal(t, gateway.Minor(1005, "EUR"), m)
	_, err = d.Value("num").MinorUnits("EUR", nil)
	require.Error(t, err)
	_, err = d.Value("o").Decimal("EUR", nil)
	require.Error(t, err)
	m, err = parsed(t, `1000`).Root().MinorUnits("CLP", gateway.Exponents{"CLP": 2})
	require.NoError(t, err)
	assert.Equal(t, gateway.Minor(10, "CLP"), m)
}

func TestAllItemsAndWalkGoInOrder(t *testing.T) {
	t.Parallel()
	d := parsed(t, `{"b":1,"a":[true,{"x/y":"z"},[]],"e":{},"n":null}`)
	var seen []string
	d.Walk(func(path string, v Value) bool {
		seen = append(seen, path+"="+v.String())
		return true
	})
	assert.Equal(t, []string{"b=1", "a/0=true", `a/1/x~1y="z"`, "a/2=[]", "e={}", "n=null"}, seen)
	seen = nil
	d.Walk(func(path string, _ Value) bool {
		seen = append(seen, path)
		return len(seen) < 3
	})
	assert.Len(t, seen, 3)
	var names []string
	for name, v := range d.Root().All() {
		names = append(names, name+":"+v.Kind().String())
	}
	assert.Equal(t, []string{"b:number", "a:list", "e:object", "n:null"}, names)
	k := 0
	for v := range d.Value("a").Items() {
		assert.True(t, v.Exists())
		if k++; k == 2 {
			break
		}
	}
	assert.Equal(t, 2, k)
	for range d.Value("b").Items() {
		t.Error("a JSON number is no list")
	}
	for range d.Root().All() {
		d.Release() // in the middle of it
	}
	assert.Equal(t, "Kind(99)", Kind(99).String())
}

func TestATopLevelScalarOrListIsTheRoot(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "x", parsed(t, ` "x" `).Root().Text())
	assert.Equal(t, "2", parsed(t, `[1,2]`).Value("1").Raw())
	d := parsed(t, `[1]`)
	d.Text("a", "b")
	require.ErrorContains(t, d.Err(), "a list")
	_, err := Form.Append(nil, parsed(t, `"x"`))
	require.Error(t, err)
	_, err = XML("a").Append(nil, parsed(t, `[1]`))
	require.Error(t, err)
	assert.Equal(t, `[1]`, encoded(t, parsed(t, `[1]`)))
}

func TestCopyTakesValuesOfAnyDocument(t *testing.T) {
	t.Parallel()
	const text = `{"a":1.50,"b":[null,true,"x",{"c":[[]]},7],"o":{}}`
	src, d := parsed(t, text), newDoc(t)
	d.Secret("s", gateway.NewSecret("v"))
	d.Copy("copy", src.Root())
	d.Copy("none", src.Value("nowhere"))
	d.Copy("s2", d.Value("s"))
	d.List("l").Copy(src.Value("b"))
	d.List("l").Copy(d.Value("s"))
	assert.Equal(t, `{"s":"v","copy":`+text+`,"s2":"v","l":[[null,true,"x",{"c":[[]]},7],"v"]}`, encoded(t, d))
	d.Object("copy").Copy("self", d.Root()) // into itself: ends at the depth
	require.ErrorContains(t, d.Err(), "is copied into itself")
}

func TestErrorsQuoteNoValues(t *testing.T) {
	t.Parallel()
	const pan = "4111111111111111"
	d := parsed(t, `{"n":"`+pan+`","t":"`+pan+`","m":{"amount":"`+pan+`"},"i":`+pan+`.5}`)
	var s struct {
		N int `json:"n"`
	}
	var m struct {
		M gateway.Money `json:"m"`
	}
	_, e1 := d.Value("n").Int()
	_, e2 := d.Value("i").Int()
	_, e3 := ParseJSON([]byte(`{"a":`+pan+`x}`), Limits{})
	_, e4 := ParseXML([]byte(`<a>`+pan+`&`+pan+`;</a>`), Limits{})
	_, e5 := ParseForm([]byte(pan+`=`+pan+`%zz`), Limits{})
	text := fmt.Sprint(e1, e2, e3, e4, e5, d.Root().Bind(&s), d.Root().Bind(&m))
	assert.NotContains(t, text, pan)
	for _, err := range []error{e1, e2, e3, e4, e5} {
		var e *DecodeError
		assert.True(t, errors.As(err, &e))
	}
	assert.Equal(t, `JSON at byte 21: a comma or a closing brace is missing`, e3.Error())
}

// What contains its own copy would grow until something gives way.
func TestNothingIsCopiedIntoItself(t *testing.T) {
	t.Parallel()
	for name, copied := range map[string]func(d *Document){
		"the root into itself":     func(d *Document) { d.Copy("x", d.Root()) },
		"the root below":           func(d *Document) { d.Object("a").Copy("x", d.Root()) },
		"an object into itself":    func(d *Document) { d.Object("a").Copy("x", d.Value("a")) },
		"an object further below":  func(d *Document) { d.Object("a").Object("y").Copy("x", d.Value("a")) },
		"a list into itself":       func(d *Document) { d.Append("l").Copy(d.Value("l")) },
		"a list into its elements": func(d *Document) { d.Append("l").Object().Copy("x", d.Value("l")) },
	} {
		d := newDoc(t)
		d.Object("a").Int("b", 1)
		d.List("l").Int(1)
		copied(d)
		require.ErrorContains(t, d.Err(), "is copied into itself", name)
		require.ErrorIs(t, d.Err(), gateway.CodeInvalid)
	}
	d := newDoc(t)
	d.Object("a").Int("b", 1)
	d.Copy("c", d.Value("a"))
	d.Object("a").Copy("d", d.Value("c"))
	require.NoError(t, d.Err())
	assert.Equal(t, `{"a":{"b":1,"d":{"b":1}},"c":{"b":1}}`, d.String(), "beside itself it may stand")
}

// A filter that copies a field to where it stands changes nothing and ends.
func TestAValueCopiedToWhereItStandsStaysAsItIs(t *testing.T) {
	t.Parallel()
	const text = `{"a":{"c":[1,{"d":2}]},"l":[1,2]}`
	for _, protected := range []string{"a/c/1", "a", "l", "none"} {
		d := newDoc(t)
		d.fill(mustParse(t, text).Root())
		d.Protect(protected)
		d.Seal()
		d.Copy("a", d.Value("a"))
		d.Copy("l", d.Value("l"))
		d.Object("a").Copy("c", d.Value("a/c"))
		require.NoError(t, d.Err(), protected)
		require.NoError(t, d.Check(), protected)
		assert.Equal(t, text, d.String(), protected)
	}
}
