package client

import (
	"bytes"
	"errors"
	"net/http"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// The stock converters. Each is strict: an answer of another kind, or one that
// cannot be read to its last byte, is an error. An answer whose status rules a
// body out (204, 205, 304) reads as an empty document. Their errors quote
// nothing of the answer. They are safe for concurrent use.
var (
	// JSON reads application/json and every type that ends in +json, and bodies
	// of no or plain-text type, which many providers send by mistake.
	JSON = converter("JSON", []string{"application/json", "text/json", "+json", "text/plain", "text/javascript", "application/octet-stream", ""}, request.ParseJSON)
	// Form reads application/x-www-form-urlencoded; see [request.ParseForm].
	Form = converter("a form", []string{"application/x-www-form-urlencoded", "text/plain", "application/octet-stream", ""}, request.ParseForm)
	// XML reads application/xml, text/xml and every type that ends in +xml; see [request.ParseXML].
	XML = converter("XML", []string{"application/xml", "text/xml", "+xml", "text/plain", "application/octet-stream", ""}, request.ParseXML)
	// HTMLForm reads the inputs of the forms of a web page into fields; see [request.ParseHTMLForm].
	HTMLForm = converter("a web page", []string{"text/html", "application/xhtml+xml", ""}, request.ParseHTMLForm)
	// Text reads a plain text into a document with one field, "text".
	Text = converter("text", []string{"text/plain", "application/octet-stream", ""}, parseText)
)

// converter returns a converter for bodies of the given media types.
func converter(what string, types []string, parse func([]byte, request.Limits) (*request.Document, error)) transfer.Converter {
	return transfer.ConverterFunc(func(r *transfer.Response) (*request.Document, error) {
		if len(r.Body) == 0 && hasNoBody(r.Status) {
			return request.NewDocument(), nil
		}
		media := r.MediaType()
		if !among(media, types) {
			if webPage(media) {
				return nil, errors.New("the answer is a web page where " + what + " was expected")
			}
			return nil, errors.New("the answer's content type is not that of " + what)
		}
		if what != "a web page" && looksLikeHTML(r.Body) {
			return nil, errors.New("the answer is a web page where " + what + " was expected, whatever its content type says")
		}
		// The client has bounded the body; its limit counts, not the parser's own.
		return parse(r.Body, request.Limits{Bytes: max(len(r.Body), 1)})
	})
}

func hasNoBody(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusNotModified
}

func webPage(media string) bool { return media == "text/html" || media == "application/xhtml+xml" }

func among(media string, types []string) bool {
	for _, t := range types {
		if media == t || strings.HasPrefix(t, "+") && strings.HasSuffix(media, t) && !webPage(media) {
			return true
		}
	}
	return false
}

// looksLikeHTML recognises the pages that proxies and firewalls put in a provider's place.
func looksLikeHTML(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	for _, start := range []string{"<!doctype html", "<html"} {
		if len(body) >= len(start) && strings.EqualFold(string(body[:len(start)]), start) {
			return true
		}
	}
	return false
}

func parseText(body []byte, _ request.Limits) (*request.Document, error) {
	doc := request.NewDocument()
	doc.Text("text", string(body))
	if doc.Err() != nil {
		doc.Release()
		return nil, errors.New("the text is not UTF-8 or holds a character that no text holds")
	}
	doc.Seal()
	return doc, nil
}

// ByContentType returns a converter that chooses one by the answer's media
// type, such as "application/json"; "+json" stands for every type that ends so,
// and "" for answers without one. With no map it knows JSON, forms, XML and
// plain text. An answer of a type that is not listed is an error; a web page is
// only read when "text/html" is listed, because most are error pages. The map
// is copied.
func ByContentType(by map[string]transfer.Converter) transfer.Converter {
	if by == nil {
		by = map[string]transfer.Converter{
			"application/json": JSON, "text/json": JSON, "+json": JSON,
			"application/x-www-form-urlencoded": Form,
			"application/xml":                   XML, "text/xml": XML, "+xml": XML,
			"text/plain": Text,
		}
	}
	known := make(map[string]transfer.Converter, len(by))
	for media, c := range by {
		known[strings.ToLower(media)] = c
	}
	return transfer.ConverterFunc(func(r *transfer.Response) (*request.Document, error) {
		media := r.MediaType()
		c := known[media]
		if c == nil && !webPage(media) {
			if i := strings.LastIndexByte(media, '+'); i >= 0 {
				c = known[media[i:]]
			}
		}
		switch {
		case c != nil:
			return c.Convert(r)
		case len(r.Body) == 0 && hasNoBody(r.Status):
			return request.NewDocument(), nil
		case webPage(media):
			return nil, errors.New("the answer is a web page, probably an error page")
		case media == "":
			return nil, errors.New("the answer does not say what its content type is")
		}
		return nil, errors.New("the answer's content type is none of those expected")
	})
}
