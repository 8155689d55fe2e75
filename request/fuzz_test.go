package request

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

const canary = "5555444433331111"

// grow builds a document from fuzz bytes, with the canary as secrets.
func grow(d *Document, program []byte) {
	nodes, lists := []Node{d.Node}, []List{d.List("l")}
	for len(program) >= 2 {
		op, arg := program[0], program[1]
		program = program[2:]
		k := min(int(arg%16), len(program))
		text := string(program[:k])
		program = program[k:]
		n, l := nodes[int(op>>4)%len(nodes)], lists[int(op>>4)%len(lists)]
		name := "f" + text
		switch op & 15 {
		case 0:
			n.Text(name, text)
		case 1:
			n.Int(name, int64(arg)<<50-1<<40)
		case 2:
			n.Bool(name, arg&1 == 0)
		case 3:
			n.Secret(name, gateway.NewSecret(canary+text))
		case 4:
			n.Null(name)
		case 5:
			n.Number(name, text)
		case 6:
			nodes = append(nodes, n.Object(name))
		case 7:
			lists = append(lists, n.List(name))
		case 8:
			l.Text(text)
		case 9:
			nodes = append(nodes, l.Object())
		case 10:
			lists = append(lists, l.List())
		case 11:
			l.Secret(gateway.NewSecret(canary))
		case 12:
			l.Int(int64(arg))
		case 13:
			n.Remove(name)
		case 14:
			n.Copy(name, d.Value(text))
		case 15:
			n.Money(name, gateway.Minor(int64(arg), "EUR"))
		}
	}
}

func FuzzJSONRoundTrip(f *testing.F) {
	f.Add([]byte("\x00\x05hello\x06\x01a\x10\x02hi\x03\x04abcd\x07\x01l\x18\x02xy\x09\x00\x0b\x00\x01\x01z"))
	f.Fuzz(func(t *testing.T, program []byte) {
		d := NewDocument()
		defer d.Release()
		grow(d, program)
		body, err := JSON.Append(nil, d)
		masked := d.String()
		if strings.Contains(masked, canary) || err != nil && strings.Contains(err.Error(), canary) {
			t.Fatalf("the secret shows: %s %v", masked, err)
		}
		if err != nil {
			return
		}
		back, err := ParseJSON(body, Limits{})
		require.NoError(t, err, "%s", body)
		defer back.Release()
		again, err := JSON.Append(nil, back)
		require.NoError(t, err)
		require.Equal(t, string(body), string(again))
		require.Equal(t, d.Clone().Digest(), d.Digest())
		if !strings.Contains(string(body), canary) {
			require.Equal(t, d.Digest(), back.Digest())
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	for _, body := range hostileJSON {
		if len(body) < 1000 {
			f.Add([]byte(body))
		}
	}
	f.Add(benchAnswer)
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := ParseJSON(body, Limits{})
		if err != nil {
			if json.Valid(body) && !stricter(body, err.(*DecodeError).Problem) {
				t.Fatalf("refused what encoding/json takes: %v\n%q", err, body)
			}
			return
		}
		defer d.Release()
		want := standard(t, body)
		got, err := JSON.Append(nil, d)
		require.NoError(t, err)
		require.Equal(t, want, standard(t, got))
		var viaBind any
		require.NoError(t, d.Root().Bind(&viaBind))
		require.Equal(t, want, viaBind)
	})
}

// stricter reports whether a refusal is one of those that ParseJSON documents.
func stricter(_ []byte, problem string) bool {
	switch problem {
	case "a name stands twice in one object", "a text is not UTF-8", "a text has half a surrogate pair", "a text has a NUL character",
		"it is nested too deep", "it has too many fields", "the body is too long":
		return true
	}
	return false
}

// standard decodes with encoding/json and keeps numbers.
func standard(t *testing.T, body []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	require.NoError(t, dec.Decode(&v), "accepted what encoding/json refuses")
	_, err := dec.Token()
	require.ErrorIs(t, err, io.EOF)
	return v
}

func FuzzForm(f *testing.F) {
	for _, body := range []string{"a=1&b[c]=2&b[d][0]=x&b[d][1]=%C3%A9", "a[]=1&a[]=2", "a=1&a=2", "a[b=1", "a=%zz", "=x", "a;b=1", "a%5Bb%5D=+", "x[0][y]=1&x[1][y]=2"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := ParseForm(body, Limits{})
		if err != nil {
			return
		}
		defer d.Release()
		values, err := url.ParseQuery(string(body))
		require.NoError(t, err, "accepted what net/url refuses")
		leaves := 0
		d.Walk(func(path string, v Value) bool {
			if path == "" {
				return true // the empty form
			}
			leaves++
			steps := strings.Split(path, "/")
			for i := range steps {
				steps[i], _, _ = nextStep(steps[i])
			}
			key, parent := steps[0], steps[0]
			for i, s := range steps[1:] {
				if i == len(steps)-2 {
					parent = key
				}
				key += "[" + s + "]"
			}
			if got, ok := values[key]; ok {
				require.Equal(t, []string{v.Text()}, got)
			} else { // name[]=
				require.Contains(t, values[parent+"[]"], v.Text())
			}
			return true
		})
		sent := 0
		for _, v := range values {
			sent += len(v)
		}
		require.Equal(t, sent, leaves)
		out, err := Form.Append(nil, d)
		require.NoError(t, err)
		back, err := ParseForm(out, Limits{Bytes: 4 << 20})
		require.NoError(t, err, "%q", out)
		defer back.Release()
		require.Equal(t, d.String(), back.String())
	})
}

func FuzzXML(f *testing.F) {
	for _, body := range []string{
		`<a b="c">d<e/><e>2</e></a>`, `<?xml version="1.0"?><s:E xmlns:s="u"><s:B>1</s:B></s:E>`, `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`,
		`<a>1</a><b/>`, `<a xmlns="x">&lt;&#65;<![CDATA[<b>]]></a>`, `<?xml version="1.0" encoding="ISO-8859-9"?><a>` + "\xfe" + `</a>`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := ParseXML(body, Limits{})
		if err != nil {
			return
		}
		defer d.Release()
		var name string
		var root Value
		for name, root = range d.Root().All() {
		}
		require.Equal(t, 1, d.Root().Len())
		inner := NewDocument()
		defer inner.Release()
		if root.Kind() == KindObject {
			inner.fill(root)
		} else {
			inner.Copy("#text", root)
		}
		out, err := XML(name).Append(nil, inner)
		if err != nil {
			return // a character that setters refuse
		}
		back, err := ParseXML(out, Limits{Bytes: 8 << 20})
		require.NoError(t, err, "%s", out)
		defer back.Release()
		if fmt.Sprint(root) != `""` && root.Kind() == KindObject {
			require.Equal(t, leavesOf(d), leavesOf(back), "%s", out)
		}
	})
}

// leavesOf lists the scalars of d; their order may change, as text comes last.
func leavesOf(d *Document) map[string]string {
	leaves := map[string]string{}
	d.Walk(func(path string, v Value) bool {
		if s := v.Text(); s != "" || v.Kind() == KindText {
			leaves[path] = s
		}
		return true
	})
	return leaves
}
