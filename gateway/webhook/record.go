package webhook

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// masked is what a recording shows in place of a secret.
const masked = "***"

// Recorded is one line of a recording.
type Recorded struct {
	Method string      `json:"method"`
	URL    string      `json:"url"` // path and query
	Header http.Header `json:"header"`
	Body   string      `json:"body"`
}

// Recorder is a handler that writes what comes to W, one line of JSON for each
// call, before Next handles it: point a provider's test account at a machine that
// can be reached, and take home what it sends, for [Replay]. It is for
// development: bodies are recorded whole, but for card numbers and Secrets.
// It is safe for concurrent use.
type Recorder struct {
	Next http.Handler
	W    io.Writer // of a file that only its owner can read
	// Secrets are masked wherever they stand.
	Secrets []gateway.Secret
	// Max is how long a body may be, in bytes; 0 means 1 MiB. What is longer is cut
	// off in the recording and refused by Next, if it caps as it should.
	Max int64

	mu sync.Mutex
}

// ServeHTTP records and passes on. A recording that cannot be written stops nothing.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	limit := r.Max
	if limit == 0 {
		limit = 1 << 20
	}
	start, err := io.ReadAll(io.LimitReader(q.Body, limit+1))
	rest := io.Reader(q.Body)
	if err != nil {
		rest = failing{err}
	}
	q.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), rest), q.Body}
	r.write(Recorded{Method: q.Method, URL: r.url(q.URL), Header: r.header(q.Header), Body: r.body(q.Header, string(start[:min(len(start), int(limit))]))})
	r.Next.ServeHTTP(w, q)
}

type failing struct{ err error }

// Read fails as the read before it did.
func (f failing) Read([]byte) (int, error) { return 0, f.err }

func (r *Recorder) write(one Recorded) {
	line, err := json.Marshal(one)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = r.W.Write(append(line, '\n'))
}

// secretive is what a header's or a parameter's name says of its value.
var secretive = regexp.MustCompile(`(?i)auth|cookie|token|secret|signature|sign$|hmac|digest|password|api-?key|session|^m_`)

func (r *Recorder) header(h http.Header) http.Header {
	all := http.Header{}
	for name, values := range h {
		if secretive.MatchString(name) {
			values = []string{masked}
		}
		kept := slices.Clone(values)
		for i := range kept {
			kept[i] = r.mask(kept[i])
		}
		all[name] = kept
	}
	return all
}

// body returns what is shown of a body: of a form, without its signatures.
func (r *Recorder) body(h http.Header, text string) string {
	if strings.HasPrefix(h.Get("Content-Type"), "application/x-www-form-urlencoded") {
		parts := strings.Split(text, "&")
		for i, part := range parts {
			if name, _, ok := strings.Cut(part, "="); ok && secretive.MatchString(name) {
				parts[i] = name + "=" + masked
			}
		}
		text = strings.Join(parts, "&")
	}
	return r.mask(text)
}

// url returns path and query, without what lets somebody in.
func (r *Recorder) url(u *url.URL) string {
	query := u.Query()
	for name := range query {
		if secretive.MatchString(name) {
			query[name] = []string{masked}
		}
	}
	shown := url.URL{Path: u.Path, RawQuery: query.Encode()}
	return r.mask(shown.String())
}

var digits = regexp.MustCompile(`\d(?:[ -]?\d){12,18}`)

// mask hides secrets, and card numbers but for six and four digits.
func (r *Recorder) mask(text string) string {
	for _, s := range r.Secrets {
		if !s.IsZero() {
			text = strings.ReplaceAll(text, s.Reveal(), masked)
		}
	}
	return digits.ReplaceAllStringFunc(text, func(found string) string {
		plain := strings.NewReplacer(" ", "", "-", "").Replace(found)
		if !luhn(plain) {
			return found
		}
		return plain[:6] + strings.Repeat("*", len(plain)-10) + plain[len(plain)-4:]
	})
}

func luhn(number string) bool {
	total := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		total += d
	}
	return total%10 == 0
}
