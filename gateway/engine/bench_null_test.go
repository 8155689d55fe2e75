package engine_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// nullProvider answers every call at once, without a network: it did what it was
// asked, under the idempotency key as its id.
func nullProvider(tb testing.TB) *command.Pools {
	tb.Helper()
	var null client.Client = client.Func(func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
		w, err := t.Wire(ctx)
		if err != nil {
			return nil, err
		}
		body := append([]byte(`{"id":"`+w.Header.Get("Idempotency-Key")+`","status":"done","of":`), w.Body...)
		return &transfer.Response{Status: http.StatusOK, Body: append(body, '}')}, nil
	})
	spec := func(effect gateway.Effect, moves gateway.MovementKind) command.Spec {
		return command.Spec{
			Request: request.Compose(request.Named("money", request.Write(func(s gateway.Subject, d *request.Document) {
				d.Object("amount").Money("value", s.Amount)
				d.Object("amount").Text("currency", s.Amount.Currency())
				d.Text("reference", string(s.Operation))
			}))),
			Transfer: transfer.Route{Method: http.MethodPost, Base: "https://api.example.test", Path: "/" + string(moves), Encoder: request.JSON, KeyHeader: "Idempotency-Key"},
			Client:   null,
			Validate: validator.Compose(
				validator.Breaking("status", validator.Status(http.StatusOK)),
				validator.Named("echo", validator.Echo{Amount: "of/amount/value", Currency: "of/amount/currency", Reference: "of/reference"}),
			),
			Handle: handler.Compose(
				handler.Named("status", handler.Status("status", map[string]gateway.Status{"done": gateway.StatusSucceeded})),
				handler.Named("refs", handler.Refs(map[string]string{string(moves): "id"})),
				handler.Named("money", handler.Movement(moves, handler.MovementPaths{Amount: "of/amount/value", Currency: "of/amount/currency", Reference: "id"})),
			),
			Endpoint: gateway.Endpoint{Effect: effect, Echoes: gateway.EchoAmount | gateway.EchoCurrency | gateway.EchoReference},
		}
	}
	p, err := command.Assemble(command.Provider{Name: "null", Commands: func(*command.Pool) command.Commands {
		return command.Commands{
			gateway.OpAuthorize: spec(gateway.EffectHold, gateway.MoveHold),
			gateway.OpCapture:   spec(gateway.EffectMove, gateway.MoveCapture),
		}
	}})
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = p.Close(context.Background()) })
	return p
}

// till takes payments with the null provider, on any storage.
type till struct {
	db  *storage.DB
	eng *engine.Engine
}

func newTill(tb testing.TB, at place) till {
	tb.Helper()
	db, err := at.open(context.Background(), nil, 16)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = db.Close() })
	eng, err := engine.New(engine.Config{Pools: nullProvider(tb), Storage: db})
	require.NoError(tb, err)
	return till{db, eng}
}

func (c till) create(key string) (gateway.Payment, error) {
	return c.eng.Create(context.Background(), engine.NewPayment{Store: "es", Key: key, Amount: eur(1000)})
}

func (c till) authorize(p gateway.PaymentID) (engine.Result, error) {
	return c.eng.Authorize(context.Background(), engine.Request{Store: "es", Payment: p, Provider: "null", Key: string(p) + "-auth", All: true})
}

func (c till) capture(p gateway.PaymentID) (engine.Result, error) {
	return c.eng.Capture(context.Background(), engine.Request{Store: "es", Payment: p, Provider: "null", Key: string(p) + "-ship", All: true})
}

// pay authorizes and captures.
func (c till) pay(p gateway.PaymentID) error {
	if _, err := c.authorize(p); err != nil {
		return err
	}
	_, err := c.capture(p)
	return err
}

func TestTheBenchmarkedPaymentIsTaken(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, at place) {
		c := newTill(t, at)
		p, err := c.create("17")
		require.NoError(t, err)
		require.NoError(t, c.pay(p.ID))
		p, err = c.eng.Payment(t.Context(), "es", p.ID)
		require.NoError(t, err)
		assert.Equal(t, gateway.PaymentCaptured, p.Status())
		assert.Len(t, p.Movements, 2)
		assert.Equal(t, eur(1000), p.Balances.Captured)
	})
}
