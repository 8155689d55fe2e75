package request

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

func TestXMLWritesElementsAttributesAndLists(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	d.Text("@version", `1"<&>`+"\n\t")
	d.Text("name", `a<b>&"é`+"\r\n")
	l := d.List("line")
	l.Object().Int("price", 600)
	l.Text("x")
	a := d.Object("amount")
	a.Number("#text", "10.50")
	a.Text("@currency", "EUR")
	d.Null("null")
	d.Object("empty")
	d.List("none")
	d.Bool("ok", true)
	d.Secret("pay:card", gateway.NewSecret("4111"))
	out, err := XML("request", WithNamespace("", "urn:a&b"), WithNamespace("pay", "urn:pay")).Append(nil, d)
	require.NoError(t, err)
	assert.Equal(t, declaration+`<request xmlns="urn:a&amp;b" xmlns:pay="urn:pay" version="1&quot;&lt;&amp;&gt;&#xA;&#x9;">`+
		`<name>a&lt;b&gt;&amp;"é&#xD;`+"\n"+`</name><line><price>600</price></line><line>x</line><amount currency="EUR">10.50</amount>`+
		`<null></null><empty></empty><ok>true</ok><pay:card>4111</pay:card></request>`, string(out))
	var back struct {
		XMLName xml.Name `xml:"urn:a&b request"`
		Name    string   `xml:"name"`
		Version string   `xml:"version,attr"`
	}
	require.NoError(t, xml.Unmarshal(out, &back))
	assert.Equal(t, `a<b>&"é`+"\r\n", back.Name)
	assert.Equal(t, `1"<&>`+"\n\t", back.Version)
}

func TestSOAPPutsTheElementIntoAnEnvelope(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	d.Object("wsse").Secret("token", gateway.NewSecret("t"))
	d.Text("id", "1")
	x := XML("Capture", WithSOAP11(), WithSOAPHeader("wsse"), WithNamespace("", "urn:x"))
	out, err := x.Append(nil, d)
	require.NoError(t, err)
	assert.Equal(t, declaration+`<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header><token>t</token></soap:Header>`+
		`<soap:Body><Capture xmlns="urn:x"><id>1</id></Capture></soap:Body></soap:Envelope>`, string(out))
	assert.Equal(t, "text/xml; charset=utf-8", x.ContentType())
	x = XML("Capture", WithSOAP12())
	assert.Equal(t, "application/soap+xml; charset=utf-8", x.ContentType())
	out, err = x.Append(nil, newDoc(t))
	require.NoError(t, err)
	assert.Contains(t, string(out), `xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body><Capture>`)
	back, err := ParseXML(out, Limits{})
	require.NoError(t, err)
	assert.True(t, back.Has("Envelope/Body/Capture"))
	assert.Equal(t, "application/xml; charset=utf-8", XML("a").ContentType())
}

