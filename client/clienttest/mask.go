package clienttest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"mime"
	"net/url"
	"regexp"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

const (
	masked    = "***"
	shortest  = 8 // characters of a secret that can be looked for; a shorter one is in every amount
	encoded   = 6 // of forms are exact, the rest is base64
	quoteMask = `"` + masked + `"`
)

// masker takes secrets out of texts.
type masker struct {
	fields  map[string]bool // in lower case
	secrets [][]string      // of each secret, the forms in which it may appear
}

// forms returns the ways in which a secret may be written.
func forms(secret string) []string {
	if len(secret) < shortest {
		return nil
	}
	quoted, _ := json.Marshal(secret)
	list := []string{
		secret, strings.Trim(string(quoted), `"`), url.QueryEscape(secret), url.PathEscape(secret),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
	// In base64 the same bytes look different at each of three positions, and
	// the first and last characters depend on the neighbours: leave them out.
	for pad := range 3 {
		data := append(make([]byte, pad), secret...)
		data = data[:len(data)/3*3]
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			s := e.EncodeToString(data)
			if pad > 0 {
				s = s[4:]
			}
			list = append(list, s)
		}
	}
	return list
}

func (m masker) holds(text string) bool {
	for _, secret := range m.secrets {
		for _, form := range secret {
			if strings.Contains(text, form) {
				return true
			}
		}
	}
	return false
}

// refuse reports the secret that is left in a text.
func (m masker) refuse(text string) error {
	for i, secret := range m.secrets {
		if secret == nil {
			return gateway.Errorf(gateway.CodeInternal, "secret %d has fewer than %d characters and cannot be looked for: name its field in Fields", i+1, shortest)
		}
		for _, form := range secret {
			if strings.Contains(text, form) {
				return gateway.Errorf(gateway.CodeInternal, "the recording holds secret %d and was not saved: name its field in Fields", i+1)
			}
		}
	}
	return nil
}

// text masks a text without structure.
func (m masker) text(s string) string {
	for _, secret := range m.secrets {
		for i, form := range secret {
			if i < encoded {
				s = strings.ReplaceAll(s, form, masked)
			} else {
				s = maskWord(s, form)
			}
		}
	}
	return s
}

// maskWord masks a form in base64 with all of the word that it stands in, which
// holds the ends of the secret.
func maskWord(s, form string) string {
	word := func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("+/-_=", c) >= 0
	}
	for {
		from := strings.Index(s, form)
		if from < 0 {
			return s
		}
		to := from + len(form)
		for from > 0 && word(s[from-1]) {
			from--
		}
		for to < len(s) && word(s[to]) {
			to++
		}
		s = s[:from] + masked + s[to:]
	}
}

// body masks a body by its media type, so that it stays readable as what it is.
func (m masker) body(contentType, s string) string {
	media, _, _ := mime.ParseMediaType(contentType)
	switch {
	case json.Valid([]byte(s)):
		return m.text(m.json(s))
	case media == "application/x-www-form-urlencoded":
		return m.form(s)
	case strings.HasSuffix(media, "xml"), strings.HasPrefix(strings.TrimSpace(s), "<"):
		return m.text(m.xml(s))
	}
	return m.text(s)
}

// link masks a header, which may be a URL with a query.
func (m masker) link(v string) string {
	if before, query, ok := strings.Cut(v, "?"); ok {
		if _, err := url.Parse(v); err == nil {
			return m.text(before) + "?" + m.form(query)
		}
	}
	return m.text(v)
}

// form masks values by their names, and those that hold a secret.
func (m masker) form(s string) string {
	pairs := strings.Split(s, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(value)
		if err != nil {
			plain = value
		}
		if ok && (m.named(name) || m.holds(plain) || m.holds(value)) {
			pairs[i] = m.text(name) + "=" + masked
		} else {
			pairs[i] = m.text(pair)
		}
	}
	return strings.Join(pairs, "&")
}

// named reports whether a form's field, such as card[number], is to be masked: by its whole name or its last part.
func (m masker) named(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(name)
	last := strings.TrimRight(name[strings.LastIndexByte(name, '[')+1:], "]")
	return m.fields[name] || m.fields[last]
}

// xml masks the text of elements and attributes of the given names. A regular
// expression is enough: what it misses is found by value or refused.
func (m masker) xml(s string) string {
	for name := range m.fields {
		quoted := regexp.QuoteMeta(name)
		s = regexp.MustCompile(`(?is)(<(?:[\w-]+:)?`+quoted+`(?:\s[^>]*)?>)[^<]*(</)`).ReplaceAllString(s, "${1}"+masked+"${2}")
		s = regexp.MustCompile(`(?i)(\s`+quoted+`\s*=\s*)("[^"]*"|'[^']*')`).ReplaceAllString(s, "${1}"+quoteMask)
	}
	return s
}

// json masks values by their names, and scalars that hold a secret, and leaves every other byte as it is.
func (m masker) json(s string) string {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var out strings.Builder
	from := 0 // what is copied already
	replace := func(start, end int) {
		out.WriteString(s[from:start])
		out.WriteString(quoteMask)
		from = end
	}
	m.value(d, s, false, replace)
	out.WriteString(s[from:])
	return out.String()
}

// value masks the next value of d, all of it when hide is set.
func (m masker) value(d *json.Decoder, s string, hide bool, replace func(start, end int)) {
	if hide {
		var raw json.RawMessage
		_ = d.Decode(&raw) // the text is valid JSON
		end := int(d.InputOffset())
		replace(end-len(raw), end)
		return
	}
	before := int(d.InputOffset())
	token, _ := d.Token()
	switch token := token.(type) {
	case json.Delim:
		for d.More() {
			name := ""
			if token == '{' {
				key, _ := d.Token()
				name, _ = key.(string)
			}
			m.value(d, s, m.fields[strings.ToLower(name)], replace)
		}
		_, _ = d.Token()
	case string, json.Number:
		end := int(d.InputOffset())
		start := before + strings.IndexAny(s[before:end], `"-0123456789`)
		if text, ok := token.(string); m.holds(s[start:end]) || ok && m.holds(text) {
			replace(start, end)
		}
	}
}
