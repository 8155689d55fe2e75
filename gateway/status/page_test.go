package status_test

import (
	"bytes"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// page returns the page of pay_17 as a tree.
func (w *world) page(change ...func(p *status.Page)) *html.Node {
	w.Helper()
	p, err := w.service.Page(w.Context(), key)
	require.NoError(w, err)
	p.Mount, p.Token, p.Frames, p.Return, p.Done = "/pay", "TOKEN", []string{"https://psp.example"}, "/checkout", "/thanks"
	for _, c := range change {
		c(&p)
	}
	var b bytes.Buffer
	n, err := p.WriteTo(&b)
	require.NoError(w, err)
	assert.EqualValues(w, b.Len(), n)
	tree, err := html.Parse(&b)
	require.NoError(w, err)
	return tree
}

// all returns the elements of a name.
func all(tree *html.Node, name string) (found []*html.Node) {
	for n := range tree.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			found = append(found, n)
		}
	}
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(tree *html.Node) string {
	var b strings.Builder
	for n := range tree.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func TestC22WithoutJavaScriptThePageReloadsItselfWhileThereIsSomethingToWaitFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pay("pay_17")
	tree := w.page(func(p *status.Page) { p.Refresh = 7 * time.Second })
	assert.Contains(t, text(tree), `<meta http-equiv="refresh" content="7">`, "in a noscript")
	assert.Contains(t, text(tree), "Your payment is being processed.")
	w.move("pay_17", gateway.StateSucceeded)
	tree = w.page()
	assert.NotContains(t, text(tree), "refresh")
	assert.Equal(t, "/thanks", attribute(all(tree, "a")[0], "href"))
	w2 := newWorld(t)
	w2.pay("pay_17")
	w2.move("pay_17", gateway.StateFailed)
	assert.Equal(t, "/checkout", attribute(all(w2.page(), "a")[0], "href"), "back to the choice of methods")
}

func TestC26WithoutJavaScriptThePageShowsWhatMustBeDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pay("pay_17")
	act := func(a gateway.Action) *html.Node {
		w.move("pay_17", gateway.StateActionRequired, &a)
		tree := w.page()
		assert.NotContains(t, text(tree), "refresh", "the shopper is not interrupted")
		return tree
	}
	tree := act(gateway.Action{Kind: gateway.ActionRedirect, URL: "https://bank.example/?a=1&b=2"})
	assert.Equal(t, "https://bank.example/?a=1&b=2", attribute(all(tree, "a")[0], "href"))

	tree = act(gateway.Action{Kind: gateway.ActionForm, URL: "https://bank.example/f", Fields: map[string]string{`x"><script>`: `"><script>alert(1)</script>`}})
	form := all(tree, "form")[0]
	assert.Equal(t, "https://bank.example/f", attribute(form, "action"))
	assert.Equal(t, "post", attribute(form, "method"))
	assert.Equal(t, `"><script>alert(1)</script>`, attribute(all(form, "input")[0], "value"))

	tree = act(gateway.Action{Kind: gateway.ActionIframe, URL: "https://psp.example/frame"})
	assert.Equal(t, "https://psp.example/frame", attribute(all(tree, "iframe")[0], "src"))
	assert.Contains(t, attribute(all(tree, "iframe")[0], "sandbox"), "allow-scripts")

	w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionIframe, URL: "https://evil.example/frame"})
	assert.Empty(t, all(w.page(), "iframe"), "only from origins that the page allows")

	fragment := `<p>Pay</p><script>parent.document.title = "x"</script>`
	tree = act(gateway.Action{Kind: gateway.ActionHTML, HTML: fragment})
	frame := all(tree, "iframe")[0]
	assert.Regexp(t, `^/pay/v1/payments/TOKEN/frame\?action=[\w-]+$`, attribute(frame, "src"))
	assert.NotContains(t, attribute(frame, "sandbox"), "allow-same-origin", "it reaches nothing of the page")
	assert.Len(t, all(tree, "script"), 1, "the client is the page's only script")

	tree = act(gateway.Action{Kind: gateway.ActionDisplay, Fields: map[string]string{"iban": "ES00<b>"}})
	assert.Equal(t, "ES00<b>", all(tree, "dd")[0].FirstChild.Data)
}

