package gatewayfx_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is the provider's client: it keeps the bodies and counts how often it is closed.
type recorder struct {
	bodies []string
	closed int
}

func (r *recorder) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	w, err := t.Wire(ctx)
	if err != nil {
		return nil, err
	}
	r.bodies = append(r.bodies, string(w.Body))
	return &transfer.Response{Status: 200}, nil
}

func (r *recorder) Close() error { r.closed++; return nil }

func acme(c client.Client) gatewayfx.Result {
	return gatewayfx.Provide(command.Provider{Name: "acme", Commands: func(*command.Pool) command.Commands {
		return command.Commands{gateway.OpCapture: command.Spec{
			Request:  request.Compose(request.Named("amount", request.Amount("amount"))),
			Transfer: transfer.Route{Method: http.MethodPost, Base: "https://api.example.test", Path: "/captures", Encoder: request.JSON},
			Client:   c, Validate: validator.Compose(validator.Named("status", validator.Status(200))), Handle: handler.Nothing(),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectMove},
		}}
	}})
}

// titles is something of the application that its builder needs.
type titles struct{ shop string }

func descriptor(t *titles) gatewayfx.Result {
	return gatewayfx.Provide(command.Override("acme", gateway.OpCapture, command.Request(
		request.InsertAfter("amount", request.Named("descriptor", request.Fixed("descriptor", t.shop))))))
}

// One more command from anyone's module, its constructor injected, beside an error.
func increment(t *titles) (gatewayfx.Result, error) {
	if t.shop == "" {
		return gatewayfx.Result{}, errors.New("the shop has no title")
	}
	return gatewayfx.Provide(command.Extend("acme", "increment", command.Like(gateway.OpCapture))), nil
}

func module(r *recorder) fx.Option {
	return fx.Options(gatewayfx.Module, fx.Module("acme", fx.Provide(acme)), fx.Provide(func() client.Client { return r }))
}

func TestPoolsAreAssembledFromEveryModule(t *testing.T) {
	t.Parallel()
	r, log := &recorder{}, &bytes.Buffer{}
	var pools *command.Pools
	app := fx.New(
		gatewayfx.LogTo(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		module(r), fx.Module("shop", fx.Provide(descriptor, increment)), fx.Supply(&titles{"ACME"}),
		fx.Supply(gatewayfx.Provide(command.Require("acme", gateway.OpCapture, "increment"))),
		fx.Supply(gatewayfx.Provide(command.Override("acme", "increment", command.Request(request.Append(request.Named("more", request.Fixed("more", "1"))))))),
		fx.Populate(&pools),
	)
	require.NoError(t, app.Err())
	require.NoError(t, app.Start(t.Context()))
	for _, op := range []gateway.Operation{gateway.OpCapture, "increment"} {
		_, err := pools.For("acme").Get(op).Execute(t.Context(), gateway.Subject{Store: "es", Amount: gateway.Minor(1, "EUR")})
		require.NoError(t, err)
	}
	assert.Equal(t, []string{`{"amount":1,"descriptor":"ACME"}`, `{"amount":1,"more":"1"}`}, r.bodies)
	require.NoError(t, app.Stop(t.Context()))
	assert.Equal(t, 1, r.closed, "stopping the application closes the clients")
	assert.Contains(t, log.String(), "level=DEBUG")
	assert.NotContains(t, log.String(), "level=INFO")
}

func TestAMistakeStopsTheStartAndSaysWhere(t *testing.T) {
	t.Parallel()
	start := func(options ...fx.Option) error {
		return fx.New(append([]fx.Option{fx.NopLogger, module(&recorder{})}, options...)...).Err()
	}
	require.NoError(t, start())
	err := start(fx.Supply(gatewayfx.Provide(command.Override("acme", "cpature", command.WrapClient()))))
	for _, want := range []string{"gatewayfx_test/gatewayfx_test.go:", "overrides acme.cpature", "has no such command (has capture)"} {
		require.ErrorContains(t, err, want)
	}
	err = start(fx.Provide(increment), fx.Supply(&titles{}))
	require.ErrorContains(t, err, "the shop has no title")
	require.ErrorContains(t, err, "gatewayfx_test.go:", "fx names the constructor")
	err = start(fx.Provide(increment))
	require.ErrorContains(t, err, "missing type: *gatewayfx_test.titles")
	err = start(fx.Provide(func(c client.Client) gatewayfx.Result { return acme(c) }))
	require.ErrorContains(t, err, `provider "acme" is defined twice`)
	require.ErrorContains(t, err, "gatewayfx_test/gatewayfx_test.go:", "a provider made as a literal knows its place through Provide")
}

func TestTheSameItemsAssembleWithoutFx(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	pools, err := command.Assemble(append(acme(r).Items, descriptor(&titles{"ACME"}).Items...)...)
	require.NoError(t, err)
	_, err = pools.For("acme").Get(gateway.OpCapture).Execute(t.Context(), gateway.Subject{Store: "es", Amount: gateway.Minor(1, "EUR")})
	require.NoError(t, err)
	assert.Equal(t, []string{`{"amount":1,"descriptor":"ACME"}`}, r.bodies)
}

// What runs in the background begins with the application and has ended when the
// application has; its error is the stop's, and a stop that may not wait says so.
func TestWhatRunsInTheBackgroundEndsWithTheApplication(t *testing.T) {
	t.Parallel()
	running := make(chan struct{})
	lost := errors.New("lost")
	app := fx.New(fx.NopLogger, fx.Invoke(func(lc fx.Lifecycle) {
		gatewayfx.Background(lc, func(ctx context.Context) error { close(running); <-ctx.Done(); return lost })
	}))
	require.NoError(t, app.Start(t.Context()))
	<-running
	require.ErrorIs(t, app.Stop(t.Context()), lost)

	release := make(chan struct{})
	defer close(release)
	app = fx.New(fx.NopLogger, fx.Invoke(func(lc fx.Lifecycle) {
		gatewayfx.Background(lc, func(context.Context) error { <-release; return nil })
	}))
	require.NoError(t, app.Start(t.Context()))
	stop, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, app.Stop(stop), context.DeadlineExceeded)
}
