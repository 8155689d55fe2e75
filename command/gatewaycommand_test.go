package command_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

func TestACommandRunsItsFiveStagesInOrder(t *testing.T) {
	t.Parallel()
	var order []string
	note := func(s string) { order = append(order, s) }
	spec := capture(nil)
	spec.Endpoint.Echoes = 0
	spec.Request = request.Compose(request.Named("a", request.Write(func(_ gateway.Subject, doc *request.Document) { note("build"); doc.Text("a", "1") })))
	route := spec.Transfer
	spec.Transfer = transfer.Func(func(ctx context.Context, s gateway.Subject, doc *request.Document) (*transfer.Transfer, error) {
		note("create")
		assert.True(t, doc.Sealed())
		return route.Create(ctx, s, doc)
	})
	spec.Client = client.Func(func(_ context.Context, _ *transfer.Transfer) (*transfer.Response, error) {
		note("send")
		return &transfer.Response{Status: 200, Header: http.Header{}, Body: []byte(captured)}, nil
	})
	spec.Validate = validator.Compose(validator.Named("v", validator.Func(func(context.Context, transfer.Exchange) validator.Result { note("validate"); return validator.Result{} })))
	spec.Handle = handler.Compose(handler.Named("h", handler.Func(func(_ context.Context, _ transfer.Exchange, out *gateway.Outcome) error {
		note("handle")
		out.Status = gateway.StatusSucceeded
		return nil
	})))
	c, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpCapture}, spec,
		command.Filter("f", request.Write(func(gateway.Subject, *request.Document) { note("filter") })),
		command.Observe("o", func(context.Context, transfer.Exchange) { note("observe") }),
		command.Use("outer", func(at command.Name, next command.Command) command.Command {
			return command.Func(func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
				note("outer " + at.String())
				return next.Execute(ctx, s)
			})
		}),
		command.Use("inner", func(_ command.Name, next command.Command) command.Command {
			return command.Func(func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
				note("inner")
				return next.Execute(ctx, s)
			})
		}),
	)
	require.NoError(t, err)
	s := subject()
	s.BeforeSend = func(_ context.Context, digest string) error { note("claim"); assert.Len(t, digest, 64); return nil }
	_, err = c.Execute(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, []string{"outer acme.capture", "inner", "build", "filter", "create", "claim", "send", "observe", "validate", "handle"}, order)
}

func TestAnAnswerBecomesAnOutcome(t *testing.T) {
	t.Parallel()
	p := answering(200, captured)
	out, err := assemble(t, acme(p)).For("acme").Get(gateway.OpCapture).Execute(t.Context(), subject())
	require.NoError(t, err)
	assert.True(t, out.Moved())
	assert.Equal(t, "cap_1", out.Reference("capture"))
	assert.Equal(t, gateway.Refs{{Owner: "acme", Name: "capture", Value: "cap_1"}}, out.Refs)
	require.Len(t, out.Movements, 1)
	assert.Equal(t, gateway.Movement{
		Kind: gateway.MoveCapture, Amount: gateway.Minor(1000, "EUR"), Reference: "cap_1", Parent: "auth_1",
		Provider: "acme", Operation: "op_1", Source: gateway.SourceAnswer,
	}, out.Movements[0])
	require.Len(t, p.sent, 1)
	assert.JSONEq(t, `{"amount":1000,"order":{"number":"17","lines":["a","b"]}}`, string(p.sent[0].Body))
	assert.Equal(t, "https://api.example.test/payments/auth_1/captures", p.sent[0].URL.String())
	assert.Equal(t, "key-1", p.sent[0].Header.Get("Idempotency-Key"))
}

