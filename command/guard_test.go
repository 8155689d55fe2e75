package command_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

func use(m func(ctx context.Context, s gateway.Subject, next command.Command) (gateway.Outcome, error)) command.Edit {
	return command.Use("m", func(_ command.Name, next command.Command) command.Command {
		return command.Func(func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) { return m(ctx, s, next) })
	})
}

// What stands around a command, or in its place, keeps the promises of Command
// too: a typed error, no panic, no unknown that reads as "nothing was sent".
func TestNoMiddlewareOrCustomCommandBreaksThePromises(t *testing.T) {
	t.Parallel()
	custom := func(err error) command.Item {
		return command.Extend("acme", "x", command.Custom(command.Func(func(context.Context, gateway.Subject) (gateway.Outcome, error) {
			if err == nil {
				panic("sk_live")
			}
			return gateway.Outcome{}, err
		})))
	}
	around := func(m func(ctx context.Context, s gateway.Subject, next command.Command) (gateway.Outcome, error)) command.Item {
		return command.Extend("acme", "x", command.Like(gateway.OpCapture, use(m)))
	}
	for name, c := range map[string]struct {
		item      command.Item
		code      gateway.Code
		reference string
	}{
		"custom: no code":        {custom(errors.New("boom")), gateway.CodeIndeterminate, ""},
		"custom: context":        {custom(context.Canceled), gateway.CodeIndeterminate, ""},
		"custom: an empty error": {custom(&gateway.Error{}), gateway.CodeIndeterminate, ""},
		"custom: a code":         {custom(gateway.CodeDeclined), gateway.CodeDeclined, ""},
		"custom: wrapped":        {custom(fmt.Errorf("x: %w", gateway.Errorf(gateway.CodeUnavailable, "y"))), gateway.CodeUnavailable, ""},
		"custom: joined":         {custom(errors.Join(gateway.Errorf(gateway.CodeUnavailable, "a"), gateway.Errorf(gateway.CodeIndeterminate, "b"))), gateway.CodeIndeterminate, ""},
		"custom: panics":         {custom(nil), gateway.CodeIndeterminate, ""},
		"middleware: panics late": {around(func(ctx context.Context, s gateway.Subject, next command.Command) (gateway.Outcome, error) {
			_, _ = next.Execute(ctx, s)
			panic("sk_live")
		}), gateway.CodeIndeterminate, "cap_1"},
		"middleware: no code": {around(func(ctx context.Context, s gateway.Subject, next command.Command) (gateway.Outcome, error) {
			out, _ := next.Execute(ctx, s)
			return out, errors.New("no metrics")
		}), gateway.CodeIndeterminate, "cap_1"},
		"middleware: refuses": {around(func(context.Context, gateway.Subject, command.Command) (gateway.Outcome, error) {
			return gateway.Outcome{}, gateway.Errorf(gateway.CodeUnsupported, "not on Sundays")
		}), gateway.CodeUnsupported, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pools := assemble(t, acme(answering(200, captured)), c.item)
			out, err := pools.For("acme").Get("x").Execute(t.Context(), subject())
			e, ok := err.(*gateway.Error) //nolint:errorlint // the promise is the type itself
			require.True(t, ok, "%T", err)
			assert.Equal(t, c.code, e.Code, "%v", e)
			assert.Equal(t, "acme", e.Provider)
			assert.Equal(t, gateway.Operation("x"), e.Operation)
			assert.Equal(t, "command", e.Stage)
			assert.Equal(t, c.reference, e.Reference)
			assert.Equal(t, c.reference, out.Reference("capture"), "what was learned is not lost")
			assert.NotContains(t, err.Error(), "sk_live")
		})
	}
}

// A middleware that only looks costs no promise and changes nothing.
func TestAMiddlewareSeesTheOutcomeAsItIs(t *testing.T) {
	t.Parallel()
	var seen gateway.Outcome
	pools := assemble(t, acme(answering(200, captured)), command.Override("*", gateway.OpCapture, use(func(ctx context.Context, s gateway.Subject, next command.Command) (gateway.Outcome, error) {
		out, err := next.Execute(ctx, s)
		seen = out
		return out, err
	})))
	out, err := pools.For("acme").Get(gateway.OpCapture).Execute(t.Context(), subject())
	require.NoError(t, err)
	assert.Equal(t, out, seen)
	assert.True(t, out.Moved())
}

