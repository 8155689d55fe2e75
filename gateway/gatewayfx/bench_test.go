package gatewayfx_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

var startOps = []gateway.Operation{
	gateway.OpAuthorize, gateway.OpCapture, gateway.OpVoid, gateway.OpRefund, gateway.OpFetch, "sale", "adjust", "tokenize",
}

// startProvider is one of twenty providers with eight commands, each of eight
// builders, three validators and three handlers.
func startProvider(name string, c client.Client) command.Provider {
	return command.Provider{Name: name, Commands: func(*command.Pool) command.Commands {
		table := make(command.Commands, len(startOps))
		for _, op := range startOps {
			table[op] = startSpec(c)
		}
		return table
	}}
}

func startSpec(c client.Client) command.Spec {
	return command.Spec{
		Request: request.Compose(
			request.Named("reference", request.Reference("reference")), request.Named("amount", request.Amount("amount")),
			request.Named("currency", request.Currency("currency")), request.Named("return", request.ReturnURL("return_url")),
			request.Named("channel", request.Fixed("channel", "web")),
			request.Named("customer", request.Compose(
				request.Named("a", request.Fixed("a", "1")), request.Named("b", request.Fixed("b", "1")), request.Named("c", request.Fixed("c", "1")),
			)),
		),
		Transfer: transfer.Route{Method: http.MethodPost, Base: "https://api.example.test", Path: "/v1/{operation}", Encoder: request.JSON, KeyHeader: "Idempotency-Key"},
		Client:   c,
		Validate: validator.Compose(
			validator.Breaking("status", validator.Status(200)),
			validator.Named("errors", validator.NewErrorMap(gateway.CodeIndeterminate, nil).Validator(func(transfer.Exchange) ([]validator.Problem, error) { return nil, nil })),
			validator.Named("echo", validator.Echo{Amount: "amount", Currency: "currency"}),
		),
		Handle: handler.Compose(
			handler.Named("status", handler.Succeeded()), handler.Named("refs", handler.Refs(map[string]string{"charge": "id"})),
			handler.Named("phase", handler.Phase("done")),
		),
		Endpoint: gateway.Endpoint{Effect: gateway.EffectHold, Echoes: gateway.EchoAmount | gateway.EchoCurrency},
	}
}

const startProviders = 20

// startPlain assembles in plain Go.
func startPlain(c client.Client) (*command.Pools, error) {
	var items []command.Item
	for i := range startProviders {
		items = append(items, startProvider(fmt.Sprintf("provider%02d", i), c))
	}
	return command.Assemble(items...)
}

// startFx starts the same as an application of modules, one for each provider.
func startFx(c client.Client, log fxevent.Logger) (pools *command.Pools, stop func() error, err error) {
	options := []fx.Option{
		gatewayfx.Module, fx.WithLogger(func() fxevent.Logger { return log }),
		fx.Provide(func() client.Client { return c }), fx.Populate(&pools),
	}
	for i := range startProviders {
		name := fmt.Sprintf("provider%02d", i)
		options = append(options, fx.Module(name, fx.Provide(func(c client.Client) gatewayfx.Result {
			return gatewayfx.Provide(startProvider(name, c))
		})))
	}
	app := fx.New(options...)
	if err := app.Start(context.Background()); err != nil {
		return nil, nil, err
	}
	return pools, func() error { return app.Stop(context.Background()) }, nil
}

// BenchmarkP6 measures the start of 20 providers with 8 commands each through fx
// against plain Go, interleaved. The goal is 3 ms.
func BenchmarkP6(b *testing.B) {
	c := &recorder{}
	var ours, plain []float64
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			t0 := time.Now()
			_, stop, err := startFx(c, fxevent.NopLogger)
			t1 := time.Now()
			require.NoError(b, err)
			require.NoError(b, stop())
			t2 := time.Now()
			_, err = startPlain(c)
			require.NoError(b, err)
			ours, plain = append(ours, t1.Sub(t0).Seconds()*1e3), append(plain, time.Since(t2).Seconds()*1e3)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(middle(ours), "fx-ms/op")
		b.ReportMetric(middle(plain), "plain-ms/op")
		b.ReportMetric(middle(ours)/middle(plain), "ratio/op")
	})
	if len(ours) == 0 {
		return
	}
	met := "met"
	if middle(ours) > 3 {
		met = "MISSED"
	}
	low, high := ours[len(ours)/10], ours[len(ours)*9/10] // middle has sorted them
	fmt.Printf("%-4s %-84s %7.2f %-16s goal <= %6.2f  %s\n", "P6",
		fmt.Sprintf("start of 20 providers x 8 commands through fx, ms (plain Go: %.2f ms)", middle(plain)), middle(ours), fmt.Sprintf("(%.2f to %.2f)", low, high), 3.0, met)
}

func middle(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// provided counts what is put into the container.
type provided struct{ values int }

func (p *provided) LogEvent(e fxevent.Event) {
	if e, ok := e.(*fxevent.Provided); ok && strings.HasPrefix(e.ModuleName, "provider") {
		p.values += len(e.OutputTypeNames)
	}
}

func TestTheStartPutsOneValuePerProviderIntoTheContainer(t *testing.T) {
	t.Parallel()
	p := &provided{}
	pools, stop, err := startFx(&recorder{}, p)
	require.NoError(t, err)
	defer func() { assert.NoError(t, stop()) }()
	assert.Equal(t, startProviders, p.values, "and none per command or stage")
	plain, err := startPlain(&recorder{})
	require.NoError(t, err)
	assert.Equal(t, plain.Names(), pools.Names())
	assert.Len(t, pools.Names(), startProviders)
	for _, name := range pools.Names() {
		assert.Equal(t, plain.For(name).Operations(), pools.For(name).Operations())
		assert.Len(t, pools.For(name).Operations(), len(startOps))
	}
}
