package status

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
	"unique"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// told is one status of a payment, written once for all who are told it.
type told struct {
	View

	code    string
	payment int64 // the version of its row
	poll    []byte
	json    []byte
	raw     [forms]atomic.Pointer[text]
}

// text is an answer as it goes out on a connection that was taken over.
type text struct {
	extra unique.Handle[string]
	raw   []byte
}

// form says in which way an answer is written.
type form uint8

const (
	polled form = iota // {"update": ..., "payload": ...}
	plain              // the view
	forms
)

// reply is an answer in HTTP.
type reply struct {
	status int
	etag   string
	retry  int // seconds; 0: none
	body   []byte
	shared bool // the body is a told's, and goes to many
}

func (s *Service) tell(v View, version int64) *told {
	t := &told{View: v, code: v.Code(), payment: version}
	t.poll = marshal(update{true, &payload{statusOf(v), actionOf(v)}})
	hint := &pollHint{Wait: int(s.cfg.Hold / time.Second)}
	if v.Terminal {
		hint = nil
	}
	t.json = marshal(hinted{v, hint})
	return t
}

// hinted is a view and how to go on asking.
type hinted struct {
	View

	Poll *pollHint `json:"poll"` // null when nothing will change any more
}

// pollHint says how to ask next.
type pollHint struct {
	Wait  int `json:"wait"`  // seconds that a request may be held
	After int `json:"after"` // seconds to leave between two requests
}

// update is the answer of GET /status.
type update struct {
	Update  bool     `json:"update"`
	Payload *payload `json:"payload"`
}

type payload struct {
	Status coded  `json:"status"`
	Action action `json:"action"`
}

type coded struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type action struct {
	Code    string `json:"code"`
	Payload any    `json:"payload"`
}

func statusOf(v View) coded { return coded{v.Code(), v.Message} }

// actionOf returns the action for GET /status: success has no payload, a redirect
// and a frame have their URL, a fragment its HTML, the others what they are made of.
func actionOf(v View) action {
	switch {
	case v.Status == WordSucceeded:
		return action{Code: "success"}
	case v.Action == nil:
		return action{}
	}
	parts := *v.Action
	parts.ID = "" // whoever compares codes needs none
	a := action{Code: string(v.Action.Kind), Payload: parts}
	switch v.Action.Kind {
	case gateway.ActionRedirect, gateway.ActionIframe:
		a.Payload = v.Action.URL
	case gateway.ActionHTML:
		a.Payload = v.Action.HTML
	}
	return a
}

var unchanged = marshal(update{})

// reply writes an answer for a client that knows a status. conditional says that
// it asked with If-None-Match.
func (f form) reply(a answer, w *waiter, conditional bool) reply {
	if a.err != nil {
		return f.refuse(a.err)
	}
	known := a.told == nil || w.knows(a.told)
	switch {
	case known && f == polled:
		return reply{status: http.StatusOK, body: unchanged}
	case known && conditional:
		return reply{status: http.StatusNotModified, etag: w.known}
	case known:
		return reply{status: http.StatusNoContent, etag: w.known}
	case f == polled:
		return reply{status: http.StatusOK, body: a.told.poll, shared: true}
	}
	return reply{status: http.StatusOK, etag: a.told.Version, body: a.told.json, shared: true}
}

// refuse writes an error. Whoever polls is told only what the contract has: 400,
// 404, 500, and 503 when it should come again.
func (f form) refuse(err error) reply {
	e := gateway.AsError(err, gateway.CodeInternal)
	r := reply{status: HTTPStatus(e.Code)}
	message := http.StatusText(http.StatusInternalServerError) // what broke here is nobody's business there
	switch {
	case err == error(errTooMany) || err == error(errClosing): //nolint:errorlint // these very two
		r.status, r.retry, message = http.StatusServiceUnavailable, 2, e.Detail
	case e.Code == gateway.CodeInvalid, e.Code == gateway.CodeNotFound:
		message = e.Detail
	case f == polled:
		r.status = http.StatusInternalServerError
	}
	if r.status == http.StatusServiceUnavailable && r.retry == 0 {
		r.retry = 5
	}
	if f == polled {
		r.body = marshal(map[string]string{"message": message})
	} else {
		r.body = marshal(map[string]any{"error": map[string]string{"code": string(e.Code), "message": message}})
	}
	return r
}

// header sets the headers of a reply.
func (r reply) header(f form, h http.Header) {
	// A status is never taken from a cache; one with a version may be kept to be asked about.
	h.Set("Cache-Control", "no-store")
	if f == plain && r.etag != "" {
		h.Set("Cache-Control", "private, no-cache")
		h.Set("Etag", `"`+r.etag+`"`)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the address has the token
	if r.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(r.retry))
	}
	if r.status == http.StatusNoContent || r.status == http.StatusNotModified {
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(r.body)))
}

// text writes a reply as it goes out. extra are further header lines.
func (r reply) text(f form, extra string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", r.status, http.StatusText(r.status))
	h := http.Header{"Connection": {"close"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
	r.header(f, h)
	_ = h.Write(&b) // a buffer takes everything
	b.WriteString(extra)
	b.WriteString("\r\n")
	b.Write(r.body)
	return b.Bytes()
}

// rawReply is text, written once for all who get the same.
func (f form) rawReply(a answer, r reply, extra unique.Handle[string]) []byte {
	if !r.shared {
		return r.text(f, extra.Value())
	}
	slot := &a.told.raw[f]
	if have := slot.Load(); have != nil && have.extra == extra {
		return have.raw
	}
	made := &text{extra, r.text(f, extra.Value())}
	slot.Store(made)
	return made.raw
}

func marshal(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // only our own structs of strings come here
	}
	return raw
}