// Every failure names its stage and has the code that says what to do.
func TestEveryFailureLandsOnItsStageAndCode(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	type change = func(*command.Spec, *gateway.Subject, *provider)
	for name, c := range map[string]struct {
		change change
		stage  string
		code   gateway.Code
		detail string
		sent   int
	}{
		"no store":              {func(_ *command.Spec, s *gateway.Subject, _ *provider) { s.Store = "" }, "subject", gateway.CodeInvalid, "no Store", 0},
		"unknown currency":      {func(_ *command.Spec, s *gateway.Subject, _ *provider) { s.Amount = gateway.Minor(1, "EURO") }, "subject", gateway.CodeInvalid, "unknown currency", 0},
		"negative amount":       {func(_ *command.Spec, s *gateway.Subject, _ *provider) { s.Amount = gateway.Minor(-1, "EUR") }, "subject", gateway.CodeInvalid, "negative", 0},
		"no amount":             {func(_ *command.Spec, s *gateway.Subject, _ *provider) { s.Amount = gateway.Money{} }, "request", gateway.CodeInvalid, "amount", 0},
		"no target":             {func(_ *command.Spec, s *gateway.Subject, _ *provider) { s.Target = "" }, "transfer", gateway.CodeInvalid, "Target", 0},
		"hostile target":        {func(_ *command.Spec, s *gateway.Subject, _ *provider) { s.Target = "../../v1/refunds" }, "transfer", gateway.CodeInvalid, "only A-Z", 0},
		"over-long target":      {func(_ *command.Spec, s *gateway.Subject, _ *provider) { s.Target = strings.Repeat("a", 129) }, "transfer", gateway.CodeInvalid, "at most 128", 0},
		"look-alike target":     {func(_ *command.Spec, s *gateway.Subject, _ *provider) { s.Target = "pаy" }, "transfer", gateway.CodeInvalid, "only A-Z", 0},
		"no key":                {func(_ *command.Spec, s *gateway.Subject, _ *provider) { s.IdempotencyKey = "" }, "transfer", gateway.CodeInvalid, "IdempotencyKey", 0},
		"key with a line break": {func(_ *command.Spec, s *gateway.Subject, _ *provider) { s.IdempotencyKey = "a\r\nX: y" }, "transfer", gateway.CodeInvalid, "printable", 0},
		"claim refused": {func(_ *command.Spec, s *gateway.Subject, _ *provider) {
			s.BeforeSend = func(context.Context, string) error { return boom }
		}, "before send", gateway.CodeUnavailable, "boom", 0},
		"claim refused, coded": {func(_ *command.Spec, s *gateway.Subject, _ *provider) {
			s.BeforeSend = func(context.Context, string) error { return gateway.Errorf(gateway.CodeConflict, "other bytes") }
		}, "before send", gateway.CodeConflict, "other bytes", 0},
		"builder fails": {func(c *command.Spec, _ *gateway.Subject, _ *provider) {
			c.Request = request.Compose(request.Named("x", request.Func(func(context.Context, gateway.Subject, *request.Document) error { return boom })))
		}, "request", gateway.CodeInvalid, "boom", 0},
		"builder panics": {func(c *command.Spec, _ *gateway.Subject, _ *provider) {
			c.Request = request.Compose(request.Named("x", request.Write(func(gateway.Subject, *request.Document) { panic("sk_live") })))
		}, "request", gateway.CodeInternal, "panicked", 0},
		"fields conflict": {func(c *command.Spec, _ *gateway.Subject, _ *provider) {
			c.Request = request.Compose(request.Named("x", request.Fixed("a", "1")), request.Named("y", request.Fixed("a", "2")))
		}, "request", gateway.CodeInvalid, `"a"`, 0},
		"factory panics": {func(c *command.Spec, _ *gateway.Subject, _ *provider) {
			c.Transfer = transfer.Func(func(context.Context, gateway.Subject, *request.Document) (*transfer.Transfer, error) { panic("x") })
		}, "transfer", gateway.CodeInternal, "panicked", 0},
		"factory returns nil": {func(c *command.Spec, _ *gateway.Subject, _ *provider) {
			c.Transfer = transfer.Func(func(context.Context, gateway.Subject, *request.Document) (*transfer.Transfer, error) { return nil, nil })
		}, "before send", gateway.CodeInternal, "neither", 0},
		"client: not sent": {func(_ *command.Spec, _ *gateway.Subject, p *provider) {
			p.err = gateway.Errorf(gateway.CodeUnavailable, "refused")
		}, "client", gateway.CodeUnavailable, "refused", 1},
		"client: lost": {func(_ *command.Spec, _ *gateway.Subject, p *provider) {
			p.err = gateway.Errorf(gateway.CodeIndeterminate, "lost")
		}, "client", gateway.CodeIndeterminate, "lost", 1},
		"client: uncoded": {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.err = boom }, "client", gateway.CodeIndeterminate, "boom", 1},
		"client panics": {func(c *command.Spec, _ *gateway.Subject, _ *provider) {
			c.Client = client.Func(func(context.Context, *transfer.Transfer) (*transfer.Response, error) { panic("x") })
		}, "client", gateway.CodeIndeterminate, "panicked", 0},
		"500":                  {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.status = 500 }, "validate", gateway.CodeIndeterminate, "status 500", 1},
		"502":                  {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.status = 502 }, "validate", gateway.CodeIndeterminate, "status 502", 1},
		"302":                  {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.status = 302 }, "validate", gateway.CodeIndeterminate, "status 302", 1},
		"401":                  {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.status = 401 }, "validate", gateway.CodeAuthentication, "status 401", 1},
		"404":                  {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.status = 404 }, "validate", gateway.CodeNotFound, "status 404", 1},
		"409":                  {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.status = 409 }, "validate", gateway.CodeIndeterminate, "status 409", 1},
		"429":                  {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.status = 429 }, "validate", gateway.CodeRateLimited, "status 429", 1},
		"not JSON":             {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.body = "OK" }, "validate", gateway.CodeIndeterminate, "cannot be read", 1},
		"HTML with 200":        {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.body = "<html><body>down</body></html>" }, "validate", gateway.CodeIndeterminate, "cannot be read", 1},
		"empty body":           {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.body = "" }, "validate", gateway.CodeIndeterminate, "cannot be read", 1},
		"truncated":            {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.body = captured[:20] }, "validate", gateway.CodeIndeterminate, "cannot be read", 1},
		"duplicate key":        {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.body = `{"id":"a","amount":1000,"amount":1}` }, "validate", gateway.CodeIndeterminate, "cannot be read", 1},
		"another amount":       {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.body = `{"id":"cap_1","amount":999}` }, "validate", gateway.CodeIndeterminate, "9.99 EUR", 1},
		"amount as a fraction": {func(_ *command.Spec, _ *gateway.Subject, p *provider) { p.body = `{"id":"cap_1","amount":1000.5}` }, "validate", gateway.CodeIndeterminate, "not readable", 1},
		"validator panics": {func(c *command.Spec, _ *gateway.Subject, _ *provider) {
			c.Validate = validator.Compose(validator.Named("x", validator.Func(func(context.Context, transfer.Exchange) validator.Result { panic("x") })))
			c.Endpoint.Echoes = 0
		}, "validate", gateway.CodeIndeterminate, "panicked", 1},
		"handler fails": {func(c *command.Spec, _ *gateway.Subject, _ *provider) {
			c.Handle = handler.Compose(handler.Named("x", handler.Func(func(context.Context, transfer.Exchange, *gateway.Outcome) error { return boom })))
		}, "handle", gateway.CodeIndeterminate, "boom", 1},
		"handler fails, coded": {func(c *command.Spec, _ *gateway.Subject, _ *provider) {
			c.Handle = handler.Compose(handler.Named("x", handler.Func(func(context.Context, transfer.Exchange, *gateway.Outcome) error { return gateway.Invalid("x") })))
		}, "handle", gateway.CodeIndeterminate, "invalid: x", 1},
		"handler panics": {func(c *command.Spec, _ *gateway.Subject, _ *provider) {
			c.Handle = handler.Compose(handler.Named("x", handler.Func(func(context.Context, transfer.Exchange, *gateway.Outcome) error { panic("x") })))
		}, "handle", gateway.CodeIndeterminate, "panicked", 1},
		"nobody says how it ended": {func(c *command.Spec, _ *gateway.Subject, _ *provider) {
			c.Handle = handler.Compose(handler.Named("x", handler.Phase("y")))
		}, "handle", gateway.CodeIndeterminate, "Status", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := answering(200, captured)
			spec, s := capture(p), subject()
			c.change(&spec, &s, p)
			cmd, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpCapture}, spec)
			require.NoError(t, err)
			_, err = cmd.Execute(t.Context(), s)
			e, ok := errors.AsType[*gateway.Error](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, c.code, e.Code, "%v", err)
			assert.Equal(t, c.stage, e.Stage, "%v", err)
			assert.Contains(t, e.Error(), c.detail)
			assert.Equal(t, "acme", e.Provider)
			assert.Equal(t, gateway.OpCapture, e.Operation)
			assert.Len(t, p.sent, c.sent)
			assert.NotContains(t, err.Error(), "sk_live")
		})
	}
}

