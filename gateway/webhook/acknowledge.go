package webhook

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Case is what became of a notification.
type Case string

// The cases. The first four are good: the notification is stored durably, and
// need not come again.
const (
	CaseDone      Case = "done"      // recorded
	CaseDuplicate Case = "duplicate" // recorded before; answered like CaseDone
	CaseWaiting   Case = "waiting"   // stored; recorded when the payment is known, or the provider can be asked
	CaseForeign   Case = "foreign"   // of nobody here; noted

	CaseUnknown   Case = "unknown"   // an event of a kind that is not known
	CaseRefused   Case = "refused"   // not verified
	CaseMalformed Case = "malformed" // not understood
	CaseNotFound  Case = "not_found" // a duty cannot be done: its payment is not here
	CaseConflict  Case = "conflict"  // a duty met another state than it needs; the sender tries again
	CaseGone      Case = "gone"      // a duty can never be done (see [Gone]): for some providers a reason to pay back
	CaseAgain     Case = "again"     // a fault of ours: the sender tries again
)

// Good reports whether the notification is stored and need not come again.
func (c Case) Good() bool {
	return c == CaseDone || c == CaseDuplicate || c == CaseWaiting || c == CaseForeign
}

// Acknowledgement is what a provider is answered.
type Acknowledgement struct {
	Status int
	Header http.Header // nil means none
	Body   []byte
}

// Acknowledger says what to answer in a case. about is the error behind it, nil
// in the good cases; it is never to be quoted but for [Unknown]. Implementations
// are safe for concurrent use.
type Acknowledger interface {
	Acknowledge(c Case, about error) Acknowledgement
}

// Standards answers what most providers expect: 200, 501 for an unknown event,
// 401 for what is refused, 400 for what is not understood, 404, 409, 410, and 503
// for a fault of ours.
type Standards struct{}

var standards = map[Case]int{
	CaseDone: 200, CaseDuplicate: 200, CaseWaiting: 200, CaseForeign: 200,
	CaseUnknown: 501, CaseRefused: 401, CaseMalformed: 400, CaseNotFound: 404, CaseConflict: 409, CaseGone: 410, CaseAgain: 503,
}

// Acknowledge returns the answer: a status, and JSON that says no more than the case.
func (Standards) Acknowledge(c Case, about error) Acknowledgement {
	status, ok := standards[c]
	if !ok {
		status = http.StatusServiceUnavailable
	}
	body := map[string]string{}
	switch {
	case c.Good():
		body["status"] = "ok"
	case c == CaseUnknown && about != nil:
		body["error"] = gateway.AsError(about, gateway.CodeUnsupported).Detail
	default:
		body["error"] = string(c)
	}
	raw, _ := json.Marshal(body) // of strings: cannot fail
	return Acknowledgement{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: raw}
}

// Answers is what one provider expects, by case. What it does not list is answered
// as [Standards] does, but for the good cases, which are answered like [CaseDone].
type Answers map[Case]Acknowledgement

// Acknowledge returns the answer.
func (a Answers) Acknowledge(c Case, about error) Acknowledgement {
	if answer, ok := a[c]; ok {
		return answer
	}
	if answer, ok := a[CaseDone]; ok && c.Good() {
		return answer
	}
	return Standards{}.Acknowledge(c, about)
}

// Text is an acknowledgement in plain text, such as Text(200, "SUCCESS").
func Text(status int, body string) Acknowledgement {
	return Acknowledgement{Status: status, Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, Body: []byte(body)}
}

// Answer returns what the receiver answers in a case. Whatever a provider's own
// answers say, a fault of ours is never answered with a success or with a final
// refusal such as 410, and what is refused never with a success.
func (r Receiver) Answer(c Case, about error) Acknowledgement {
	if r.Answers == nil {
		return Standards{}.Acknowledge(c, about)
	}
	a := r.Answers.Acknowledge(c, about)
	again := a.Status >= 500 || a.Status == http.StatusTooManyRequests || a.Status == http.StatusConflict
	switch {
	case a.Status < 200 || a.Status > 599, // not an answer
		c == CaseAgain && !again,
		(c == CaseRefused || c == CaseMalformed) && a.Status < 400,
		a.Status == http.StatusGone && c != CaseGone && c != CaseRefused && c != CaseMalformed && c != CaseUnknown:
		return Standards{}.Acknowledge(c, about)
	}
	a.Header = maps.Clone(a.Header)
	return a
}

// CaseOf returns the case that an error of Verify, Read or a gate makes.
func CaseOf(err error) Case {
	if g, ok := errors.AsType[*goneError](err); ok && g != nil {
		return CaseGone
	}
	switch gateway.CodeOf(err) {
	case "":
		return CaseDone
	case gateway.CodeUnsupported:
		return CaseUnknown
	case gateway.CodeAuthentication:
		return CaseRefused
	case gateway.CodeInvalid:
		return CaseMalformed
	case gateway.CodeNotFound:
		return CaseNotFound
	case gateway.CodeConflict:
		return CaseConflict
	}
	return CaseAgain
}

// Gone says that a duty can never be done, so that the sender must not try again.
// Never say so of a fault that may pass: for some providers it is a reason to
// give the money back.
func Gone(err error) error { return &goneError{err} }

type goneError struct{ err error }

func (g *goneError) Error() string { return "gone: " + g.err.Error() }
func (g *goneError) Unwrap() error { return g.err }
