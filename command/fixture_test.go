package command_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// provider is a small provider over a client that answers what it is told and
// keeps what it was sent.
type provider struct {
	status int
	body   string
	err    error
	header http.Header

	mu   sync.Mutex
	sent []*transfer.Wire
}

func (p *provider) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	w, err := t.Wire(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.sent = append(p.sent, w)
	p.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	h := p.header
	if h == nil {
		h = http.Header{}
	}
	return &transfer.Response{Status: p.status, Header: h, Body: []byte(p.body)}, nil
}

func (p *provider) String() string { return "scripted client" }

func (p *provider) bodies() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, w := range p.sent {
		all = append(all, string(w.Body))
	}
	return all
}

func answering(status int, body string) *provider { return &provider{status: status, body: body} }

const captured = `{"id":"cap_1","amount":1000,"status":"done"}`

func orderNumber(s gateway.Subject, doc *request.Document) {
	if s.Order != nil {
		doc.Object("order").Text("number", s.Order.Number)
	}
}

func orderLines(s gateway.Subject, doc *request.Document) {
	if s.Order == nil {
		return
	}
	list := doc.Object("order").List("lines")
	for _, l := range s.Order.Lines {
		list.Text(l.SKU)
	}
}

func capture(c client.Client) command.Spec {
	return command.Spec{
		Request: request.Compose(
			request.Named("amount", request.Amount("amount")),
			request.Named("order", request.Compose(
				request.Named("number", request.Write(orderNumber)),
				request.Named("lines", request.Write(orderLines)),
			)),
		),
		Transfer: transfer.Route{
			Method: http.MethodPost, Base: "https://api.example.test", Path: "/payments/{target}/captures",
			Encoder: request.JSON, KeyHeader: "Idempotency-Key", RequestIDHeader: "Request-Id",
		},
		Client: c,
		Validate: validator.Compose(
			validator.Breaking("status", validator.Status(200)),
			validator.Named("echo", validator.Echo{Amount: "amount"}),
		),
		Handle: handler.Compose(
			handler.Named("refs", handler.Refs(map[string]string{"capture": "id"})),
			handler.Named("money", handler.Movement(gateway.MoveCapture, handler.MovementPaths{Amount: "amount", Reference: "id"})),
		),
		Endpoint: gateway.Endpoint{Effect: gateway.EffectMove, Echoes: gateway.EchoAmount},
	}
}

func acme(c client.Client) command.Provider {
	return command.Provider{Name: "acme", Commands: func(*command.Pool) command.Commands {
		return command.Commands{gateway.OpCapture: capture(c), gateway.OpRefund: capture(c)}
	}}
}

func assemble(t *testing.T, items ...command.Item) *command.Pools {
	t.Helper()
	pools, err := command.Assemble(items...)
	require.NoError(t, err)
	return pools
}

func subject() gateway.Subject {
	return gateway.Subject{
		Store: "es", Operation: "op_1", Target: "auth_1", Amount: gateway.Minor(1000, "EUR"), IdempotencyKey: "key-1",
		Order: &gateway.Order{Number: "17", Lines: []gateway.Line{{SKU: "a"}, {SKU: "b"}}},
	}
}
