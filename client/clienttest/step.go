package clienttest

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Step is one thing that a [Script] does with a request.
type Step struct {
	do     func(ctx context.Context, w *transfer.Wire) (*transfer.Response, error)
	unsent bool
}

// Answer answers with a status and a JSON body.
func Answer(status int, body string) Step {
	return AnswerWith(transfer.Response{
		Status: status, Body: []byte(body), Header: http.Header{"Content-Type": {"application/json"}},
	})
}

// AnswerWith answers with a copy of r.
func AnswerWith(r transfer.Response) Step {
	return Do(func(context.Context, *transfer.Wire) (*transfer.Response, error) {
		answer := r
		answer.Header, answer.Body = r.Header.Clone(), bytes.Clone(r.Body)
		if answer.Header == nil {
			answer.Header = http.Header{}
		}
		return &answer, nil
	})
}

// NotSent fails with [gateway.CodeUnavailable], as when connecting fails. The
// request is in [Script.Tried] and not in [Script.Sent].
func NotSent() Step {
	s := Fail(&gateway.Error{Code: gateway.CodeUnavailable, Stage: "client", Detail: "connection refused before anything was sent"})
	s.unsent = true
	return s
}

// Lost fails with [gateway.CodeIndeterminate], as when the answer is lost.
func Lost() Step {
	return Fail(&gateway.Error{Code: gateway.CodeIndeterminate, Stage: "client", Detail: "the connection was lost, before the answer"})
}

// Fail fails with err.
func Fail(err error) Step {
	return Do(func(context.Context, *transfer.Wire) (*transfer.Response, error) { return nil, err })
}

// Block waits until the context ends and fails with [gateway.CodeIndeterminate].
func Block() Step {
	return Do(func(ctx context.Context, _ *transfer.Wire) (*transfer.Response, error) {
		<-ctx.Done()
		return nil, over(ctx, gateway.CodeIndeterminate)
	})
}

// After waits for d and then does the step. When the context ends first, it
// fails with [gateway.CodeIndeterminate].
func After(d time.Duration, s Step) Step {
	next := s.do
	s.do = func(ctx context.Context, w *transfer.Wire) (*transfer.Response, error) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return next(ctx, w)
		case <-ctx.Done():
			return nil, over(ctx, gateway.CodeIndeterminate)
		}
	}
	return s
}

// Do does what f says. It gets the request as it would have left, and must not change it.
func Do(f func(ctx context.Context, w *transfer.Wire) (*transfer.Response, error)) Step {
	return Step{do: f}
}

// over is the error of a call whose context ended.
func over(ctx context.Context, code gateway.Code) error {
	e := gateway.Errorf(code, "%w", ctx.Err())
	e.Stage = "client"
	return e
}
