package command_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// shopper replaces a builder by a struct with rules.
type shopper struct {
	Email     string `json:"shopperEmail" validate:"required,email"`
	IP        string `json:"shopperIP" validate:"required,ip"`
	Reference string `json:"shopperReference" validate:"required,max=64,printascii"`
}

// address is another one.
type address struct {
	Billing struct {
		Street     string `json:"street" validate:"required,max=100"`
		Number     string `json:"houseNumberOrName" validate:"required,max=30"`
		City       string `json:"city" validate:"required,max=80"`
		PostalCode string `json:"postalCode" validate:"required,alphanum,max=10"`
		Country    string `json:"country" validate:"required,iso3166_1_alpha2"`
	} `json:"billingAddress"`
}

func fillAddress(_ context.Context, s gateway.Subject) (to address, err error) {
	a, b := s.Order.Billing, &to.Billing
	b.Street, b.Number, b.City, b.PostalCode, b.Country = a.Line(1), a.Line(2), a.City, a.PostalCode, a.Country
	return to, nil
}

// span is as much of a trace as a tracer without an exporter makes.
type span struct {
	id    string
	name  command.Name
	begun time.Time
	code  gateway.Code
	took  time.Duration
}

type spanKey struct{}

func traced(at command.Name, next command.Command) command.Command {
	return command.Func(func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
		sp := &span{id: rand.Text(), name: at, begun: time.Now()}
		out, err := next.Execute(context.WithValue(ctx, spanKey{}, sp), s)
		sp.code, sp.took = gateway.CodeOf(err), time.Since(sp.begun)
		return out, err
	})
}

func deadline(_ command.Name, next command.Command) command.Command {
	return command.Func(func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		return next.Execute(ctx, s)
	})
}

// logged writes one JSON line with the whole request, its secrets masked.
func logged(to io.Writer) command.Watch {
	log := slog.New(slog.NewJSONHandler(to, nil))
	return func(ctx context.Context, x transfer.Exchange) {
		trace := ""
		if sp, ok := ctx.Value(spanKey{}).(*span); ok {
			trace = sp.id
		}
		log.LogAttrs(ctx, slog.LevelInfo, "exchange",
			slog.String("trace", trace), slog.String("store", string(x.Subject.Store)), slog.String("operation", string(x.Subject.Operation)),
			slog.String("method", x.Transfer.Method), slog.String("path", x.Transfer.URL.Path), slog.String("request", x.Transfer.Document.String()),
			slog.Int("status", x.Response.Status), slog.Int("bytes", len(x.Response.Body)), slog.String("request_id", x.RequestID()),
		)
	}
}

// dressed is the command as a careful shop runs it: validation by tags both
// ways, an id per call and per trace, a deadline, a redacted log line, a trace.
func dressed(tb testing.TB, base string, log io.Writer) way {
	tb.Helper()
	execute := throughCommand(tb, base,
		command.Request(
			request.Replace("customer/shopper", request.Typed(func(_ context.Context, s gateway.Subject) (shopper, error) {
				return shopper{s.Order.Customer.Email, s.Order.Browser.IP, s.Order.Customer.ID}, nil
			})),
			request.Replace("customer/address", request.Typed(fillAddress)),
		),
		command.Validate(validator.InsertAfter("status", validator.Named("rules", validator.Struct[benchAnswer]()))),
		command.Observe("log", logged(log)), command.Use("deadline", deadline), command.Use("trace", traced),
	)
	return func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
		s.IdempotencyKey = rand.Text()
		return execute(ctx, s)
	}
}

// BenchmarkP2c measures a full call with everything on against bare resty with nothing.
func BenchmarkP2c(b *testing.B) {
	base := benchServer(b)
	ctx := b.Context()
	list := []contender{dressed(b, base, io.Discard).contender(ctx, "command"), throughResty(b, base).contender(ctx, "resty")}
	for _, goal := range []struct {
		callers int
		most    float64
	}{{1, 1.00}, {64, 0.90}} {
		callers := goal.callers
		var t []timing
		var allocs, size float64
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			t = race(b, callers, 640, list...)
			allocs, size = allocated(b, list[0].call)
			b.ReportMetric(ratio(t[0].wall, t[1].wall).median, "ratio/op")
			b.ReportMetric(ratio(t[0].cpu, t[1].cpu).median, "cpu-ratio/op")
		})
		if len(t) == 0 {
			continue // another size was asked for
		}
		what := fmt.Sprintf("with rules, ids, deadline, log, trace, callers=%d: ", callers)
		judge("P2c", what+"CPU against resty", ratio(t[0].cpu, t[1].cpu), goal.most)
		if callers == 1 {
			judge("P2c", what+"KB", exactly(size/1000), 15)
			judge("P2c", what+"allocations", exactly(allocs), 200)
		}
	}
}

func TestTheDressedCommandLogsNoSecret(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := benchCommand(t, benchSpec(benchBase, nullClient), command.Observe("log", logged(&log)))
	_, err := c.Execute(t.Context(), benchSubject())
	require.NoError(t, err)
	assert.Contains(t, log.String(), `\"number\":\"***\"`)
	assert.NotContains(t, log.String(), benchCard.number.Reveal())
}
