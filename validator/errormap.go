package validator

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Meaning is what one of a provider's error codes means in our words.
type Meaning struct {
	Code     gateway.Code
	Reason   decline.Reason // with CodeDeclined
	Message  string         // for the shopper; "" means the reason's own
	Merchant string         // for the merchant, such as what to configure
}

// Declined returns the meaning of a decline.
func Declined(r decline.Reason) Meaning { return Meaning{Code: gateway.CodeDeclined, Reason: r} }

// Problem is one error that an answer states. Codes are tried in order, the
// most specific first: a decline code before the error code before the type.
type Problem struct {
	Codes     []string
	Reference string // what the provider calls the object, if it says so
	Merchant  string // the provider's own text, for the merchant's eyes; never shown to a shopper
}

// ErrorMap gives a provider's error codes a meaning. A code that is not in the
// map has the meaning Otherwise, is counted, and stays visible in the error's
// Detail, so that a provider's new codes are noticed and nothing is guessed.
// Make one per provider with [NewErrorMap]; it is safe for concurrent use.
type ErrorMap struct {
	meanings  map[string]Meaning
	otherwise gateway.Code

	mu       sync.Mutex
	unmapped map[string]int64
}

// maxUnmapped bounds how many different unknown codes are counted, so that a provider cannot fill our memory.
const maxUnmapped = 1000

// NewErrorMap returns a map of provider code → meaning. Codes are compared
// exactly. otherwise is what unmapped codes mean; [gateway.CodeIndeterminate] is
// the safe choice, and [gateway.CodeDeclined] right only for an answer whose
// form alone proves that nothing was executed.
func NewErrorMap(otherwise gateway.Code, meanings map[string]Meaning) *ErrorMap {
	return &ErrorMap{meanings: maps.Clone(meanings), otherwise: otherwise, unmapped: map[string]int64{}}
}

// Meaning returns what the first mapped of the codes means, which code that
// was, and whether any is mapped.
func (m *ErrorMap) Meaning(codes ...string) (meaning Meaning, code string, mapped bool) {
	for _, c := range codes {
		if found, ok := m.meanings[c]; ok && c != "" {
			return found, c, true
		}
	}
	return Meaning{Code: m.otherwise}, "", false
}

// Codes returns every mapped code, sorted.
func (m *ErrorMap) Codes() []string {
	codes := make([]string, 0, len(m.meanings))
	for c := range m.meanings {
		codes = append(codes, c)
	}
	slices.Sort(codes)
	return codes
}

// Unmapped returns how often each unknown code was met since the start.
func (m *ErrorMap) Unmapped() map[string]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := make(map[string]int64, len(m.unmapped))
	for c, n := range m.unmapped {
		counts[c] = n
	}
	return counts
}

func (m *ErrorMap) count(code string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.unmapped[code]; !known && len(m.unmapped) >= maxUnmapped {
		code = "(others)"
	}
	m.unmapped[code]++
}

// Validator returns a validator that asks read which problems an answer
// states, and reports each with its meaning. read returns nil for an answer
// without problems; an error from it means that the answer cannot be read, and
// is [gateway.CodeIndeterminate] whatever its own code.
func (m *ErrorMap) Validator(read func(x transfer.Exchange) ([]Problem, error)) Validator {
	return mapped{m, read}
}

type mapped struct {
	table *ErrorMap
	read  func(x transfer.Exchange) ([]Problem, error)
}

func (v mapped) Validate(_ context.Context, x transfer.Exchange) Result {
	problems, err := v.read(x)
	if err != nil {
		return Fail(Failure{Code: gateway.CodeIndeterminate, Detail: textOf(gateway.AsError(err, gateway.CodeIndeterminate))})
	}
	var r Result
	for _, p := range problems {
		r.Failures = append(r.Failures, v.table.failure(p, x))
	}
	return r
}

// Check finds at the start what would make an error mean nothing: a code that
// is none of package gateway's, a reason that package decline does not know.
func (v mapped) Check() error {
	if v.table == nil || v.read == nil {
		return gateway.Errorf(gateway.CodeInternal, "an error map's Validator needs the map and a function that reads the answer")
	}
	known := func(c gateway.Code) bool { return slices.Contains(gateway.Codes(), c) }
	if !known(v.table.otherwise) {
		return gateway.Errorf(gateway.CodeInternal, "unmapped errors mean %q, which is none of %v", v.table.otherwise, gateway.Codes())
	}
	for _, code := range v.table.Codes() {
		switch m := v.table.meanings[code]; {
		case !known(m.Code):
			return gateway.Errorf(gateway.CodeInternal, "the provider's %q means %q, which is none of %v", code, m.Code, gateway.Codes())
		case m.Reason != "" && (!m.Reason.Known() || m.Code != gateway.CodeDeclined):
			return gateway.Errorf(gateway.CodeInternal, "the provider's %q has the reason %q: a reason is one of package decline's and goes with declined", code, m.Reason)
		}
	}
	return nil
}

func (m *ErrorMap) failure(p Problem, x transfer.Exchange) Failure {
	meaning, code, known := m.Meaning(p.Codes...)
	detail := ""
	for _, c := range p.Codes {
		if c == "" || detail != "" && c == code {
			continue
		}
		if detail != "" {
			detail += ", "
		}
		detail += clean(c)
	}
	if detail == "" {
		detail = "no code"
	}
	if !known {
		first := detail
		for _, c := range p.Codes {
			if c != "" {
				first = clean(c)
				break
			}
		}
		m.count(first)
		detail += " (unmapped)"
	}
	f := Failure{
		Code: meaning.Code, Reason: meaning.Reason, Detail: detail, Message: meaning.Message,
		Merchant: meaning.Merchant, Reference: p.Reference,
	}
	if f.Code == gateway.CodeDeclined && f.Reason == "" {
		f.Reason = decline.Generic
	}
	if f.Code == gateway.CodeDeclined && f.Message == "" {
		f.Message = f.Reason.Message()
	}
	if f.Merchant == "" {
		f.Merchant = clean(p.Merchant)
	}
	if f.Code.Retryable() {
		f.RetryAfter = x.Response.RetryAfter(time.Now(), longestWait)
	}
	return f
}

// String tells the size of the map.
func (v mapped) String() string { return "error map" }