func TestACancelledContextBeforeSendingSendsNothing(t *testing.T) {
	t.Parallel()
	p := answering(200, captured)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := assemble(t, acme(p)).For("acme").Get(gateway.OpCapture).Execute(ctx, subject())
	assert.Equal(t, gateway.CodeUnavailable, gateway.CodeOf(err))
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, p.sent)
}

func TestAContextCancelledWhileClaimingSendsNothing(t *testing.T) {
	t.Parallel()
	p := answering(200, captured)
	ctx, cancel := context.WithCancel(t.Context())
	s := subject()
	s.BeforeSend = func(context.Context, string) error { cancel(); return nil }
	_, err := assemble(t, acme(p)).For("acme").Get(gateway.OpCapture).Execute(ctx, s)
	assert.Equal(t, gateway.CodeUnavailable, gateway.CodeOf(err))
	assert.Empty(t, p.sent)
}

// Magento loses the answer when a handler fails after the gateway has charged; here it is kept.
func TestAFailingHandlerKeepsWhatWasLearned(t *testing.T) {
	t.Parallel()
	p := answering(200, captured)
	p.header = http.Header{"Request-Id": {"req_9"}}
	pools := assemble(t, acme(p), command.Override("acme", gateway.OpCapture, command.Handle(
		handler.Append(handler.Named("last", handler.Func(func(context.Context, transfer.Exchange, *gateway.Outcome) error { return errors.New("disk full") }))))))
	out, err := pools.For("acme").Get(gateway.OpCapture).Execute(t.Context(), subject())
	e, ok := errors.AsType[*gateway.Error](err)
	require.True(t, ok)
	assert.Equal(t, gateway.CodeIndeterminate, e.Code)
	assert.Equal(t, "last", e.Part)
	assert.Equal(t, "cap_1", e.Reference)
	assert.Equal(t, "req_9", e.RequestID)
	assert.Equal(t, "cap_1", out.Reference("capture"))
	assert.Len(t, out.Movements, 1)
}

