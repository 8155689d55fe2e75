package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
)

//go:embed web
var web embed.FS

// page is what a template is filled with.
type page struct {
	Name, Title string
	Step        int // of the four: product, way to pay, payment, done

	Price, Shipping gateway.Money
	Cart            string
	Most            int

	Token, Order string
	Total        gateway.Money
	Methods      []Method
	Try          int
	Problem      string

	Head, Body template.HTML // made by package status
	policy     string
}

// look turns pages into HTML.
type look struct {
	templates map[string]*template.Template
	assets    map[string][]byte // by a name that changes with what is in it
}

// policy lets a page have styles and pictures of our own, and forms that come back
// to us; no scripts, and no place in another site's frame.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func newLook() (look, error) {
	l := look{templates: map[string]*template.Template{}, assets: map[string][]byte{}}
	named := map[string]string{}
	for _, name := range []string{"shop.css", "book.svg", "icon.svg"} {
		raw, err := web.ReadFile("web/" + name)
		if err != nil {
			return l, err
		}
		sum := sha256.Sum256(raw)
		named[name] = hex.EncodeToString(sum[:6]) + "-" + name
		l.assets[named[name]] = raw
	}
	files, err := fs.Glob(web, "web/*.html")
	if err != nil {
		return l, err
	}
	functions := template.FuncMap{
		"asset": func(name string) string { return "/assets/" + named[name] },
		"upto": func(n int) (all []int) {
			for i := range n {
				all = append(all, i+1)
			}
			return all
		},
		"steps": func() []string { return []string{"Product", "Ways to pay", "Payment", "Done"} },
		"add":   func(a, b int) int { return a + b },
	}
	for _, file := range files {
		t, err := template.New("").Funcs(functions).ParseFS(web, "web/layout.html", file)
		if err != nil {
			return l, err
		}
		l.templates[path.Base(file)] = t
	}
	return l, nil
}

func (l look) show(w http.ResponseWriter, code int, p page) {
	var b bytes.Buffer
	if err := l.templates[p.Name+".html"].ExecuteTemplate(&b, "layout", p); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	if p.policy == "" {
		p.policy = policy
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Cache-Control", "no-store")         // how a payment stands is true now and not later
	h.Set("Referrer-Policy", "no-referrer")    // addresses have tokens in them
	h.Set("X-Content-Type-Options", "nosniff") // what we say it is, it is
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // the browser may be gone
}

// framed shows a page in a frame of our own, which was opened for a bank's scripts
// and has come back to us: as a page of our origin it could reach the one around
// it, so it is given none.
func (l look) framed(w http.ResponseWriter, p page) {
	p.policy = "sandbox allow-top-navigation-by-user-activation; default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'self'"
	l.show(w, http.StatusOK, p)
}

// problem says what went wrong, as far as it is the shopper's business.
func (l look) problem(w http.ResponseWriter, err error) {
	p := page{Name: "problem", Title: "Something went wrong", Problem: "Please try again in a moment. Nothing was charged by this."}
	switch code := gateway.CodeOf(err); code {
	case gateway.CodeNotFound:
		p.Title, p.Problem = "Nothing here", "This page does not exist, or its time is over."
	case gateway.CodeInvalid:
		p.Title, p.Problem = "Please check that", gateway.AsError(err, code).Detail
	}
	l.show(w, status.HTTPStatus(gateway.CodeOf(err)), p)
}

// asset serves a file that may be cached for ever: another one has another name.
func (l look) asset(w http.ResponseWriter, r *http.Request) {
	raw, known := l.assets[r.PathValue("name")]
	if !known {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, r.PathValue("name"), time.Time{}, bytes.NewReader(raw))
}
