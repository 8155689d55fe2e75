package clienttest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Mode says what a [Recorder] does.
type Mode int

const (
	// Replay answers from the file and sends nothing. It is the zero Mode.
	Replay Mode = iota
	// Record sends requests and keeps the exchanges for [Recorder.Save].
	Record
)

// Recorder records the exchanges of a real client, or replays them. Give its
// Wrap method to client.Config. Set it up before its first use; then it is safe
// for concurrent use.
//
// What it keeps is masked: values of Fields, everything that holds one of
// Secrets, and every header that is not listed. A request is found again by its
// method, its path and query, and its body, all as they are when masked; the
// same request sent twice gets its answers in the order in which they were recorded.
type Recorder struct {
	File string // JSON
	Mode Mode
	// Secrets are values that must not get into the file, in no form: keys,
	// tokens, card numbers. Each has 8 characters or more; a shorter
	// one, such as a card's check number, belongs to Fields.
	Secrets []gateway.Secret
	// Fields are names of fields, in JSON, forms, queries and XML, whose values are masked.
	Fields []string
	// Headers are kept besides Content-Type, Location and Retry-After. Most
	// providers' request ids are welcome; credentials never.
	Headers []string

	mu     sync.Mutex
	kept   []exchange
	loaded map[string][]exchange
	err    error
}

type exchange struct {
	Method   string        `json:"method"`
	Path     string        `json:"path"`
	Digest   string        `json:"digest"` // of the masked body: of the body itself a card number could be guessed
	Request  recordedPart  `json:"request"`
	Response recordedReply `json:"response"`
}

type recordedPart struct {
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
}

type recordedReply struct {
	Status int `json:"status"`
	recordedPart
}

// Wrap returns the transport that records what own does, or replays in its place.
func (r *Recorder) Wrap(own http.RoundTripper) http.RoundTripper { return recording{r, own} }

type recording struct {
	r   *Recorder
	own http.RoundTripper
}

func (t recording) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	x := t.r.masked(req, body)
	if t.r.Mode == Replay {
		return t.r.replay(req, x)
	}
	again := req.Clone(req.Context())
	again.Body, again.GetBody = io.NopCloser(bytes.NewReader(body)), nil
	if len(body) == 0 {
		again.Body = http.NoBody
	}
	resp, err := t.own.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	if err := t.r.keep(x, resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// masked returns the half of an exchange that the request makes.
func (r *Recorder) masked(req *http.Request, body []byte) exchange {
	m := r.masker()
	text := m.body(req.Header.Get("Content-Type"), string(body))
	path := m.text(req.URL.EscapedPath())
	if req.URL.RawQuery != "" {
		path += "?" + m.form(req.URL.RawQuery)
	}
	sum := sha256.Sum256([]byte(text))
	return exchange{
		Method: req.Method, Path: path, Digest: hex.EncodeToString(sum[:]),
		Request: recordedPart{Header: r.headers(m, req.Header), Body: text},
	}
}

func (x exchange) key() string { return x.Method + " " + x.Path + " " + x.Digest }

func (r *Recorder) headers(m masker, h http.Header) map[string]string {
	kept := map[string]string{}
	for _, name := range append([]string{"Content-Type", "Location", "Retry-After"}, r.Headers...) {
		if v := h.Get(name); v != "" {
			kept[http.CanonicalHeaderKey(name)] = m.link(v)
		}
	}
	return kept
}

// keep reads the answer, keeps it masked, and puts it back unmasked.
func (r *Recorder) keep(x exchange, resp *http.Response) error {
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("clienttest: the answer broke off and is not recorded: %w", err)
	}
	plain, problem := plainText(resp.Header.Get("Content-Encoding"), body)
	m := r.masker()
	x.Response = recordedReply{Status: resp.StatusCode, recordedPart: recordedPart{
		Header: r.headers(m, resp.Header), Body: m.body(resp.Header.Get("Content-Type"), plain),
	}}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, x)
	if problem != "" && r.err == nil {
		r.err = gateway.Errorf(gateway.CodeInternal, "the answer to %s %s %s", x.Method, x.Path, problem)
	}
	return nil
}

// plainText undoes compression, in which no secret could be found.
func plainText(coding string, body []byte) (text, problem string) {
	switch coding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(z)
		}
		if err != nil {
			return "", "cannot be decompressed"
		}
	default:
		return "", "is encoded in a way that the recorder cannot look into"
	}
	if !utf8.Valid(body) {
		return "", "is no text, the recorder cannot look into it"
	}
	return string(body), ""
}

// Save writes the recording, sorted, so that recording again changes only what
// changed. It refuses to write a file that holds one of Secrets: raw, escaped,
// or in hexadecimal or base64. Replaying, it does nothing.
func (r *Recorder) Save() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Mode == Replay {
		return nil
	}
	if r.err != nil {
		return r.err
	}
	slices.SortStableFunc(r.kept, func(a, b exchange) int { return strings.Compare(a.key(), b.key()) })
	var file bytes.Buffer
	e := json.NewEncoder(&file)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r.kept); err != nil {
		return fmt.Errorf("clienttest: %w", err)
	}
	if err := r.masker().refuse(file.String()); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(r.File), 0o750); err != nil {
		return fmt.Errorf("clienttest: %w", err)
	}
	return os.WriteFile(r.File, file.Bytes(), 0o600)
}

func (r *Recorder) masker() masker {
	m := masker{fields: map[string]bool{}}
	for _, f := range r.Fields {
		m.fields[strings.ToLower(f)] = true
	}
	for _, s := range r.Secrets {
		m.secrets = append(m.secrets, forms(s.Reveal()))
	}
	return m
}