func TestTheSameSubjectGivesTheSameBytesAndDigest(t *testing.T) {
	t.Parallel()
	p := answering(200, captured)
	cmd := assemble(t, acme(p)).For("acme").Get(gateway.OpCapture)
	digests := map[string]bool{}
	s := subject()
	s.BeforeSend = func(_ context.Context, d string) error { digests[d] = true; return nil }
	for range 5 {
		_, err := cmd.Execute(t.Context(), s)
		require.NoError(t, err)
	}
	assert.Len(t, digests, 1)
	for _, body := range p.bodies() {
		assert.Equal(t, p.bodies()[0], body)
	}
	s.Amount = gateway.Minor(999, "EUR")
	_, err := cmd.Execute(t.Context(), s)
	require.Error(t, err, "the answer is for another amount")
	assert.Len(t, digests, 2)
}

func TestAWatcherCannotChangeWhatHappens(t *testing.T) {
	t.Parallel()
	var status int
	pools := assemble(t, acme(answering(200, captured)), command.Override("acme", "*",
		command.Observe("panics", func(context.Context, transfer.Exchange) { panic("x") }),
		command.Observe("sees", func(_ context.Context, x transfer.Exchange) { status = x.Response.Status })))
	out, err := pools.For("acme").Get(gateway.OpCapture).Execute(t.Context(), subject())
	require.NoError(t, err)
	assert.True(t, out.Moved())
	assert.Equal(t, 200, status)
}

// Nothing of one call reaches another, whatever runs at once.
func TestConcurrentCallsDoNotMix(t *testing.T) {
	t.Parallel()
	p := answering(200, captured)
	cmd := assemble(t, acme(p)).For("acme").Get(gateway.OpCapture)
	done := make(chan error, 50)
	for i := range 50 {
		go func() {
			s := subject()
			s.Order = &gateway.Order{Number: string(rune('A' + i%26)), Lines: s.Order.Lines}
			_, err := cmd.Execute(t.Context(), s)
			done <- err
		}()
	}
	for range 50 {
		require.NoError(t, <-done)
	}
	counts := map[string]int{}
	for _, b := range p.bodies() {
		counts[b]++
	}
	assert.Len(t, counts, 26)
}

func TestNothingIsNotAuthorized(t *testing.T) {
	t.Parallel()
	for _, op := range []gateway.Operation{gateway.OpAuthorize, gateway.OpPurchase} {
		p := answering(200, captured)
		c, err := command.New(command.Name{Provider: "acme", Operation: op}, capture(p))
		require.NoError(t, err)
		s := subject()
		s.Amount = gateway.Minor(0, "EUR")
		_, err = c.Execute(t.Context(), s)
		require.ErrorIs(t, err, gateway.CodeInvalid)
		require.ErrorContains(t, err, "use the operation verify")
		assert.Empty(t, p.sent)
	}
}

// Only a lookup may report that what it looked up has failed: a call that moves money is declined, or unknown.
func TestACallThatMovesMoneyIsNeverJustFailed(t *testing.T) {
	t.Parallel()
	spec := capture(answering(200, captured))
	spec.Handle = handler.Compose(handler.Named("x", handler.Func(func(_ context.Context, _ transfer.Exchange, out *gateway.Outcome) error {
		out.Status = gateway.StatusFailed
		return nil
	})))
	for effect, code := range map[gateway.Effect]gateway.Code{gateway.EffectMove: gateway.CodeIndeterminate, gateway.EffectHold: gateway.CodeIndeterminate, gateway.EffectNone: ""} {
		spec.Endpoint.Effect = effect
		c, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpFetch}, spec)
		require.NoError(t, err)
		_, err = c.Execute(t.Context(), subject())
		assert.Equal(t, code, gateway.CodeOf(err), effect)
	}
}
