package clienttest

import (
	"bytes"
	"context"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Script is a client that does what a list of steps says, one step for each
// request, and keeps the signed requests it was given. After the last step it
// repeats it. It encodes and signs as the real client does. It is safe for
// concurrent use once it is set up; make one with [NewScript].
type Script struct {
	mu     sync.Mutex
	routes []*route // the first is for everything that no other matches
	tried  []*transfer.Wire
	sent   []*transfer.Wire
	tb     testing.TB
}

type route struct {
	method, path string
	steps        []Step
	used         int
}

// NewScript returns a script of steps for all requests that no [Script.On] is for.
func NewScript(steps ...Step) *Script {
	return &Script{routes: []*route{{steps: steps}}}
}

// On adds steps for the requests to a method and path, such as "POST /v1/payments".
// A "*" stands for one segment or part of one, as in [path.Match]. The first
// that matches counts. It returns the script.
func (s *Script) On(where string, steps ...Step) *Script {
	method, pattern, ok := strings.Cut(where, " ")
	if _, err := path.Match(pattern, ""); err != nil || !ok || len(steps) == 0 {
		panic("clienttest: On wants a method, a path and steps, as in On(\"POST /v1/x\", Answer(200, `{}`))")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes = append(s.routes, &route{method: method, path: pattern, steps: steps})
	return s
}

// Strict makes the test fail when a request comes after the last step, or when
// steps are left at the end of the test. It returns the script.
func (s *Script) Strict(tb testing.TB) *Script {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tb = tb
	tb.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, r := range s.routes {
			if left := len(r.steps) - r.used; left > 0 {
				tb.Errorf("clienttest: %d of %d steps of %s were not used", left, len(r.steps), r)
			}
		}
	})
	return s
}

// PlaceRequest encodes, signs and keeps the request, and does the next step.
func (s *Script) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	w, err := t.Wire(ctx)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, over(ctx, gateway.CodeUnavailable)
	}
	step, err := s.next(w)
	if err != nil {
		return nil, err
	}
	return step.do(ctx, w)
}

func (s *Script) next(w *transfer.Wire) (Step, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried = append(s.tried, clone(w))
	r := s.match(w)
	if r.used >= len(r.steps) && (s.tb != nil || len(r.steps) == 0) {
		e := gateway.Errorf(gateway.CodeInternal, "the script has no step for request %d to %s %s", r.used+1, w.Method, w.URL.Path)
		if s.tb != nil {
			s.tb.Errorf("clienttest: %s", e.Detail)
		}
		e.Stage = "client"
		return Step{}, e
	}
	step := r.steps[min(r.used, len(r.steps)-1)]
	r.used++
	if !step.unsent {
		s.sent = append(s.sent, clone(w))
	}
	return step, nil
}

func (s *Script) match(w *transfer.Wire) *route {
	for _, r := range s.routes[1:] {
		if ok, _ := path.Match(r.path, w.URL.Path); ok && r.method == w.Method {
			return r
		}
	}
	return s.routes[0]
}

// Sent returns the requests that left, signed, in order: all but those of [NotSent].
// The copies are the caller's.
func (s *Script) Sent() []*transfer.Wire { return s.copies(&s.sent) }

// Tried returns the requests that were to be sent, also those of [NotSent].
// The copies are the caller's.
func (s *Script) Tried() []*transfer.Wire { return s.copies(&s.tried) }

func (s *Script) copies(of *[]*transfer.Wire) []*transfer.Wire {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*transfer.Wire, len(*of))
	for i, w := range *of {
		list[i] = clone(w)
	}
	return list
}

// String returns "script".
func (s *Script) String() string { return "script" }

func (r *route) String() string {
	if r.method == "" {
		return "the script"
	}
	return r.method + " " + r.path
}

func clone(w *transfer.Wire) *transfer.Wire {
	u := *w.URL
	return &transfer.Wire{Store: w.Store, Method: w.Method, URL: &u, Header: w.Header.Clone(), Body: bytes.Clone(w.Body)}
}
