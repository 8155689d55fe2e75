package gatewaytest_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewaytest"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// brokenVariable says in which way the provider of TestProvider is broken.
const brokenVariable = "GATEWAYTEST_BROKEN"

// answer is what the provider answers.
type answer struct {
	ID    string `json:"id" validate:"required"`
	State string `json:"state" validate:"required"`
}

// spec is a right provider's only command.
func spec(base string, keys map[gateway.StoreID]string) command.Spec {
	http1, err := client.New(client.Config{Timeout: 4 * time.Second})
	if err != nil {
		panic(err)
	}
	errorMap := validator.NewErrorMap(gateway.CodeIndeterminate, map[string]validator.Meaning{"no_funds": validator.Declined(decline.InsufficientFunds)})
	return command.Spec{
		Request: request.Compose(
			request.Named("amount", request.Amount("amount")), request.Named("currency", request.Currency("currency")),
			request.Named("reference", request.Reference("reference")), request.Named("token", request.Token("token")), request.Named("number", request.OrderNumber("number")),
		),
		Transfer: transfer.Route{
			Method: http.MethodPost, Base: base, Path: "/payments", Encoder: request.JSON, KeyHeader: "Idempotency-Key", NotExecuted: []int{429},
			Signer: transfer.SignerFunc(func(_ context.Context, w *transfer.Wire) error {
				key, ok := keys[w.Store]
				if !ok {
					return gateway.Errorf(gateway.CodeAuthentication, "no key")
				}
				w.Header.Set("Authorization", "Bearer "+key)
				return nil
			}),
		},
		Client: http1,
		Validate: validator.Compose(
			validator.Breaking("errors", errorMap.Validator(func(x transfer.Exchange) ([]validator.Problem, error) {
				if x.Response.Status != 402 {
					return nil, nil
				}
				_, err := x.Document()
				return []validator.Problem{{Codes: []string{x.Value("error").Text()}}}, err
			})),
			validator.Breaking("status", validator.Status(200)),
			validator.Breaking("rules", validator.Struct[answer]()),
			validator.Breaking("echo", validator.Echo{Amount: "amount", Currency: "currency"}),
		),
		Handle: handler.Compose(
			handler.Named("refs", handler.Refs(map[string]string{"payment": "id"})),
			handler.Named("money", handler.Movement(gateway.MoveHold, handler.MovementPaths{Amount: "amount", Reference: "id"})),
		),
		Endpoint: gateway.Endpoint{Effect: gateway.EffectHold, KeyTTL: 1, Echoes: gateway.EchoAmount | gateway.EchoCurrency},
	}
}