func TestXMLRefusesWhatItCannotSay(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"a b":1}`, `{"1a":1}`, `{"a:b:c":1}`, `{":a":1}`, `{"a:":1}`, `{"<a":1}`, `{"a>":1}`, `{"":1}`, `{"@":1}`, `{"@a b":1}`, `{"-a":1}`,
		`{"@a":{}}`, `{"@a":[]}`, `{"#text":{}}`, `{"#text":[1]}`, `{"#other":1}`, `{"a":[[1]]}`, `{"a":"\u0001"}`, `{"a":"\uFFFE"}`, `{"@a":"\uFFFF"}`,
		`{"a/b":1}`, `{"a[b]":1}`, `{"a\"":1}`,
	} {
		out, err := XML("r").Append([]byte("kept"), parsed(t, body))
		require.Error(t, err, body)
		assert.Equal(t, gateway.CodeInvalid, gateway.CodeOf(err))
		assert.Equal(t, "kept", string(out))
	}
	for name, x := range map[string]Encoder{
		"root":             XML("a b"),
		"empty root":       XML(""),
		"prefix":           XML("a", WithNamespace("a b", "u")),
		"prefix of two":    XML("a", WithNamespace("a:b", "u")),
		"no URI":           XML("a", WithNamespace("a", "")),
		"twice":            XML("a", WithNamespace("a", "u"), WithNamespace("a", "v")),
		"header, no SOAP":  XML("a", WithSOAPHeader("h")),
		"injected element": XML("a><b"),
	} {
		_, err := x.Append(nil, newDoc(t))
		require.Error(t, err, name)
		require.Error(t, x.(interface{ Check() error }).Check(), name)
	}
}

func TestParseXMLNestsElements(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`<a/>`:                                `{"a":""}`,
		`<a> x </a>`:                          `{"a":" x "}`,
		"\xEF\xBB\xBF<a>x</a>\n":              `{"a":"x"}`,
		`<?xml version="1.0"?><a>x</a>`:       `{"a":"x"}`,
		`<a b="1">x</a>`:                      `{"a":{"@b":"1","#text":"x"}}`,
		`<a b="1"/>`:                          `{"a":{"@b":"1"}}`,
		"<a>\n <b>1</b>\n <c/></a>":           `{"a":{"b":"1","c":""}}`,
		`<a><b>1</b><c>2</c><b>3</b></a>`:     `{"a":{"b":["1","3"],"c":"2"}}`,
		`<a><b><x>1</x></b><b>2</b></a>`:      `{"a":{"b":[{"x":"1"},"2"]}}`,
		`<a>x<b/>y</a>`:                       `{"a":{"b":"","#text":"xy"}}`,
		`<a>12<!-- 3 -->45</a>`:               `{"a":"1245"}`,
		`<a><![CDATA[<b>&]]></a>`:             `{"a":"<b>&"}`,
		`<a>&lt;&#65;&#x42;&amp;</a>`:         `{"a":"<AB&"}`,
		`<s:a xmlns:s="u"><s:b>1</s:b></s:a>`: `{"a":{"b":"1"}}`,
		`<a xmlns="u" xmlns:x="v" x:c="1"/>`:  `{"a":{"@c":"1"}}`,
		"<?xml version=\"1.0\" encoding=\"ISO-8859-9\"?><a>\xdd\xfe</a>":    `{"a":"İş"}`,
		"<?xml version=\"1.0\" encoding=\"windows-1252\"?><a b=\"\x80\"/>":  `{"a":{"@b":"€"}}`,
		"<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><a/>": `{"a":""}`,
	} {
		d, err := ParseXML([]byte(body), Limits{})
		require.NoError(t, err, body)
		assert.Equal(t, want, d.String(), body)
		d.Release()
	}
}

var hostileXML = map[string]string{
	"nothing":                 "",
	"text only":               "hello",
	"declaration only":        `<?xml version="1.0"?>`,
	"comment only":            `<!-- a -->`,
	"document type":           `<!DOCTYPE a><a/>`,
	"external entity":         `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`,
	"billion laughs":          `<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>`,
	"undefined entity":        `<a>&nbsp;</a>`,
	"parameter entity":        `<!DOCTYPE a [<!ENTITY % p SYSTEM "http://x/">%p;]><a/>`,
	"late document type":      `<a/><!DOCTYPE a>`,
	"second root":             `<a/><b/>`,
	"second root of one name": `<a/><a/>`,
	"trailing text":           `<a/>x`,
	"leading text":            `x<a/>`,
	"trailing NUL":            "<a/>\x00",
	"unclosed":                `<a><b></b>`,
	"closed twice":            `<a></a></a>`,
	"wrong order":             `<a><b></a></b>`,
	"wrong prefix":            `<s:a xmlns:s="u"></t:a>`,
	"stylesheet":              `<?xml-stylesheet href="x"?><a/>`,
	"late declaration":        `<a/><?xml version="1.0"?>`,
	"second declaration":      `<?xml version="1.0"?><?xml version="1.0"?><a/>`,
	"PHP":                     `<?php echo 1 ?><a/>`,
	"two attributes":          `<a b="1" b="2"/>`,
	"two attributes, prefix":  `<a xmlns:x="u" b="1" x:b="2"/>`,
	"foreign sibling":         `<a xmlns:e="urn:evil"><amount>1</amount><e:amount>2</e:amount></a>`,
	"unquoted attribute":      `<a b=1/>`,
	"no attribute value":      `<a b/>`,
	"bad UTF-8":               "<a>\xff</a>",
	"control character":       "<a>\x01</a>",
	"escaped NUL":             "<a>&#0;</a>",
	"escaped control":         "<a>&#1;</a>",
	"unknown encoding":        `<?xml version="1.0" encoding="x-evil"?><a/>`,
	"UTF-7":                   `<?xml version="1.0" encoding="UTF-7"?><a>+ADw-</a>`,
	"UTF-16 declared":         `<?xml version="1.0" encoding="UTF-16"?><a/>`,
	"UTF-16":                  "\xff\xfe<\x00a\x00/\x00>\x00",
	"bytes unlike encoding":   "<?xml version=\"1.0\" encoding=\"EUC-JP\"?><a>\xff\xff</a>",
	"XML 1.1":                 `<?xml version="1.1"?><a/>`,
	"CDATA end in text":       `<a>]]></a>`,
	"open CDATA":              `<a><![CDATA[x</a>`,
	"two hyphens in comment":  `<a><!-- a -- b --></a>`,
	"bad name":                `<1a/>`,
	"three-part name":         `<a:b:c xmlns:a="u"/>`,
	"too deep":                strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65),
	"very deep":               strings.Repeat("<a>", 300_000),
	"too many":                "<a>" + strings.Repeat("<b/>", 100_001) + "</a>",
	"too many attributes":     "<a" + manyAttributes(100_001) + "/>",
	"too long":                "<a>" + strings.Repeat("x", 3<<20) + "</a>",
	"JSON":                    `{"a":1}`,
	"HTML":                    `<html><body><br></body></html>`,
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(` a`)
		for ; i > 0; i /= 26 {
			b.WriteByte(byte('a' + i%26))
		}
		b.WriteString(`=""`)
	}
	return b.String()
}

