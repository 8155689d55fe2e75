package command_test

import (
	"context"
	"fmt"
	"math"
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

// line is one of the many that make a body large: about 100 bytes.
type line struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Price    int64  `json:"price"`
	Currency string `json:"currency"`
}

const lineJSON = `{"sku":"sku-000001","name":"A shirt, blue, of cotton, large","quantity":2,"price":1999,"currency":"EUR"}`

type lines struct {
	Lines []line `json:"lines"`
}

// grown returns a command with that many builders, a request of about so many
// bytes and an answer of about so many bytes, which a handler binds.
func grown(tb testing.TB, builders, sent, answered int) (c command.Command, bytes func() int) {
	tb.Helper()
	parts := make([]request.Part, builders)
	for i := range parts {
		name := fmt.Sprintf("field%03d", i)
		parts[i] = request.Named(name, request.Write(func(s gateway.Subject, d *request.Document) { d.Text(name, s.ReturnURL) }))
	}
	if sent > 0 {
		parts = append(parts, request.Named("lines", request.Write(func(_ gateway.Subject, d *request.Document) {
			list := d.List("lines")
			for range sent / len(lineJSON) {
				n := list.Object()
				n.Text("sku", "sku-000001")
				n.Text("name", "A shirt, blue, of cotton, large")
				n.Int("quantity", 2)
				n.Int("price", 1999)
				n.Text("currency", "EUR")
			}
		})))
	}
	answer := []byte(`{"lines":[` + strings.TrimSuffix(strings.Repeat(lineJSON+",", answered/len(lineJSON)), ",") + `]}`)
	wrote := 0
	null := client.Func(func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
		w, err := t.Wire(ctx)
		if err != nil {
			return nil, err
		}
		wrote = len(w.Body)
		return &transfer.Response{Status: http.StatusOK, Body: answer}, nil
	})
	want := answered / len(lineJSON)
	c = benchCommand(tb, command.Spec{
		Request:  request.Compose(parts...),
		Transfer: transfer.Route{Method: http.MethodPost, Base: benchBase, Path: benchPath, Encoder: request.JSON},
		Client:   null,
		Validate: validator.Compose(validator.Named("status", validator.Status(http.StatusOK))),
		Handle: handler.Compose(handler.Named("lines", handler.Typed(func(_ context.Context, _ transfer.Exchange, a lines, out *gateway.Outcome) error {
			if len(a.Lines) == want {
				out.Status = gateway.StatusSucceeded
			}
			return nil
		}))),
		Endpoint: gateway.Endpoint{Effect: gateway.EffectHold},
	})
	return c, func() int { return wrote }
}

// BenchmarkP7 shows what a command costs as its work grows: more builders, a
// larger request, a larger answer. Its figure is the power of the growth: 1 is
// linear, 2 quadratic. The costs beside it show where memory ends to be cheap.
func BenchmarkP7(b *testing.B) {
	const fixed = 1 << 10
	for _, growth := range []struct {
		what  string
		sizes []int
		make  func(tb testing.TB, size int) (command.Command, func() int)
	}{
		{"builders", []int{1, 10, 100}, func(tb testing.TB, n int) (command.Command, func() int) { return grown(tb, n, 0, 0) }},
		{"request KB", []int{1, 8, 64, 512, 1000}, func(tb testing.TB, n int) (command.Command, func() int) { return grown(tb, 1, n*fixed, 0) }},
		{"answer KB", []int{1, 8, 64, 512, 1000}, func(tb testing.TB, n int) (command.Command, func() int) { return grown(tb, 1, 0, n*fixed) }},
	} {
		var list []contender
		for _, size := range growth.sizes {
			c, _ := growth.make(b, size)
			s := gateway.Subject{Store: "nl", ReturnURL: "https://shop.example.com/checkout/return?order=000123456"}
			// Every contender does the work of the largest, so that all run equally long.
			times := max(growth.sizes[len(growth.sizes)-1]/size, 1)
			list = append(list, contender{fmt.Sprint(size), func() error {
				for range times {
					if _, err := c.Execute(b.Context(), s); err != nil {
						return err
					}
				}
				return nil
			}})
		}
		var t []timing
		var each strings.Builder
		b.Run(strings.ReplaceAll(growth.what, " ", "-"), func(b *testing.B) {
			t = race(b, 1, 4, list...)
			for i, size := range growth.sizes {
				times := float64(max(growth.sizes[len(growth.sizes)-1]/size, 1))
				for k := range t[i].cpu {
					t[i].cpu[k] /= times
				}
				cost := spreadOf(t[i].cpu).median * 1e6
				b.ReportMetric(cost, fmt.Sprintf("us/%d", size))
				fmt.Fprintf(&each, " %d: %.0f us", size, cost)
			}
		})
		if len(t) == 0 {
			continue // another one was asked for
		}
		power := make([]float64, len(t[0].cpu))
		last := len(growth.sizes) - 1
		for k := range power {
			power[k] = math.Log(t[last].cpu[k]/t[0].cpu[k]) / math.Log(float64(growth.sizes[last])/float64(growth.sizes[0]))
		}
		judge("P7", growth.what+each.String()+", power of growth", spreadOf(power), 1.05)
	}
}

func TestGrownCommandsDoTheirWork(t *testing.T) {
	t.Parallel()
	c, sent := grown(t, 100, 64<<10, 64<<10)
	out, err := c.Execute(t.Context(), gateway.Subject{Store: "nl", ReturnURL: "https://shop.example.com"})
	require.NoError(t, err)
	assert.Equal(t, gateway.StatusSucceeded, out.Status)
	assert.InDelta(t, 64<<10+100*40, sent(), 3000)
}
