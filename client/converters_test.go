package client_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

const errorPage = "<!DOCTYPE html><html><title>Gateway Timeout sk_secret</title></html>"

func response(status int, contentType, body string) *transfer.Response {
	r := &transfer.Response{Status: status, Header: http.Header{}, Body: []byte(body)}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func TestConvertersReadTheirOwnKindAndNoOther(t *testing.T) {
	t.Parallel()
	for _, try := range []struct {
		name        string
		by          transfer.Converter
		contentType string
		body        string
		path, want  string // or
		says        string
	}{
		{"JSON", client.JSON, "application/json; charset=utf-8", `{"a":{"b":"x"}}`, "a/b", "x", ""},
		{"JSON by suffix", client.JSON, "application/problem+json", `{"a":"x"}`, "a", "x", ""},
		{"JSON without a type", client.JSON, "", `{"a":"x"}`, "a", "x", ""},
		{"JSON that says text", client.JSON, "text/plain", `{"a":"x"}`, "a", "x", ""},
		{"a page for JSON", client.JSON, "text/html; charset=utf-8", errorPage, "", "", "a web page where JSON was expected"},
		{"a page that says JSON", client.JSON, "application/json", "\n  " + errorPage, "", "", "a web page where JSON was expected, whatever"},
		{"XHTML for XML", client.XML, "application/xhtml+xml", "<html/>", "", "", "a web page where XML was expected"},
		{"XML for JSON", client.JSON, "text/xml", "<a/>", "", "", "content type is not that of JSON"},
		{"JSON cut", client.JSON, "application/json", `{"a":"x`, "", "", "JSON at byte"},
		{"JSON and more", client.JSON, "application/json", `{"a":"x"}{}`, "", "", "JSON at byte"},
		{"JSON twice", client.JSON, "application/json", `{"a":"x","a":"y"}`, "", "", "JSON at byte"},
		{"JSON of nothing", client.JSON, "application/json", "", "", "", "JSON at byte"},
		{"form", client.Form, "application/x-www-form-urlencoded", "a[b]=x+y&c=1", "a/b", "x y", ""},
		{"form for JSON", client.JSON, "application/x-www-form-urlencoded", "a=1", "", "", "not that of JSON"},
		{"form twice", client.Form, "application/x-www-form-urlencoded", "a=1&a=2", "", "", "form at byte"},
		{"XML", client.XML, "application/soap+xml", "<e><b>x</b></e>", "e/b", "x", ""},
		{"XML cut", client.XML, "text/xml", "<e><b>x</b>", "", "", "XML at byte"},
		{"XML with an entity", client.XML, "text/xml", `<!DOCTYPE e [<!ENTITY x "y">]><e>&x;</e>`, "", "", "XML at byte"},
		{"text", client.Text, "text/plain", "APPROVED 1000\n", "text", "APPROVED 1000\n", ""},
		{"text that is none", client.Text, "text/plain", "a\xff", "", "", "not UTF-8"},
		{"text that is a page", client.Text, "text/plain", "<HTML>", "", "", "a web page where text was expected"},
		{"page", client.HTMLForm, "text/html", `<html><form><input name="MD" value="x"></form>`, "MD", "x", ""},
		{"JSON for a page", client.HTMLForm, "application/json", "{}", "", "", "not that of a web page"},
	} {
		t.Run(try.name, func(t *testing.T) {
			t.Parallel()
			doc, err := try.by.Convert(response(200, try.contentType, try.body))
			if try.says != "" {
				require.ErrorContains(t, err, try.says)
				assert.NotContains(t, err.Error(), "secret")
				assert.Nil(t, doc)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, try.want, doc.Value(try.path).Raw())
		})
	}
}

// Magento's tests 28 and 29: three named inputs and one without a name; and something that is no HTML.
func TestHTMLFormReadsNamedInputs(t *testing.T) {
	t.Parallel()
	doc, err := client.HTMLForm.Convert(response(200, "text/html", `<form method="post"><input type="hidden" name="name" value="Bob">
		<input type="text" name="id" value="42"><input name="comment" value="a &amp; b"><input type="submit" value="Send"></form>`))
	require.NoError(t, err)
	got := map[string]string{}
	for name, v := range doc.Root().All() {
		got[name] = v.Text()
	}
	assert.Equal(t, map[string]string{"name": "Bob", "id": "42", "comment": "a & b"}, got)

	doc, err = client.HTMLForm.Convert(response(200, "text/html", "Lorem ipsum"))
	require.NoError(t, err)
	assert.Zero(t, doc.Root().Len())
}

// Magento's test 30: a nested answer reads as nested fields, lists included, which its own converter loses.
func TestNestedAnswersStayNested(t *testing.T) {
	t.Parallel()
	doc, err := client.XML.Convert(response(200, "text/xml", "<a><b><c><d>1</d></c></b><list><x>2</x></list><list><x>3</x></list></a>"))
	require.NoError(t, err)
	assert.Equal(t, "1", doc.Value("a/b/c/d").Text())
	assert.Equal(t, "3", doc.Value("a/list/1/x").Text())
}

func TestAnAnswerThatMayHaveNoBodyReadsAsEmpty(t *testing.T) {
	t.Parallel()
	for _, status := range []int{204, 205, 304} {
		for _, by := range []transfer.Converter{client.JSON, client.Form, client.XML, client.Text, client.HTMLForm, client.ByContentType(nil)} {
			doc, err := by.Convert(response(status, "", ""))
			require.NoError(t, err)
			assert.Zero(t, doc.Root().Len())
		}
	}
	_, err := client.JSON.Convert(response(200, "application/json", ""))
	require.Error(t, err, "an answer that should have a body and has none is not read")
	_, err = client.JSON.Convert(response(204, "application/json", "{"))
	require.Error(t, err)
}

func TestByContentTypeChooses(t *testing.T) {
	t.Parallel()
	stock := client.ByContentType(nil)
	for contentType, body := range map[string]string{
		"application/json": `{"a":"x"}`, "Application/JSON;charset=utf-8": `{"a":"x"}`, "application/hal+json": `{"a":"x"}`,
		"application/x-www-form-urlencoded": "a=x", "text/xml": "<a>x</a>", "application/soap+xml": "<a>x</a>",
	} {
		doc, err := stock.Convert(response(200, contentType, body))
		require.NoError(t, err, contentType)
		assert.Equal(t, "x", doc.Value("a").Text(), contentType)
	}
	for contentType, says := range map[string]string{
		"text/html": "a web page, probably an error page", "application/xhtml+xml": "a web page", "": "does not say", "image/png": "none of those expected", "+json/x": "none of those",
	} {
		_, err := stock.Convert(response(200, contentType, "{}"))
		require.ErrorContains(t, err, says)
	}
	by := map[string]transfer.Converter{"Text/HTML": client.HTMLForm, "": client.Form}
	own := client.ByContentType(by)
	delete(by, "")
	doc, err := own.Convert(response(200, "", "a=x"))
	require.NoError(t, err, "the map is copied")
	assert.Equal(t, "x", doc.Value("a").Text())
	_, err = own.Convert(response(200, "text/html", "<input name=a value=x>"))
	require.NoError(t, err)
	_, err = own.Convert(response(200, "application/json", "{}"))
	require.Error(t, err, "only what is listed")
}

// The client bounds answers; a converter must not stop below that bound.
func TestALargeAnswerThatTheClientAllowsIsRead(t *testing.T) {
	t.Parallel()
	body := `{"a":"` + strings.Repeat("x", 2<<20) + `"}`
	doc, err := client.JSON.Convert(response(200, "application/json", body))
	require.NoError(t, err)
	assert.Len(t, doc.Value("a").Text(), 2<<20)
}

// Magento's tests 26 and 27: a transport failure converts nothing, and an
// answer that cannot be read is an error of its own, that says so.
func TestTransportAndConversionFailuresDiffer(t *testing.T) {
	t.Parallel()
	x := transfer.NewExchange(&gateway.Subject{}, &transfer.Transfer{}, response(200, "text/html", errorPage))
	x.Response.Converter = client.JSON
	_, err := x.Document()
	assert.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(err))
	require.ErrorContains(t, err, "a web page where JSON was expected")
	assert.NotContains(t, err.Error(), "Gateway Timeout")

	converted := false
	h := open(t, client.Config{Converter: transfer.ConverterFunc(func(*transfer.Response) (*request.Document, error) {
		converted = true
		return request.NewDocument(), nil
	})})
	refusal(t.Context(), t, h, post(t, "http://127.0.0.1:1", "{}"), gateway.CodeUnavailable)
	assert.False(t, converted)
}