func TestI2HostileXMLIsRefused(t *testing.T) {
	t.Parallel()
	for name, body := range hostileXML {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := ParseXML([]byte(body), Limits{Bytes: 3 << 20})
			if d != nil {
				t.Logf("read as %s", d)
			}
			require.Nil(t, d)
			var e *DecodeError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "XML", e.Format)
			assert.LessOrEqual(t, e.Offset, len(body))
		})
	}
}

func TestOneXMLElementIsAListOfOne(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{`<a><line><p>1</p></line></a>`: 1, `<a><line><p>1</p></line><line><p>2</p></line></a>`: 2, `<a/>`: 0} {
		d, err := ParseXML([]byte(body), Limits{})
		require.NoError(t, err)
		var s struct {
			A struct {
				Line []struct {
					P int64 `json:"p"`
				} `json:"line"`
			} `json:"a"`
		}
		require.NoError(t, d.Root().Bind(&s))
		require.Len(t, s.A.Line, want)
		n := 0
		for v := range d.Value("a/line").Items() {
			assert.Equal(t, s.A.Line[n].P, must(t)(v.Get("p").Int()))
			n++
		}
		assert.Equal(t, want, n)
		if want > 0 {
			assert.Equal(t, "1", d.Value("a/line/0/p").Text())
			assert.Equal(t, "1", d.Value("a/line").At(0).Get("p").Text())
			assert.Equal(t, want == 2, d.Value("a/line").At(1).Exists())
		}
		d.Release()
	}
}

func must(t testing.TB) func(int64, error) int64 {
	return func(v int64, err error) int64 { t.Helper(); require.NoError(t, err); return v }
}

func TestAnXMLAmountBindsWithAndWithoutAttributes(t *testing.T) {
	t.Parallel()
	type amount struct {
		Currency string `json:"@currency"`
		Value    Number `json:"#text"`
	}
	for body, want := range map[string]amount{`<a currency="EUR">10.50</a>`: {"EUR", "10.50"}, `<a>10.50</a>`: {"", "10.50"}} {
		d, err := ParseXML([]byte(body), Limits{})
		require.NoError(t, err)
		got, err := Bind[amount](d.Value("a"))
		require.NoError(t, err)
		assert.Equal(t, want, got)
		d.Release()
	}
}

func TestMagento28HTMLFormGivesItsNamedInputs(t *testing.T) {
	t.Parallel()
	d, err := ParseHTMLForm([]byte(`<html><form method="post"><input name="a" value="1"/><INPUT value='2 &amp; 3' NAME=b><input name="c[d]">
		<input type="submit" value="Go"><input type=checkbox name=off value=1><input type=radio name=on value=2 checked>
		<input name="a" value="1"><p>text</p><!-- <input name=x> --><script>"<input name=y>"</script></form>`), Limits{})
	require.NoError(t, err)
	defer d.Release()
	assert.Equal(t, `{"a":"1","b":"2 & 3","c[d]":"","on":"2"}`, d.String())
}

func TestMagento29WhatIsNoHTMLGivesAnEmptyDocument(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "not HTML", `{"a":1}`, "<", "<input", "<input>"} {
		d, err := ParseHTMLForm([]byte(body), Limits{})
		require.NoError(t, err)
		require.NotNil(t, d)
		assert.Equal(t, `{}`, d.String())
		d.Release()
	}
	for name, body := range map[string]string{
		"two values": `<input name=a value=1><input name=a value=2>`,
		"not UTF-8":  "<input name=a value=\xff>",
		"too many":   strings.Repeat(`<input name=a>`, 3) + `<input name=b><input name=c><input name=d>`,
		"too long":   strings.Repeat(" ", 1000),
	} {
		_, err := ParseHTMLForm([]byte(body), Limits{Nodes: 2, Bytes: 500})
		require.Error(t, err, name)
	}
}
