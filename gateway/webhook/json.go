package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// maxDepth is how deep a notification may be nested.
const maxDepth = 64

// DecodeJSON reads a notification into v strictly: one JSON object in UTF-8, no
// name twice in an object (not in another case either, where decoders disagree
// which one counts), nothing behind it, at most 64 levels. Fields that v does not
// have are let pass, because providers add some. Its errors, [gateway.CodeInvalid],
// quote nothing.
func DecodeJSON(body []byte, v any) error {
	if !utf8.Valid(body) {
		return gateway.Invalid("the notification is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	first, err := d.Token()
	if err != nil || first != json.Delim('{') {
		return gateway.Invalid("the notification is no JSON object")
	}
	if err := walk(d, '{', 1); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return gateway.Invalid("something follows the notification's JSON")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return gateway.Invalid("the notification's JSON has other types than it should")
	}
	return nil
}

// walk reads the rest of an object or an array.
func walk(d *json.Decoder, kind json.Delim, depth int) error {
	if depth > maxDepth {
		return gateway.Invalid("the notification's JSON is nested too deeply")
	}
	seen := map[string]bool{}
	for d.More() {
		if kind == '{' {
			name, err := d.Token()
			text, ok := name.(string)
			if err != nil || !ok {
				return gateway.Invalid("the notification is no JSON")
			}
			if fold := folded(text); seen[fold] {
				return gateway.Invalid("the notification's JSON has a name twice")
			} else {
				seen[fold] = true
			}
		}
		value, err := d.Token()
		if err != nil {
			return gateway.Invalid("the notification is no JSON")
		}
		if open, ok := value.(json.Delim); ok && (open == '{' || open == '[') {
			if err := walk(d, open, depth+1); err != nil {
				return err
			}
		}
	}
	if _, err := d.Token(); err != nil {
		return gateway.Invalid("the notification is no JSON")
	}
	return nil
}

// folded returns the same text for all names that package json takes for one
// another: it folds more than case, such as the long s (ſ) into s.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, name)
}