// Ways in which a part could make an unknown look like something else.
func TestNoPartTurnsAnUnknownIntoSomethingElse(t *testing.T) {
	t.Parallel()
	accepting := func(s *command.Spec) { // an endpoint whose answer is not looked at
		s.Validate, s.Handle, s.Endpoint.Echoes = validator.Nothing(), handler.Nothing(), 0
	}
	judged := func(err error) func(*command.Spec) {
		return func(s *command.Spec) {
			s.Endpoint.Echoes = 0
			s.Validate = validator.Compose(validator.Named("v", validator.Func(func(context.Context, transfer.Exchange) validator.Result { return validator.Failed(err) })))
		}
	}
	sending := func(r *transfer.Response, err error) func(*command.Spec) {
		return func(s *command.Spec) {
			accepting(s)
			s.Client = client.Func(func(context.Context, *transfer.Transfer) (*transfer.Response, error) { return r, err })
		}
	}
	for name, c := range map[string]struct {
		change func(*command.Spec)
		stage  string
	}{
		"the client returns nothing":        {sending(nil, nil), "handle"},
		"the client's error has no code":    {sending(nil, &gateway.Error{Detail: "x"}), "client"},
		"the client joins two errors":       {sending(nil, errors.Join(gateway.Errorf(gateway.CodeUnavailable, "first"), gateway.Errorf(gateway.CodeIndeterminate, "second"))), "client"},
		"a validator has a defect":          {judged(gateway.Errorf(gateway.CodeInternal, "x")), "validate"},
		"a validator cannot read an amount": {func(s *command.Spec) { judged(unreadableAmount(t))(s) }, "validate"},
		"a handler makes up a status":       {func(s *command.Spec) { accepting(s); s.Handle = handler.Compose(handler.Named("h", status("done"))) }, "handle"},
		"a handler hands on a command's error": {func(s *command.Spec) {
			accepting(s)
			s.Handle = handler.Compose(handler.Named("h", handler.Func(func(context.Context, transfer.Exchange, *gateway.Outcome) error {
				return &gateway.Error{Code: gateway.CodeInvalid, Stage: "request", Detail: "of another command"}
			})))
		}, "handle"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := capture(answering(200, captured))
			c.change(&spec)
			cmd, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpCapture}, spec)
			require.NoError(t, err)
			out, err := cmd.Execute(t.Context(), subject())
			require.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(err), "%v", err)
			assert.False(t, out.Moved())
			assert.Equal(t, c.stage, gateway.AsError(err, "").Stage, "never a stage that says nothing was sent")
		})
	}
}

func status(s gateway.Status) handler.Handler {
	return handler.Func(func(_ context.Context, _ transfer.Exchange, out *gateway.Outcome) error { out.Status = s; return nil })
}

func unreadableAmount(t *testing.T) error {
	t.Helper()
	x := transfer.NewExchange(&gateway.Subject{}, &transfer.Transfer{}, &transfer.Response{Status: 200, Body: []byte(`{"amount":1000,"decimal":"1e3"}`)})
	defer x.Release()
	_, minor := x.Value("amount").MinorUnits("EURO", nil)
	_, decimal := x.Value("decimal").Decimal("EUR", nil)
	require.Error(t, minor)
	require.Error(t, decimal)
	return errors.Join(minor, decimal)
}

// Architecture: Reference is kept even when handlers did not run.
func TestARefusedAnswerStillNamesItsObject(t *testing.T) {
	t.Parallel()
	p := answering(200, `{"id":"cap_1","amount":999}`)
	out, err := assemble(t, acme(p)).For("acme").Get(gateway.OpCapture).Execute(t.Context(), subject())
	require.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(err))
	assert.Equal(t, "cap_1", gateway.AsError(err, "").Reference, "whoever looks into it needs a name to ask for")
	assert.Empty(t, out.Refs, "it is no fact of this payment yet")
	assert.Empty(t, out.Movements)

	for _, body := range []string{"<html>", "", "[]", `{"id":{}}`} {
		p = answering(200, body)
		_, err = assemble(t, acme(p)).For("acme").Get(gateway.OpCapture).Execute(t.Context(), subject())
		require.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(err), body)
		assert.Empty(t, gateway.AsError(err, "").Reference, body)
	}
}

