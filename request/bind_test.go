package request

import (
	"encoding/json"
	"math"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

type bindCode string

type bindEmbedded struct {
	Shared string `json:"shared"`
	Deep   string `json:"deep"`
}

type BindPointer struct {
	FromPointer int `json:"from_pointer"`
}

type bindTarget struct {
	bindEmbedded
	*BindPointer
	Deep     string                `json:"deep"` // hides the embedded one
	Text     string                `json:"text"`
	Code     bindCode              `json:"code"`
	I8       int8                  `json:"i8"`
	I64      int64                 `json:"i64"`
	U64      uint64                `json:"u64"`
	Quoted   int                   `json:"quoted,string"`
	On       bool                  `json:"on"`
	JSONNum  json.Number           `json:"json_num"`
	Num      Number                `json:"num"`
	Secret   gateway.Secret        `json:"secret"`
	Money    gateway.Money         `json:"money"`
	When     time.Time             `json:"when"`
	Addr     netip.Addr            `json:"addr"`
	Raw      json.RawMessage       `json:"raw"`
	Pointer  *string               `json:"pointer"`
	Nil      *string               `json:"nil"`
	Struct   struct{ A, B int }    `json:"struct"`
	Next     *bindTarget           `json:"next"`
	Ints     []int                 `json:"ints"`
	Structs  []struct{ X *int }    `json:"structs"`
	Map      map[string]string     `json:"map"`
	Codes    map[bindCode]int      `json:"codes"`
	Nested   map[string][]bindCode `json:"nested"`
	Any      any                   `json:"any"`
	Untagged string
	Ignored  string `json:"-"`
	//lint:ignore SA5008 a field named "-" is what is tested
	Hyphen  string `json:"-,"`
	private string
}

const bindBody = `{"shared":"s","deep":"outer","from_pointer":7,"text":"é","code":"c","i8":-128,"i64":9223372036854775807,"u64":18446744073709551615,
	"quoted":"12","on":true,"json_num":1.50,"num":1e400,"secret":"pan","money":{"amount":1000,"currency":"EUR"},"when":"2024-07-01T12:13:14.5+02:00",
	"addr":"192.0.2.1","raw":{"a":[1.0,"x"]},"pointer":"p","nil":null,"struct":{"A":1,"B":2,"C":3},"next":{"text":"n","next":null},
	"ints":[1,2,3],"structs":[{"X":1},{}],"map":{"a":"b","n":null},"codes":{"x":1},"nested":{"l":["a"]},
	"any":{"a":[1.0,true,null,"x"]},"Untagged":"u","UNTAGGED":"other","Ignored":"i","-":"h","private":"p","unknown":{"deep":[1]}}`

func TestBindFillsEveryKindOfField(t *testing.T) {
	t.Parallel()
	got, err := Bind[bindTarget](parsed(t, bindBody).Root())
	require.NoError(t, err)
	assert.Equal(t, "pan", got.Secret.Reveal())
	got.Secret = gateway.Secret{}
	p, one := "p", 1
	want := bindTarget{
		bindEmbedded: bindEmbedded{Shared: "s"}, BindPointer: &BindPointer{7}, Deep: "outer", Text: "é", Code: "c",
		I8: math.MinInt8, I64: math.MaxInt64, U64: math.MaxUint64, Quoted: 12, On: true, JSONNum: "1.50", Num: "1e400",
		Money: gateway.Minor(1000, "EUR"), When: time.Date(2024, 7, 1, 12, 13, 14, 5e8, time.FixedZone("", 7200)),
		Addr: netip.MustParseAddr("192.0.2.1"), Raw: json.RawMessage(`{"a":[1.0,"x"]}`), Pointer: &p,
		Struct: struct{ A, B int }{1, 2}, Next: &bindTarget{Text: "n"}, Ints: []int{1, 2, 3},
		Structs: []struct{ X *int }{{&one}, {}}, Map: map[string]string{"a": "b", "n": ""}, Codes: map[bindCode]int{"x": 1},
		Nested: map[string][]bindCode{"l": {"a"}}, Any: map[string]any{"a": []any{json.Number("1.0"), true, nil, "x"}}, Untagged: "u", Hyphen: "h",
	}
	assert.True(t, want.When.Equal(got.When))
	got.When = want.When
	assert.Equal(t, want, got)
	assert.Empty(t, got.private)
}

func TestBindSetsNullToZeroAndLeavesAbsentAlone(t *testing.T) {
	t.Parallel()
	old, n := "old", 1
	s := struct {
		A, B string
		P, Q *string
		I    int
		L    []int
		M    map[string]int
		*BindPointer
	}{"old", "old", &old, &old, 1, []int{1}, map[string]int{"a": n}, nil}
	require.NoError(t, parsed(t, `{"A":null,"P":null,"I":null,"L":null,"M":null,"from_pointer":null}`).Root().Bind(&s))
	assert.Empty(t, s.A)
	assert.Equal(t, "old", s.B)
	assert.Nil(t, s.P)
	assert.Equal(t, &old, s.Q)
	assert.Zero(t, s.I)
	assert.Nil(t, s.L)
	assert.Nil(t, s.M)
	assert.Nil(t, s.BindPointer)
	require.NoError(t, parsed(t, `null`).Root().Bind(&s))
	assert.Empty(t, s.B)
}

func TestBindRefusesWhatDoesNotFitAndSaysWhere(t *testing.T) {
	t.Parallel()
	for body, path := range map[string]string{
		`{"text":1}`: "text", `{"text":true}`: "text", `{"text":{}}`: "text", `{"code":[]}`: "code",
		`{"i8":128}`: "i8", `{"i8":-129}`: "i8", `{"i64":9223372036854775808}`: "i64", `{"i64":1.0}`: "i64", `{"i64":1e3}`: "i64", `{"i64":"1"}`: "i64",
		`{"u64":-1}`: "u64", `{"u64":18446744073709551616}`: "u64", `{"u64":1.5}`: "u64", `{"quoted":"1.5"}`: "quoted", `{"quoted":"x"}`: "quoted", `{"quoted":" 1"}`: "quoted", `{"quoted":""}`: "quoted",
		`{"on":1}`: "on", `{"on":"true"}`: "on", `{"num":"1"}`: "num", `{"json_num":{}}`: "json_num", `{"secret":1}`: "secret",
		`{"money":{"amount":1.5,"currency":"EUR"}}`: "money", `{"money":10}`: "money", `{"when":"yesterday"}`: "when", `{"when":1}`: "when",
		`{"addr":"x"}`: "addr", `{"addr":1}`: "addr", `{"struct":[]}`: "struct", `{"struct":"x"}`: "struct", `{"struct":{"A":"x"}}`: "struct/A",
		`{"next":{"next":{"i8":300}}}`: "next/next/i8", `{"ints":{}}`: "ints", `{"ints":1}`: "ints", `{"ints":[1,"x"]}`: "ints/1",
		`{"structs":[{},{"X":"x"}]}`: "structs/1/X", `{"map":{"a":1}}`: "map/a", `{"map":[]}`: "map", `{"codes":{"a/b":"x"}}`: "codes/a~1b", `{"nested":{"l":["a",1]}}`: "nested/l/1",
		`{"pointer":1}`: "pointer", `{"from_pointer":"x"}`: "from_pointer", `{"shared":1}`: "shared",
	} {
		got, err := Bind[bindTarget](parsed(t, body).Root())
		var e *DecodeError
		require.ErrorAs(t, err, &e, body)
		assert.Equal(t, path, e.Path, body)
		assert.Equal(t, bindTarget{}, got, "no half an answer")
	}
	var s struct{ A int }
	require.Error(t, parsed(t, `{}`).Value("absent").Bind(&s))
	require.Error(t, parsed(t, `[]`).Root().Bind(&s))
	for _, into := range []any{nil, s, (*int)(nil), 1, func() {}} {
		var e *TypeError
		require.ErrorAs(t, parsed(t, `{}`).Root().Bind(into), &e)
	}
}

func TestBindMatchesExactNamesOnly(t *testing.T) {
	t.Parallel()
	type s struct {
		Amount int `json:"amount"`
	}
	got, err := Bind[s](parsed(t, `{"AMOUNT":2,"Amount":3,"amount ":4,"amount":1}`).Root())
	require.NoError(t, err)
	assert.Equal(t, s{1}, got)
	require.ErrorContains(t, parsed(t, `{"amount":1,"x":{"y":1}}`).Root().BindStrict(&got), `field "x": the field is unknown`)
	require.NoError(t, parsed(t, `{"amount":5}`).Root().BindStrict(&got))
	assert.Equal(t, s{5}, got)
}

// twins is a struct that go vet would refuse to be written down.
var twins = reflect.StructOf([]reflect.StructField{
	{Name: "X", Type: reflect.TypeFor[int](), Tag: `json:"a"`},
	{Name: "Y", Type: reflect.TypeFor[int](), Tag: `json:"a"`},
})

func TestFloatsAndWhatElseCannotBeBoundIsATypeError(t *testing.T) {
	t.Parallel()
	root := parsed(t, `{}`).Root()
	bind := map[string]error{}
	bind["Price"] = root.Bind(&struct{ Price float64 }{})
	bind["L.Price"] = root.Bind(&struct{ L []struct{ Price *float32 } }{})
	bind["M"] = root.Bind(&struct{ M map[string]float64 }{})
	bind["K"] = root.Bind(&struct{ K map[int]string }{})
	bind["C"] = root.Bind(&struct{ C chan int }{})
	bind["B"] = root.Bind(&struct{ B []byte }{})
	bind["I"] = root.Bind(&struct{ I interface{ X() } }{})
	bind["F"] = root.Bind(&struct{ F func() }{})
	bind["Y"] = root.Bind(reflect.New(twins).Interface())
	bind["O"] = root.Bind(&struct {
		//lint:ignore SA5008 a misspelt option is what is tested
		O int `json:"o,omitemtpy"`
	}{})
	bind["R"] = root.Bind(&struct {
		R int `request:"protect"`
	}{})
	for field, err := range bind {
		var e *TypeError
		require.ErrorAs(t, err, &e, field)
		assert.Equal(t, field, e.Field)
		assert.Contains(t, err.Error(), "(field "+field+")")
	}
	var e *TypeError
	require.ErrorAs(t, bind["Price"], &e)
	assert.Contains(t, e.Problem, "exactly")
	var f float64
	require.ErrorAs(t, root.Bind(&f), &e)
}

type bindTree struct {
	Name  string                `json:"name"`
	Kids  []bindTree            `json:"kids"`
	Named map[string]*bindTree  `json:"named"`
	Other *struct{ T bindTree } `json:"other"`
}

func TestRecursiveTypesBindAndWrite(t *testing.T) {
	t.Parallel()
	const body = `{"name":"a","kids":[{"name":"b","kids":[],"named":{}}],"named":{"c":{"name":"c","kids":[],"named":{}}}}`
	got, err := Bind[bindTree](parsed(t, body).Root())
	require.NoError(t, err)
	assert.Equal(t, "b", got.Kids[0].Name)
	assert.Equal(t, "c", got.Named["c"].Name)
	d := newDoc(t)
	require.NoError(t, d.Struct(got))
	assert.JSONEq(t, body, encoded(t, d))
}

func TestBindAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	type leaf struct {
		A string            `json:"a"`
		B *int64            `json:"b"`
		C []string          `json:"c"`
		D map[string]string `json:"d"`
		E *leafNext         `json:"e"`
		F bool              `json:"f"`
		G json.Number       `json:"g"`
	}
	rapid.Check(t, func(rt *rapid.T) {
		v := rapid.Make[leaf]().Draw(rt, "v")
		v.G = json.Number(rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,5})?`).Draw(rt, "g"))
		body, err := json.Marshal(v)
		require.NoError(rt, err)
		var want leaf
		require.NoError(rt, json.Unmarshal(body, &want))
		d, err := ParseJSON(body, Limits{})
		if err != nil { // only a NUL or names that encoding/json made equal
			rt.Skip(err)
		}
		defer d.Release()
		got, err := Bind[leaf](d.Root())
		require.NoError(rt, err, "%s", body)
		require.Equal(rt, want, got)
	})
}

type leafNext struct {
	X uint16    `json:"x"`
	E *leafNext `json:"e"`
}

func TestBindReadsADocumentThatWasBuilt(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	d.Int("A", 5)
	d.Secret("S", gateway.NewSecret("pan"))
	d.Text("T", "x")
	var s struct {
		A int
		S gateway.Secret
		T string
		R json.RawMessage `json:"S2"`
	}
	d.Secret("S2", gateway.NewSecret("pan"))
	require.NoError(t, d.Root().Bind(&s))
	assert.Equal(t, 5, s.A)
	assert.Equal(t, "pan", s.S.Reveal())
	assert.Equal(t, `"***"`, string(s.R))
	var text struct{ S string }
	require.Error(t, d.Root().Bind(&text), "a secret does not become a string by the way")
}