func TestThePageAndItsClientWorkUnderAStrictPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pay("pay_17")
	for _, nonce := range []string{"", "bm9uY2U="} {
		p, err := w.service.Page(t.Context(), key)
		require.NoError(t, err)
		p.Nonce, p.Frames = nonce, []string{"https://psp.example"}
		policy := p.CSP()
		for _, never := range []string{"unsafe", "*", "data:", "blob:", "http:"} {
			assert.NotContains(t, policy, never)
		}
		assert.Contains(t, policy, "default-src 'none'")
		assert.Contains(t, policy, "frame-src 'self' https://psp.example")
		tree := w.page(func(p *status.Page) { p.Nonce = nonce })
		scripts := all(tree, "script")
		require.Len(t, scripts, 1)
		assert.Nil(t, scripts[0].FirstChild, "no script stands in the page")
		assert.Equal(t, nonce, attribute(scripts[0], "nonce"))
		assert.Equal(t, w.service.ClientIntegrity(), attribute(scripts[0], "integrity"))
		assert.Equal(t, "/pay"+w.service.ClientPath(), attribute(scripts[0], "src"))
		assert.Empty(t, all(tree, "style"))
		for n := range tree.Descendants() {
			for _, a := range n.Attr {
				assert.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style", "%s of %s", a.Key, n.Data)
			}
		}
	}
	source := w.get(w.service.ClientPath()).body
	for _, never := range []string{"eval(", "Function(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", ".style", "import(", "localStorage", "document.cookie", "srcdoc =", "javascript:"} {
		assert.NotContains(t, source, never)
	}
	assert.Less(t, strings.Count(source, "\n"), 300)
}

func TestTheClientIsCachedForEverUnderItsHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.get(w.service.ClientPath())
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, "text/javascript; charset=utf-8", a.header.Get("Content-Type"))
	assert.Equal(t, "public, max-age=31536000, immutable", a.header.Get("Cache-Control"))
	assert.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
	assert.Regexp(t, `^/v1/client-[0-9a-f]{16}\.js$`, w.service.ClientPath())
	assert.Equal(t, http.StatusNotModified, w.get(w.service.ClientPath(), "If-None-Match", a.header.Get("Etag")).status)
	for _, path := range []string{"/v1/client.js", "/v1/client-0000000000000000.js", "/v1/page.html"} {
		assert.Equal(t, http.StatusNotFound, w.get(path).status)
	}
}

func TestThePageHasOneMainPartAndAHeading(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pay("pay_17")
	tree := w.page(func(p *status.Page) { p.Title = "Your payment" })
	require.Len(t, all(tree, "main"), 1)
	require.Len(t, all(tree, "h1"), 1)
	assert.Equal(t, "Your payment", all(tree, "h1")[0].FirstChild.Data, "the client does not replace it: it stands outside of what it fills")
	assert.Equal(t, all(tree, "main")[0], all(tree, "h1")[0].Parent)
}

// A shop puts the parts into a page of its own.
func TestThePartsOfThePageGoIntoATemplateOfTheShop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pay("pay_17")
	p, err := w.service.Page(t.Context(), key)
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, template.Must(template.New("").Parse(`<head>{{.Head}}</head><body><main><h1>Shop</h1>{{.Body}}</main></body>`)).Execute(&b, p))
	assert.Contains(t, b.String(), `<main><h1>Shop</h1><div data-payment=`)
	assert.Equal(t, 1, strings.Count(b.String(), "<main"), "the shop's page has a main part of its own, and a page has one")
	assert.Contains(t, b.String(), `<script type="module"`)
	_, err = w.service.Page(t.Context(), storage.PaymentKey{Store: "es", Payment: "nobody"})
	require.ErrorIs(t, err, gateway.CodeNotFound)
	rec := httptest.NewRecorder()
	_, err = status.Page{}.WriteTo(rec)
	require.NoError(t, err)
}