// Magento's tests 23 and 24 (SOAP): the envelope goes out as it is, with its
// action, and the result is converted; a call that fails fails as itself, and
// the observer hears of both.
func TestASOAPCallNeedsNoClientOfItsOwn(t *testing.T) {
	t.Parallel()
	const envelope = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><pay>1</pay></s:Body></s:Envelope>`
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) {
		c.Request()
		c.Send(strings.Replace(ok(`<s:Envelope xmlns:s="x"><s:Body><payResponse><id>p1</id></payResponse></s:Body></s:Envelope>`), "application/json", "text/xml; charset=utf-8", 1))
		c.Request() // the second call is lost
	})
	var seen []client.Attempt
	c := client.Apply(open(t, client.Config{Converter: client.XML}), client.Observe(func(_ context.Context, a client.Attempt) { seen = append(seen, a) }))
	call := post(t, f.URL()+"/soap", envelope)
	call.Header.Set("Content-Type", "text/xml; charset=utf-8")
	call.Header.Set("SOAPAction", `"pay"`)
	r := place(t, c, call)
	doc, err := r.Converter.Convert(r)
	require.NoError(t, err)
	assert.Equal(t, "p1", doc.Value("Envelope/Body/payResponse/id").Text())
	refusal(t.Context(), t, c, call, gateway.CodeIndeterminate)
	require.Len(t, seen, 2)
	assert.Equal(t, []gateway.Code{"", gateway.CodeIndeterminate}, []gateway.Code{seen[0].Code, seen[1].Code})
	assert.Equal(t, `"pay"`, f.Requests()[0].Header.Get("Soapaction"))
	body, _ := io.ReadAll(f.Requests()[0].Body)
	assert.Equal(t, envelope, string(body))
}
