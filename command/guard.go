package command

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// guarded keeps the promises of [Command] around what is not this library's:
// commands written by hand and middleware. Their panic, and their error without a
// code, is indeterminate, because nobody knows whether they had sent anything.
type guarded struct {
	at   Name
	next Command
}

func (g guarded) Execute(ctx context.Context, s gateway.Subject) (out gateway.Outcome, err error) {
	seen := &learned{}
	defer func() {
		if recover() != nil {
			out = seen.out
			err = gateway.Errorf(gateway.CodeIndeterminate, "a middleware or a command written by hand panicked")
		}
		err = g.coded(out, err)
	}()
	return g.next.Execute(context.WithValue(ctx, learnedKey{}, seen), s)
}

// coded makes err what every command returns.
func (g guarded) coded(out gateway.Outcome, err error) error {
	if err == nil {
		return nil
	}
	e := *gateway.AsError(err, gateway.CodeIndeterminate)
	if e.Code == "" {
		e.Code = gateway.CodeIndeterminate
	}
	if e.Provider == "" {
		e.Provider = g.at.Provider
	}
	if e.Operation == "" {
		e.Operation = g.at.Operation
	}
	if e.Stage == "" {
		e.Stage = "command"
	}
	if e.Reference == "" && len(out.Refs) > 0 {
		e.Reference = out.Refs[0].Value
	}
	return &e
}

// learned is what the command inside the middleware returned, so that a
// middleware that panics afterwards loses no reference.
type learned struct{ out gateway.Outcome }

type learnedKey struct{}

// noted tells its guard what it learned.
type noted struct{ next Command }

func (n noted) Execute(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
	out, err := n.next.Execute(ctx, s)
	if l, ok := ctx.Value(learnedKey{}).(*learned); ok {
		l.out = out
	}
	return out, err
}
