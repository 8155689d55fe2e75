package status

import (
	"context"
	_ "embed"
	"html/template"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("payment").Parse(pageSource))

// Page is a page on which a shopper sees a payment. With JavaScript the browser's
// client keeps it up to date; without, it reloads itself while there is something
// to wait for. It can be written as it is ([Page.WriteTo]), or its parts put into
// a template of the shop's: {{.Head}} into the head, {{.Body}} into the body. The
// fields are to be set before that; the zero Page shows nothing.
type Page struct {
	View View

	Mount   string        // where [Service.Handler] is mounted, such as "/pay"; "" is the root
	Token   string        // of the payment
	Title   string        // "" means "Payment"
	Lang    string        // of the page; "" means "en"
	Refresh time.Duration // between two loads without JavaScript; 0 means 5 s
	Frames  []string      // the origins that may be shown in a frame
	Return  string        // where the shopper chooses another way to pay
	Done    string        // where the shopper goes when it is paid
	Nonce   string        // of the Content-Security-Policy; "" relies on 'self'

	script, integrity string
}

// Page returns the page of a payment as it stands.
func (s *Service) Page(ctx context.Context, key storage.PaymentKey) (Page, error) {
	v, _, err := s.read(ctx, key)
	return Page{View: v, script: s.ClientPath(), integrity: s.ClientIntegrity()}, err
}

// CSP returns a Content-Security-Policy with which the page works and that lets
// nothing else in. A shop with more on its page adds to it.
func (p Page) CSP() string {
	script := "'self'"
	if p.Nonce != "" {
		script = "'nonce-" + p.Nonce + "'"
	}
	frames := "'self'"
	for _, origin := range p.Frames {
		frames += " " + origin
	}
	return "default-src 'none'; script-src " + script + "; connect-src 'self'; style-src 'self'; img-src 'self'; frame-src " + frames +
		"; form-action 'self' https:; base-uri 'none'; frame-ancestors 'none'"
}

// WriteTo writes the whole page. Send [Page.CSP] with it, and
// Referrer-Policy: no-referrer, since its address may have the token.
func (p Page) WriteTo(w io.Writer) (int64, error) {
	n := counter{to: w}
	err := pageTemplate.ExecuteTemplate(&n, "payment", p.complete())
	return n.written, err
}

type counter struct {
	to      io.Writer
	written int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.written += int64(n)
	return n, err
}

// Head returns what the page's head needs: the client, and the reload of those
// who have no JavaScript.
func (p Page) Head() (template.HTML, error) { return p.part("head") }

// Body returns how the payment stands and what the shopper must do: an element for
// the main part of the page, which the client fills.
func (p Page) Body() (template.HTML, error) { return p.part("body") }

func (p Page) part(name string) (template.HTML, error) {
	var b strings.Builder
	err := pageTemplate.ExecuteTemplate(&b, name, p.complete())
	return template.HTML(b.String()), err //nolint:gosec // html/template wrote it
}

func (p Page) complete() Page {
	if p.Title == "" {
		p.Title = "Payment"
	}
	if p.Lang == "" {
		p.Lang = "en"
	}
	if p.Refresh == 0 {
		p.Refresh = 5 * time.Second
	}
	return p
}

// What follows is for the template.

// Script returns the address of the browser's client.
func (p Page) Script() string { return p.Mount + p.script }

// Integrity returns the hash of the browser's client.
func (p Page) Integrity() string { return p.integrity }

// Source returns where the client asks for the status.
func (p Page) Source() string { return p.Mount + "/v1/payments/" + url.PathEscape(p.Token) }

// Seconds returns Refresh in seconds, at least one.
func (p Page) Seconds() int { return max(int(p.Refresh/time.Second), 1) }

// Allowed returns the origins of frames as the client takes them.
func (p Page) Allowed() string { return strings.Join(p.Frames, " ") }

// Acts returns the kind of what the shopper must do; "" for nothing that a page
// can show without JavaScript.
func (p Page) Acts() string {
	a := p.View.Action
	if a == nil {
		return ""
	}
	switch a.Kind {
	case gateway.ActionIframe:
		u, err := url.Parse(a.URL)
		for _, origin := range p.Frames {
			if err == nil && origin == u.Scheme+"://"+u.Host {
				return "iframe"
			}
		}
		return ""
	case gateway.ActionRedirect, gateway.ActionForm, gateway.ActionHTML, gateway.ActionDisplay:
		return string(a.Kind)
	}
	return ""
}

// URL returns the address of the action: the service tells none that a browser would run.
func (p Page) URL() template.URL { return template.URL(p.View.Action.URL) } //nolint:gosec // see above

// Frame returns where the fragment of the provider is, for a frame.
func (p Page) Frame() string {
	return p.Source() + "/frame?action=" + url.QueryEscape(p.View.Action.ID)
}

// Method returns how a form is sent.
func (p Page) Method() string {
	if strings.EqualFold(p.View.Action.Method, "GET") {
		return "get"
	}
	return "post"
}