// Editing one command's promises changes no other command's, and no provider's table.
func TestPromisesAreNotShared(t *testing.T) {
	t.Parallel()
	done := make([]string, 1, 4)
	done[0] = "already_captured"
	spec := capture(answering(200, captured))
	spec.Endpoint.Natural, spec.Endpoint.AlreadyDone = true, done
	spec.Endpoint.OverCapture = gateway.OverCapture{BasisPoints: 1500, AtMost: map[string]int64{"USD": 7500}}
	provider := command.Provider{Name: "acme", Commands: func(*command.Pool) command.Commands {
		return command.Commands{gateway.OpCapture: spec, gateway.OpRefund: spec}
	}}
	add := func(code string) command.Edit {
		return command.Promise(func(e *gateway.Endpoint) {
			e.AlreadyDone = append(e.AlreadyDone, code)
			e.OverCapture.AtMost["USD"] = int64(len(code))
		})
	}
	pool := assemble(t, provider, command.Override("acme", gateway.OpCapture, add("a")), command.Override("acme", gateway.OpRefund, add("bb"))).For("acme")
	one, _ := pool.Endpoint(gateway.OpCapture)
	two, _ := pool.Endpoint(gateway.OpRefund)
	assert.Equal(t, []string{"already_captured", "a"}, one.AlreadyDone)
	assert.Equal(t, []string{"already_captured", "bb"}, two.AlreadyDone)
	assert.Equal(t, int64(7500), spec.Endpoint.OverCapture.AtMost["USD"])
	one.AlreadyDone[0], one.OverCapture.AtMost["USD"] = "x", 0
	again, _ := pool.Endpoint(gateway.OpCapture)
	assert.Equal(t, "already_captured", again.AlreadyDone[0], "what a caller got is the caller's")
	assert.Equal(t, int64(1), again.OverCapture.AtMost["USD"])
}

func TestAWildcardForACommandThatNobodyHasStopsTheStart(t *testing.T) {
	t.Parallel()
	pools, err := command.Assemble(acme(answering(200, captured)), command.Override("*", "cpature", use(func(ctx context.Context, s gateway.Subject, next command.Command) (gateway.Outcome, error) {
		return next.Execute(ctx, s)
	})))
	require.ErrorContains(t, err, `no provider has a command "cpature" (they have capture, refund)`)
	require.ErrorContains(t, err, "guard_test.go:")
	_, err = pools.For("acme").Get(gateway.OpCapture).Execute(t.Context(), subject())
	require.ErrorIs(t, err, gateway.CodeUnsupported, "who ignores the error gets nothing that works by half")
}

func TestANilCommandIsMissing(t *testing.T) {
	t.Parallel()
	pool := command.NewPool("fake", map[gateway.Operation]command.Command{gateway.OpCapture: nil, gateway.OpVoid: command.Func(nil)})
	for _, op := range []gateway.Operation{gateway.OpCapture, gateway.OpVoid} {
		_, err := pool.Get(op).Execute(t.Context(), subject())
		require.ErrorIs(t, err, gateway.CodeUnsupported)
	}
}

// A lookup whose token cannot be found must not read as if the payment could not:
// an application would take the money again.
func TestAMissingTokenIsNoMissingPayment(t *testing.T) {
	t.Parallel()
	for _, code := range []gateway.Code{gateway.CodeNotFound, gateway.CodeConflict, gateway.CodeUnsupported} {
		p := answering(200, captured)
		spec := capture(p)
		spec.Transfer = transfer.Route{
			Method: http.MethodGet, Base: "https://api.example.test", Path: "/payments/{target}",
			Signer: transfer.SignerFunc(func(context.Context, *transfer.Wire) error {
				return &gateway.Error{Code: code, Reference: "not_ours", Stage: "validate", Detail: "status 404"}
			}),
		}
		cmd, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpFetch}, spec)
		require.NoError(t, err)
		_, err = cmd.Execute(t.Context(), subject())
		require.Equal(t, gateway.CodeAuthentication, gateway.CodeOf(err), "%v", err)
		assert.Equal(t, "sign", gateway.AsError(err, "").Stage)
		assert.Empty(t, gateway.AsError(err, "").Reference)
		assert.Empty(t, p.sent)
	}
}
