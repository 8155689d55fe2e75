package simulator

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxBody is the largest request body in bytes.
const maxBody = 64 << 10

// request is what the API understood of an HTTP request.
type request struct {
	route     *route
	requestID string
	account   string // id, empty when the route is open
	id        string // from the path
	key       string // idempotency key
	digest    string // of method, path and body: what the key stands for
	body      []byte
	fields    *fields // of a JSON body
	form      url.Values
	query     url.Values
	basic     [2]string // user and password of Basic authentication
	call      int       // number of the call, 0 for one of before a restart
}

func (q *request) scope() scope { return scope{q.account, q.key} }

// understand reads a request as far as it can; the error is the refusal of the
// rest, in the order that a caller would fix things: route, size, key, form.
func (s *Server) understand(w http.ResponseWriter, r *http.Request, requestID string) (*request, error) {
	q := &request{requestID: requestID, key: r.Header.Get("Idempotency-Key"), query: r.URL.Query()}
	var bodyErr error
	q.body, bodyErr = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var err error
	if q.route, q.id, err = match(r.Method, r.URL); err != nil {
		if q.id != "" {
			w.Header().Set("Allow", q.id)
		}
		return q, err
	}
	q.basic[0], q.basic[1], _ = r.BasicAuth()
	if !q.route.open {
		if q.account, err = s.authenticate(r.Header); err != nil {
			return q, err
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(bodyErr, &tooLarge) {
		return q, refuse(http.StatusRequestEntityTooLarge, "body_too_large", "the body is larger than %d bytes", maxBody)
	}
	if bodyErr != nil {
		return q, badRequest("malformed_json", "", "the body ended early")
	}
	sum := sha256.Sum256([]byte(r.Method + "\n" + r.URL.RequestURI() + "\n" + string(q.body)))
	q.digest = hex.EncodeToString(sum[:])
	return q, q.readBody(r.Header)
}

func (q *request) readBody(h http.Header) error {
	if q.route.method != http.MethodPost {
		return nil
	}
	want := "application/json"
	if q.route.form {
		want = "application/x-www-form-urlencoded"
	}
	mediaType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || mediaType != want || h.Get("Content-Encoding") != "" ||
		(params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8")) {
		return refuse(http.StatusUnsupportedMediaType, "unsupported_media_type", "send %s in UTF-8, not encoded", want)
	}
	if q.route.form {
		if q.form, err = url.ParseQuery(string(q.body)); err != nil {
			return badRequest("malformed_form", "", "the body is not a form")
		}
		return nil
	}
	if len(h.Values("Idempotency-Key")) != 1 || q.key == "" {
		return badRequest("key_missing", "Idempotency-Key", "the header is required once")
	}
	if len(q.key) > 64 || strings.ContainsFunc(q.key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return badRequest("key_invalid", "Idempotency-Key", "the header must be at most 64 printable ASCII characters")
	}
	q.fields, err = parse(q.body)
	return err
}

// authenticate finds the account of an API key or an access token. Every key is
// compared, in constant time, so that the time tells nothing.
func (s *Server) authenticate(h http.Header) (string, error) {
	refused := refuse(http.StatusUnauthorized, "unauthorized", "the API key is unknown")
	bearer, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if !ok || len(h.Values("Authorization")) != 1 {
		return "", refused
	}
	s.lock()
	defer s.mu.Unlock()
	if id, err := s.accountOfToken(bearer); id != "" || err != nil {
		return id, err
	}
	found := ""
	for _, a := range s.accounts {
		if sameSecret(a.Key, bearer) {
			found = a.ID
		}
	}
	if found == "" {
		return "", refused
	}
	return found, nil
}

// sameSecret compares hashes, so that the length tells nothing either.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
