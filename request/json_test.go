package request

import (
	"encoding/json"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostileJSON are bodies that must be refused; reliability.md 2.4 and I2.
var hostileJSON = map[string]string{
	"nothing":                    "",
	"spaces only":                " \t\r\n",
	"byte order mark":            "\xEF\xBB\xBF{}",
	"duplicate name":             `{"amount":1,"amount":2}`,
	"duplicate name, escaped":    `{"amount":1,"\u0061mount":2}`,
	"duplicate, both escaped":    `{"\u0061":1,"\u0061":2}`,
	"duplicate, surrogate pair":  `{"😀":1,"\ud83d\ude00":2}`,
	"duplicate empty name":       `{"":1,"":2}`,
	"duplicate in a large one":   `{"a":0` + manyNames(40) + `,"k17":1}`,
	"trailing data":              `{} {}`,
	"trailing comma after":       `{},`,
	"trailing garbage":           `{}x`,
	"trailing NUL":               "{}\x00",
	"two numbers":                `1 2`,
	"bad UTF-8 in text":          "{\"a\":\"\xff\"}",
	"bad UTF-8 in name":          "{\"\xc3\":1}",
	"overlong UTF-8":             "[\"\xc0\xaf\"]",
	"UTF-8 surrogate":            "[\"\xed\xa0\x80\"]",
	"bad UTF-8 after an escape":  "[\"\\n\xff\"]",
	"cut UTF-8":                  "[\"\xe2\x82\"]",
	"UTF-16":                     "\xff\xfe{\x00}\x00",
	"lone high surrogate":        `["\ud800"]`,
	"lone low surrogate":         `["\udc00"]`,
	"high then no low":           `["\ud800\u0041"]`,
	"swapped pair":               `["\udc00\ud800"]`,
	"high at the end":            `["\ud800`,
	"escaped NUL":                `["\u0000"]`,
	"raw control character":      "[\"a\nb\"]",
	"raw NUL":                    "[\"a\x00b\"]",
	"raw tab in a name":          "{\"a\tb\":1}",
	"unknown escape":             `["\x41"]`,
	"single quote escape":        `["\'"]`,
	"short unicode escape":       `["\u12"]`,
	"bad unicode escape":         `["\u12g4"]`,
	"backslash at the end":       `["\`,
	"unterminated text":          `["abc`,
	"unterminated after escape":  `["a\n`,
	"unterminated object":        `{"a":1`,
	"unterminated list":          `[1`,
	"only a brace":               `{`,
	"closing only":               `}`,
	"wrong closing":              `[1}`,
	"wrong closing of an object": `{"a":1]`,
	"trailing comma in a list":   `[1,]`,
	"trailing comma in object":   `{"a":1,}`,
	"leading comma":              `[,1]`,
	"double comma":               `[1,,2]`,
	"missing comma":              `[1 2]`,
	"missing colon":              `{"a" 1}`,
	"missing value":              `{"a":}`,
	"missing name":               `{:1}`,
	"number as name":             `{1:1}`,
	"bare name":                  `{a:1}`,
	"single quotes":              `{'a':1}`,
	"leading zero":               `[01]`,
	"leading zeros":              `[-007]`,
	"plus sign":                  `[+1]`,
	"only a minus":               `[-]`,
	"point without digits":       `[1.]`,
	"point first":                `[.5]`,
	"exponent without digits":    `[1e]`,
	"exponent sign only":         `[1e+]`,
	"hexadecimal":                `[0x10]`,
	"underscore":                 `[1_000]`,
	"grouping":                   `{"a":1,000}`,
	"NaN":                        `[NaN]`,
	"Infinity":                   `[-Infinity]`,
	"capital true":               `[True]`,
	"cut true":                   `[tru`,
	"true with more":             `[truex]`,
	"nil":                        `nil`,
	"comment":                    "{} // x",
	"block comment":              `{/**/}`,
	"other white space":          "[1,\f2]",
	"no-break space":             "[1,\u00a02]",
	"deep lists":                 strings.Repeat("[", 65) + strings.Repeat("]", 65),
	"deep objects":               strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65),
	"very deep":                  strings.Repeat("[", 1<<19),
	"node bomb":                  "[" + strings.Repeat("0,", 100_000) + "0]",
	"object bomb":                "[" + strings.Repeat("{},", 100_000) + "0]",
	"too long":                   `"` + strings.Repeat("a", 1<<20) + `"`,
	"HTML error page":            "<html><body>502 Bad Gateway</body></html>",
	"JSONP":                      `callback({"a":1})`,
	"XSSI prefix":                ")]}'\n{}",
	"server-sent event":          "data: {}",
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"k` + strings.TrimSpace(string(rune('0'+i/10))+string(rune('0'+i%10))) + `":1`)
	}
	return b.String()
}

func TestI2HostileJSONIsRefused(t *testing.T) {
	t.Parallel()
	for name, body := range hostileJSON {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := ParseJSON([]byte(body), Limits{})
			require.Nil(t, d)
			var e *DecodeError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "JSON", e.Format)
			assert.LessOrEqual(t, e.Offset, len(body))
			assert.NotEmpty(t, e.Problem)
		})
	}
}

func TestJSONIsReadExactly(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{}`, `[]`, `""`, `0`, `-0`, `null`, `true`, `false`, ` [ 1 , 2 ] `, "\r\n\t{ \"a\" :\t1 }\n", `{"a":{"b":[{"c":null}]}}`,
		`-1.5E-10`, `123456789012345678901234567890.123456789`, `9007199254740993`, `{"":0}`, `"\u0001\b\f\/\ud83d\ude00"`,
		`"é€😀"`, `{"amount":1,"AMOUNT":2}`, `"` + strings.Repeat("aé", 5000) + `"`, `{"a":0` + manyNames(99) + `}`,
		strings.Repeat("[", 64) + strings.Repeat("]", 64), `"\\\"\n"`, `["\u00e9","a\u00e9b\nc"]`,
	} {
		d := parsed(t, body)
		assert.True(t, d.Sealed())
		assert.JSONEq(t, body, encoded(t, d))
		var compact strings.Builder
		enc := json.NewEncoder(&compact)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(json.RawMessage(body)))
		if !strings.Contains(body, `\`) && !strings.Contains(body, "1e") {
			assert.Equal(t, strings.TrimSpace(compact.String()), encoded(t, d), "numbers stay as they are written")
		}
	}
}

func TestLimitsOfTheCallerCount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		body string
		l    Limits
		ok   bool
	}{
		{`[1,2,3]`, Limits{Nodes: 3}, true},
		{`[1,2,3]`, Limits{Nodes: 2}, false},
		{`[[[1]]]`, Limits{Depth: 3}, true},
		{`[[[1]]]`, Limits{Depth: 2}, false},
		{`"abc"`, Limits{Bytes: 5}, true},
		{`"abc"`, Limits{Bytes: 4}, false},
		{`[[[1]]]`, Limits{Depth: -1, Nodes: -1, Bytes: -1}, true},
		{strings.Repeat("[", 1000) + strings.Repeat("]", 1000), Limits{Depth: 1 << 30}, true},
		{strings.Repeat("[", 1001) + strings.Repeat("]", 1001), Limits{Depth: 1 << 30}, false},
	} {
		d, err := ParseJSON([]byte(tt.body), tt.l)
		assert.Equal(t, tt.ok, err == nil, "%.20s %+v", tt.body, tt.l)
		if d != nil {
			assert.JSONEq(t, tt.body, encoded(t, d))
			assert.NotEmpty(t, d.Digest())
			d.Release()
		}
	}
}

func TestEncodingEscapesLikeEncodingJSON(t *testing.T) {
	t.Parallel()
	all := make([]rune, 0, 300)
	for r := rune(' '); r < 300; r++ {
		if r != 0x7f {
			all = append(all, r)
		}
	}
	text := string(all) + "\t\n\r\u2028\u2029😀 </script>&"
	d := newDoc(t)
	d.Text(text, text)
	var back map[string]string
	require.NoError(t, json.Unmarshal([]byte(encoded(t, d)), &back))
	assert.Equal(t, map[string]string{text: text}, back)
	for c := range 0x80 { // parsed texts may hold what setters refuse
		if c == 0 {
			continue
		}
		body, err := json.Marshal("x" + string(rune(c)) + "y")
		require.NoError(t, err)
		assert.JSONEq(t, string(body), encoded(t, parsed(t, string(body))))
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	d.Text("a", "b")
	for _, capacity := range []int{3, 4, 100} {
		dst := append(make([]byte, 0, capacity), "abc"...)
		out, err := JSON.Append(dst, d)
		require.NoError(t, err)
		assert.Equal(t, `abc{"a":"b"}`, string(out))
	}
}

func TestI2ARefusedBombTakesLittleMemory(t *testing.T) {
	bodies := [][]byte{
		[]byte("[" + strings.Repeat("0,", 1<<19-2) + "0]"),
		[]byte("[" + strings.Repeat("[],", 1<<20/3-2) + "0]"),
		[]byte(strings.Repeat("[", 1<<20)),
		[]byte(`{"a":0` + strings.Repeat(`,"a":0`, 1<<20/6-2) + "}"),
	}
	for _, body := range bodies {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseJSON(body, Limits{})
		runtime.ReadMemStats(&after)
		require.Error(t, err)
		assert.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), "%.10s", body)
	}
	d := parsed(t, `["`+strings.Repeat(",", 200_000)+`\",\\",1]`) // commas in a text are no values
	assert.Equal(t, 2, d.Root().Len())
}

func TestSeveralGoroutinesMayReadOneDocument(t *testing.T) {
	t.Parallel()
	d := parsed(t, string(benchAnswer))
	want := d.String()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				assert.Equal(t, want, d.String())
				assert.Len(t, d.Digest(), 64)
				_, err := Bind[benchResponse](d.Root())
				assert.NoError(t, err)
				assert.NoError(t, d.Check())
				assert.Equal(t, "visa", d.Value("paymentMethod/brand").Text())
				c := d.Clone()
				c.Text("pspReference", "mine")
				c.Release()
			}
		})
	}
	wg.Wait()
}