// broken are the ways in which a provider can be wrong, each with the check that must notice.
var broken = map[string]struct {
	check string
	make  func(s *command.Spec, keys map[gateway.StoreID]string)
}{
	"believes a server error": {"what_is_not_understood", func(s *command.Spec, _ map[gateway.StoreID]string) {
		validate(s, validator.Replace("status", validator.Status(200, 500)))
	}},
	"follows no status at all": {"refusals_have_their_codes", func(s *command.Spec, _ map[gateway.StoreID]string) {
		validate(s, validator.Remove("status"), validator.Remove("rules"), validator.Remove("echo"))
		s.Endpoint.Echoes = 0
	}},
	"calls an unknown failed": {"what_is_not_understood", func(s *command.Spec, _ map[gateway.StoreID]string) {
		validate(s, validator.Replace("status", validator.Func(func(ctx context.Context, x transfer.Exchange) validator.Result {
			if x.Response.Status >= 500 { // a status table refuses to say so
				return validator.Fail(validator.Failure{Code: gateway.CodeDeclined})
			}
			return validator.Status(200).Validate(ctx, x)
		})))
	}},
	"calls a limit declined": {"refusals_have_their_codes", func(s *command.Spec, _ map[gateway.StoreID]string) {
		validate(s, validator.Replace("status", validator.Status(200).With(429, gateway.CodeDeclined)))
	}},
	"does not check the rules": {"what_is_not_understood", func(s *command.Spec, _ map[gateway.StoreID]string) { lax(s) }},
	"does not check the amount": {"what_is_not_understood", func(s *command.Spec, _ map[gateway.StoreID]string) {
		validate(s, validator.Replace("echo", validator.Echo{Amount: "amount", Currency: "currency", When: func(transfer.Exchange) (gateway.Money, bool) { return gateway.Money{}, false }}))
	}},
	"does not know its declines": {"a_decline_is_a_decline", func(s *command.Spec, _ map[gateway.StoreID]string) {
		validate(s, validator.Remove("errors"))
	}},
	"has no reference": {"a_good_answer", func(s *command.Spec, _ map[gateway.StoreID]string) { handle(s, handler.Remove("refs")) }},
	"tells no movement": {"a_good_answer", func(s *command.Spec, _ map[gateway.StoreID]string) {
		handle(s, handler.Replace("money", handler.Succeeded()))
	}},
	"tells another amount": {"amounts_are_exact", func(s *command.Spec, _ map[gateway.StoreID]string) {
		handle(s, handler.Replace("money", handler.Func(fixedMoney)))
	}},
	"sends no key": {"the_key_survives", func(s *command.Spec, _ map[gateway.StoreID]string) {
		route(s, func(r *transfer.Route) { r.KeyHeader = "" })
	}},
	"sends a fresh key": {"the_key_survives", func(s *command.Spec, _ map[gateway.StoreID]string) {
		sign(s, func(w *transfer.Wire) { w.Header.Set("Idempotency-Key", rand.Text()) })
	}},
	"sends other bytes each time": {"the_same_subject", func(s *command.Spec, _ map[gateway.StoreID]string) {
		build(s, request.Append(request.Named("nonce", request.Text("nonce", func(gateway.Subject) string { return rand.Text() }))))
	}},
	"sends cents of yen": {"amounts_are_exact", func(s *command.Spec, _ map[gateway.StoreID]string) {
		build(s, request.Replace("amount", request.AmountIn("amount", gateway.Exponents{"JPY": 2})))
	}},
	"uses one store's key": {"two_stores", func(s *command.Spec, keys map[gateway.StoreID]string) {
		sign(s, func(w *transfer.Wire) { w.Header.Set("Authorization", "Bearer "+keys["north"]) })
	}},
	"has a key for everybody": {"two_stores", func(_ *command.Spec, keys map[gateway.StoreID]string) { keys["unknown"] = keys["north"] }},
	"prints the token": {"secrets_stay", func(s *command.Spec, _ map[gateway.StoreID]string) {
		build(s, request.Replace("token", request.Text("token", func(s gateway.Subject) string { return s.Instrument.Token.Reveal() })))
	}},
	"tells its key in an error": {"secrets_stay", func(s *command.Spec, keys map[gateway.StoreID]string) {
		validate(s, validator.Append(validator.Named("tell", validator.Func(func(context.Context, transfer.Exchange) validator.Result {
			return validator.Fail(validator.Failure{Code: gateway.CodeInvalid, Detail: keys["north"]})
		}))))
	}},
	"calls a lost answer safe": {"a_lost_answer", func(s *command.Spec, _ map[gateway.StoreID]string) {
		recode(s, gateway.CodeIndeterminate, gateway.CodeUnavailable)
	}},
	"calls everything unknown": {"a_refused_connection", func(s *command.Spec, _ map[gateway.StoreID]string) {
		recode(s, gateway.CodeUnavailable, gateway.CodeIndeterminate)
	}},
	"does not stop when told":    {"a_cancelled_context", func(s *command.Spec, _ map[gateway.StoreID]string) { s.Client = deaf(s.Client) }},
	"calls twice in one command": {"a_good_answer", func(s *command.Spec, _ map[gateway.StoreID]string) { s.Client = twice(s.Client) }},
}

