// Package acme is a provider made from nothing, to be read from top to bottom
// and copied. The real ones divide the same content into files of one idea each
// (see providers/sandbox); here it stands in one, in the order in which one
// writes it: what the API says, who signs, the request, the answer, the table.
//
// The API, as its documentation would put it:
//
//	POST /charges  {"amount": minor units, "currency": "EUR", "source": token, "ref": ours}
//	  201 {"id", "status": "paid"|"review", "amount", "currency", "ref"}
//	  402 {"error": {"code": "card_declined"|"no_funds", "charge": id}}
//	POST /charges/{id}/refunds  {"amount", "ref"}  201 {"id", "charge", "amount", "ref"}
//	GET  /charges/{id}  200 as above
//
// with "Authorization: Bearer <key>", and "Idempotency-Key" remembered for 24 hours.
package acme

import (
	"context"
	"net/http"
	"time"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// 1. What an operator sets, and what one store has.

// Config is what an operator sets.
type Config struct {
	BaseURL string
	Keys    tenant.Credentials[gateway.Secret]
	HTTP    client.Config
}

type api struct {
	cfg    Config
	client client.Client
}

// Provider returns the provider's item for command.Assemble or gatewayfx.Provide.
func Provider(cfg Config) (command.Provider, error) {
	c, err := client.New(cfg.HTTP)
	if err != nil {
		return command.Provider{}, err
	}
	a := &api{cfg, c}
	return command.Provider{Name: "acme", Commands: a.commands}, nil
}

// 2. Who signs. It runs last, on the bytes that are about to leave, with the store they belong to.

func (a *api) Sign(ctx context.Context, w *transfer.Wire) error {
	key, err := a.cfg.Keys.For(ctx, w.Store)
	if err != nil {
		return err
	}
	w.Header.Set("Authorization", "Bearer "+key.Reveal())
	return nil
}

func (a *api) route(method, path string) transfer.Route {
	return transfer.Route{
		Method: method, Base: a.cfg.BaseURL, Path: path, Encoder: request.JSON, Signer: a,
		KeyHeader: "Idempotency-Key", NotExecuted: []int{http.StatusTooManyRequests},
	}
}

// 3. What the answers look like, and which rules they keep.

type charge struct {
	ID     string `json:"id" validate:"required"`
	Status string `json:"status" validate:"required"`
}

type refund struct {
	ID string `json:"id" validate:"required"`
}

type problem struct {
	Error *struct {
		Code   string `json:"code"`
		Charge string `json:"charge"`
	} `json:"error"`
}

// 4. What their error codes mean in our words. A code that is missing here is
// counted and indeterminate: never guessed.

var codes = validator.NewErrorMap(gateway.CodeIndeterminate, map[string]validator.Meaning{
	"card_declined": validator.Declined(decline.Generic),
	"no_funds":      validator.Declined(decline.InsufficientFunds),
})

func read(x transfer.Exchange) ([]validator.Problem, error) {
	if x.Response.Status != http.StatusPaymentRequired {
		return nil, nil // the status says enough
	}
	p, err := transfer.As[problem](x)
	if err != nil || p.Error == nil {
		return []validator.Problem{{}}, err
	}
	return []validator.Problem{{Codes: []string{p.Error.Code}, Reference: p.Error.Charge}}, nil
}

func answers(status int, more ...validator.Part) validator.Composite {
	return validator.Compose(append([]validator.Part{
		validator.Breaking("errors", codes.Validator(read)),
		validator.Breaking("status", validator.Status(status)),
	}, more...)...)
}

// The answer must be for what was sent.
var echo = validator.Breaking("echo", validator.Echo{Amount: "amount", Currency: "currency", Reference: "ref"})

// 5. What the provider promises. The engine reads it when an answer is lost.

func promises(effect gateway.Effect) gateway.Endpoint {
	return gateway.Endpoint{Effect: effect, KeyTTL: 24 * time.Hour, LookupByRef: gateway.OpFetch, Echoes: gateway.EchoAmount | gateway.EchoCurrency | gateway.EchoReference}
}

// 6. The table of contents.

func (a *api) commands(*command.Pool) command.Commands {
	return command.Commands{
		gateway.OpPurchase: command.Spec{
			Request: request.Compose(
				request.Named("amount", request.Amount("amount")),
				request.Named("currency", request.Currency("currency")),
				request.Named("source", request.Token("source")),
				request.Named("reference", request.Reference("ref")),
			),
			Transfer: a.route(http.MethodPost, "/charges"),
			Client:   a.client,
			Validate: answers(http.StatusCreated, validator.Breaking("rules", validator.Struct[charge]()), echo),
			Handle: handler.Compose(
				handler.Named("refs", handler.Refs(map[string]string{"charge": "id"})),
				handler.Named("status", handler.Status("status", map[string]gateway.Status{"paid": gateway.StatusSucceeded, "review": gateway.StatusHeld})),
				handler.Named("money", handler.Typed(book)),
			),
			Endpoint: promises(gateway.EffectMove),
		},
		gateway.OpRefund: command.Spec{
			Request: request.Compose(
				request.Named("amount", request.Amount("amount")),
				request.Named("reference", request.Reference("ref")),
			),
			Transfer: a.route(http.MethodPost, "/charges/{target}/refunds"),
			Client:   a.client,
			Validate: answers(http.StatusCreated, validator.Breaking("rules", validator.Struct[refund]()), validator.Breaking("echo", validator.Echo{Amount: "amount", Reference: "ref"})),
			Handle: handler.Compose(
				handler.Named("refs", handler.Refs(map[string]string{"refund": "id", "charge": "charge"})),
				handler.Named("money", handler.Movement(gateway.MoveRefund, handler.MovementPaths{Amount: "amount", Reference: "id"})),
			),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectMove, KeyTTL: 24 * time.Hour, Echoes: gateway.EchoAmount | gateway.EchoReference, RefundTarget: gateway.RefundPayment},
		},
		gateway.OpFetch: command.Spec{
			Transfer: a.route(http.MethodGet, "/charges/{target}"),
			Client:   a.client,
			Validate: answers(http.StatusOK, validator.Breaking("rules", validator.Struct[charge]())),
			Handle: handler.Compose(
				handler.Named("refs", handler.Refs(map[string]string{"charge": "id"})),
				handler.Named("status", handler.Status("status", map[string]gateway.Status{"paid": gateway.StatusSucceeded, "review": gateway.StatusHeld})),
			),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
		},
	}
}

// book says what moved: nothing, while the provider reviews the charge.
func book(_ context.Context, x transfer.Exchange, c charge, out *gateway.Outcome) error {
	if out.Status == gateway.StatusSucceeded {
		out.Movements = []gateway.Movement{{Kind: gateway.MoveCapture, Amount: x.Subject.Amount, Reference: c.ID}}
	}
	return nil
}
