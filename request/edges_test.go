package request

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

func TestListsOfEveryKindAreWritten(t *testing.T) {
	t.Parallel()
	type all struct {
		Bools   []bool                    `json:"bools"`
		Numbers []Number                  `json:"numbers"`
		Secrets []gateway.Secret          `json:"secrets"`
		Hidden  []string                  `json:"hidden" request:"secret"`
		Lists   [][]string                `json:"lists"`
		Objects []map[string]bool         `json:"objects"`
		Raw     []json.RawMessage         `json:"raw"`
		Array   [2]int                    `json:"array"`
		Maps    map[string]map[string]int `json:"maps"`
		Zero    *structCommon             `json:"zero,omitzero"`
		Empty   structCommon              `json:"empty,omitempty"`
		Gone    structCommon              `json:"gone,omitzero"`
		NoMoney gateway.Money             `json:"no_money,omitzero"`
		NoCard  gateway.Secret            `json:"no_card,omitempty"`
		NilRaw  json.RawMessage           `json:"nil_raw"`
	}
	d := newDoc(t)
	require.NoError(t, d.Struct(all{
		Bools: []bool{true, false}, Numbers: []Number{"1.0"}, Secrets: []gateway.Secret{gateway.NewSecret("s")}, Hidden: []string{"h"},
		Lists: [][]string{{"a"}, {}}, Objects: []map[string]bool{{"x": true}}, Raw: []json.RawMessage{json.RawMessage(`[1]`)},
		Array: [2]int{1, 2}, Maps: map[string]map[string]int{"m": {"n": 1}},
	}))
	assert.Equal(t, `{"bools":[true,false],"numbers":[1.0],"secrets":["s"],"hidden":["h"],"lists":[["a"],[]],"objects":[{"x":true}],`+
		`"raw":[[1]],"array":[1,2],"maps":{"m":{"n":1}},"empty":{},"nil_raw":null}`, encoded(t, d))
	assert.NotContains(t, d.String(), `"h"`)
}

func TestFormsAndXMLBindTextsAsWhatTheyAre(t *testing.T) {
	t.Parallel()
	d, err := ParseForm([]byte("on=1&off=false&n=7&num=1.5&u=8&text=x&one=4&s=pan&bad=maybe"), Limits{})
	require.NoError(t, err)
	defer d.Release()
	type target struct {
		On   bool           `json:"on"`
		Off  bool           `json:"off"`
		N    int            `json:"n"`
		Num  Number         `json:"num"`
		U    uint8          `json:"u"`
		Text string         `json:"text"`
		One  []int          `json:"one"`
		S    gateway.Secret `json:"s"`
	}
	got, err := Bind[target](d.Root())
	require.NoError(t, err)
	assert.Equal(t, "pan", got.S.Reveal())
	got.S = gateway.Secret{}
	assert.Equal(t, target{On: true, N: 7, Num: "1.5", U: 8, Text: "x", One: []int{4}}, got)
	for _, into := range []any{
		&struct {
			B bool `json:"bad"`
		}{}, &struct {
			B uint `json:"bad"`
		}{}, &struct {
			B Number `json:"bad"`
		}{}, &struct {
			B []int `json:"bad"`
		}{}, &struct {
			B struct{} `json:"bad"`
		}{},
	} {
		var e *DecodeError
		require.ErrorAs(t, d.Root().Bind(into), &e)
		assert.Contains(t, e.Path, "bad")
	}
	var quoted struct {
		B bool   `json:"b,string"`
		U uint16 `json:"u,string"`
		J Number `json:"j,string"`
		N any    `json:"n"`
	}
	quoted.N = "old"
	require.NoError(t, parsed(t, `{"b":"true","u":"7","j":"1.50","n":null}`).Root().Bind(&quoted))
	assert.True(t, quoted.B)
	assert.Equal(t, uint16(7), quoted.U)
	assert.Equal(t, Number("1.50"), quoted.J)
	assert.Nil(t, quoted.N)
	var list []any
	require.NoError(t, parsed(t, `[null,1,"a",{}]`).Root().Bind(&list))
	assert.Equal(t, []any{nil, json.Number("1"), "a", map[string]any{}}, list)
}

func TestHandlesOfReplacedFieldsAreRefused(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]func(d *Document){
		"a list that was removed":   func(d *Document) { l := d.List("l"); d.Remove("l"); l.Int(1) },
		"what is a value":           func(d *Document) { l := d.List("l"); d.Int("l", 1); l.Int(1) },
		`"x" is set in what is a v`: func(d *Document) { n := d.Object("o"); d.Int("o", 1); n.Int("x", 1) },
		"deeper than 64":            func(d *Document) { deep(d, 64).Object("over") },
		"is deeper":                 func(d *Document) { n := deep(d, 64); n.Int("leaf", 1); n.Object("leaf") },
	} {
		d := newDoc(t)
		require.ErrorContains(t, d.Within("", Overwrite, func() error { f(d); return nil }), want)
	}
}

// deep returns an object with n levels, itself included.
func deep(d *Document, n int) Node {
	o := d.Node
	for range n - 1 {
		o = o.Object("a")
	}
	return o
}

func TestAPartThatRunsOftenIsRememberedOnce(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	for i := range 3 * math.MaxUint16 {
		if err := as(d, "same", func() { d.OptInt("k", int64(i/(3*math.MaxUint16-1))) }); err != nil {
			t.Fatal(err)
		}
	}
	assert.Len(t, d.arena.parts, 2)
	var err error
	for i := 0; err == nil && i <= math.MaxUint16; i++ {
		err = as(d, fmt.Sprint(i), func() {})
	}
	require.ErrorContains(t, err, "more than 65535 parts")
}

func TestMergedListsGoOnWhereTheirElementsAre(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	require.NoError(t, d.Within("", DeepMerge, func() error {
		_ = as(d, "a", func() {
			l := d.List("l")
			for i := range 3 {
				l.Int(int64(i))
			}
		})
		_ = as(d, "b", func() {
			l := d.List("l")
			d.Remove("l/0") // the next to be merged into
			l.Text("x")
			d.List("l").Text("y") // the same part goes on
			d.Append("l").Text("z")
		})
		return nil
	}))
	assert.Equal(t, `{"l":["x","y","z"]}`, encoded(t, d))
}

func TestAnErrorOfACodeKeepsItsCode(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	d.MinorUnits("v", gateway.Minor(1, "ISK"), gateway.Exponents{"ISK": 9}) // a wrong table is a defect of the program
	assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(d.Err()))
	require.ErrorContains(t, d.Err(), `field "v"`)
	assert.Equal(t, "x: p", (&DecodeError{Problem: "x: p"}).Error())
	assert.Equal(t, "nil: p", (&TypeError{Problem: "p"}).Error())
	assert.Empty(t, d.Part())
}

func TestTextsStayValidAfterTheRelease(t *testing.T) {
	t.Parallel()
	d, err := ParseJSON([]byte(`{"a":"one","b":"tw\u006f"}`), Limits{})
	require.NoError(t, err)
	a, b := d.Value("a").Text(), d.Value("b").Text()
	d.Release()
	for range 50 {
		other, err := ParseJSON([]byte(`{"a":"XXX","b":"YY\u0059"}`), Limits{})
		require.NoError(t, err)
		other.Release()
	}
	assert.Equal(t, "one two", a+" "+b)
}