func TestTheKitPassesARightProvider(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, harness(""))
}

func TestTheKitNoticesEveryBrokenProvider(t *testing.T) {
	t.Parallel()
	for name, b := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The kit reports to a *testing.T, so a run that must fail needs a process of its own.
			cmd := exec.Command(os.Args[0], "-test.run", "^TestProvider$", "-test.v")
			cmd.Env = append(os.Environ(), brokenVariable+"="+name)
			out, err := cmd.CombinedOutput()
			require.Error(t, err, "nothing was noticed:\n%s", out)
			assert.Contains(t, string(out), "--- FAIL: TestProvider/authorize/"+b.check, "the right check must notice")
		})
	}
}

// TestProvider is what the test above runs, once for each broken provider. By itself it checks the right one.
func TestProvider(t *testing.T) {
	gatewaytest.Run(t, harness(os.Getenv(brokenVariable)))
}

func harness(how string) gatewaytest.Harness {
	return gatewaytest.Harness{
		Provider: "acme", Answers: os.DirFS("testdata/answers"),
		Items: func(base string, keys map[gateway.StoreID]string) []command.Item {
			s := spec(base, keys)
			if b, ok := broken[how]; ok {
				b.make(&s, keys)
			}
			return []command.Item{command.Provider{Name: "acme", Commands: func(*command.Pool) command.Commands {
				return command.Commands{gateway.OpAuthorize: s}
			}}}
		},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func validate(s *command.Spec, e ...validator.Edit) { s.Validate = must(s.Validate.Apply(e)) }
func handle(s *command.Spec, e ...handler.Edit)     { s.Handle = must(s.Handle.Apply(e)) }
func build(s *command.Spec, e ...request.Edit)      { s.Request = must(s.Request.Apply(e)) }

func lax(s *command.Spec) {
	validate(s, validator.Remove("rules"), validator.Remove("echo"))
	handle(s, handler.Replace("money", handler.Movement(gateway.MoveHold, handler.MovementPaths{})))
	s.Endpoint.Echoes = 0
}

func route(s *command.Spec, change func(*transfer.Route)) {
	r, _ := s.Transfer.(transfer.Route)
	change(&r)
	s.Transfer = r
}

func sign(s *command.Spec, more func(w *transfer.Wire)) {
	route(s, func(r *transfer.Route) {
		r.Signer = transfer.Signers(r.Signer, transfer.SignerFunc(func(_ context.Context, w *transfer.Wire) error { more(w); return nil }))
	})
}

func fixedMoney(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	out.Status = gateway.StatusSucceeded
	out.Movements = []gateway.Movement{{Kind: gateway.MoveHold, Amount: gateway.Minor(1000, x.Subject.Amount.Currency()), Reference: "pay_1"}}
	return nil
}

func recode(s *command.Spec, from, to gateway.Code) {
	next := s.Client
	s.Client = client.Func(func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
		r, err := next.PlaceRequest(ctx, t)
		if e := gateway.AsError(err, ""); e != nil && e.Code == from {
			return nil, gateway.Errorf(to, "%s", e.Detail)
		}
		return r, err
	})
}

// deaf does not hear that the caller has gone.
func deaf(next client.Client) client.Client {
	return client.Func(func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
		return next.PlaceRequest(context.WithoutCancel(ctx), t)
	})
}

func twice(next client.Client) client.Client {
	return client.Func(func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
		if _, err := next.PlaceRequest(ctx, t); err != nil {
			return nil, err
		}
		return next.PlaceRequest(ctx, t)
	})
}

func TestAnAnswersFormIsChecked(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestProvider$", "-test.v")
	cmd.Env = append(os.Environ(), brokenVariable+"=has no reference")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	assert.Positive(t, strings.Count(string(out), "--- PASS"), "one broken thing does not stop the other checks")
}
