package handler

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// stock is a handler that says in a description what it reads.
type stock struct {
	Func
	what string
}

func (s stock) String() string { return s.what }

// Succeeded returns a handler that says the command succeeded: for answers
// whose status alone says so, after the validators had their look.
func Succeeded() Handler { return fixed(gateway.StatusSucceeded) }

// Awaiting returns a handler that says the provider accepted the call and will
// tell the result later.
func Awaiting() Handler { return fixed(gateway.StatusAwaiting) }

func fixed(status gateway.Status) Handler {
	return stock{func(_ context.Context, _ transfer.Exchange, out *gateway.Outcome) error {
		out.Status = status
		return nil
	}, "sets the status " + string(status)}
}

// Status returns a handler that reads the status at path and looks it up. A
// status that is not in the table makes the result indeterminate; it is never guessed.
func Status(path string, table map[string]gateway.Status) Handler {
	return stock{func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
		v, err := present(x, path)
		if err != nil {
			return err
		}
		status, known := table[v.Text()]
		if !known {
			return gateway.Errorf(gateway.CodeIndeterminate, "status %.60q at %q is not known to this provider's table", v.Text(), path)
		}
		out.Status = status
		return nil
	}, "reads the status at " + path}
}

// Refs returns a handler that keeps the provider's ids: name → path in the
// answer. A path that is absent is left out. Names are added in sorted order. It
// is a [Referrer]: an answer that validators refuse still names its object.
func Refs(paths map[string]string) Handler {
	paths = maps.Clone(paths)
	return refs{slices.Sorted(maps.Keys(paths)), paths}
}

type refs struct {
	names []string
	paths map[string]string
}

func (r refs) Handle(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	doc, err := x.Document()
	if err != nil {
		return err
	}
	found := make([]gateway.Ref, 0, 8) // on the stack
	for _, name := range r.names {
		found = append(found, gateway.Ref{Name: name, Value: text(doc.Value(r.paths[name]))})
	}
	out.Refs = out.Refs.Add(found...)
	return nil
}

// References returns the ids that the answer has, none when it cannot be read.
func (r refs) References(x transfer.Exchange) gateway.Refs {
	var out gateway.Outcome
	if err := r.Handle(context.Background(), x, &out); err != nil {
		return nil
	}
	return out.Refs
}

// String tells the names.
func (r refs) String() string { return "keeps the references " + strings.Join(r.names, ", ") }

// MovementPaths says where an answer states a movement. Paths that are "" are
// not read; Currency may be "" when it is the subject's.
type MovementPaths struct {
	Amount    string // minor units, or a decimal string with Decimal; "" means the subject's amount, see [Movement]
	Currency  string
	Reference string
	Parent    string // "" means the subject's Target
	Decimal   bool
	Exponents gateway.Exponents
}

// Movement returns a handler that adds one movement of the given kind, and
// sets the status to succeeded when no handler has set one. When a handler before
// it said that the result is awaited, up to the shopper, or failed, nothing has
// moved and nothing is added: put [Status] before it. The amount is what
// the provider states. With Amount "" it is the subject's: that is right only
// for an endpoint that takes an amount and documents that it acts on all of it.
func Movement(kind gateway.MovementKind, p MovementPaths) Handler {
	return stock{func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
		switch out.Status {
		case gateway.StatusAwaiting, gateway.StatusActionRequired, gateway.StatusFailed:
			return nil
		}
		amount, err := p.amount(x)
		if err != nil {
			return err
		}
		if amount.IsNegative() {
			return gateway.Errorf(gateway.CodeIndeterminate, "the answer states a %s of %s, and no amount is negative: the kind says which way money goes", kind, amount)
		}
		m := gateway.Movement{Kind: kind, Amount: amount, Parent: x.Subject.Target, Source: gateway.SourceAnswer}
		if p.Reference != "" {
			v, err := present(x, p.Reference)
			if err != nil {
				return err
			}
			m.Reference = text(v)
		}
		if p.Parent != "" {
			m.Parent = text(x.Value(p.Parent))
		}
		out.Movements = append(out.Movements, m)
		if out.Status == "" {
			out.Status = gateway.StatusSucceeded
		}
		return nil
	}, "adds a movement: " + string(kind)}
}

func (p MovementPaths) amount(x transfer.Exchange) (gateway.Money, error) {
	if p.Amount == "" {
		return x.Subject.Amount, x.Subject.Amount.Err()
	}
	v, err := present(x, p.Amount)
	if err != nil {
		return gateway.Money{}, err
	}
	currency := x.Subject.Amount.Currency()
	if p.Currency != "" {
		currency = upper(text(x.Value(p.Currency)))
	}
	if p.Decimal {
		return p.Exponents.Parse(text(v), currency)
	}
	n, err := v.Int()
	if err != nil {
		return gateway.Money{}, err
	}
	return p.Exponents.FromMinor(n, currency)
}

// Redirect returns a handler that asks for a redirect to the URL at path, when
// the answer has one, and sets the status to action required.
func Redirect(path string) Handler { return action(gateway.ActionRedirect, path) }

// Iframe returns a handler that asks to show the URL at path in a frame, when the answer has one.
func Iframe(path string) Handler { return action(gateway.ActionIframe, path) }

func action(kind gateway.ActionKind, path string) Handler {
	return stock{func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
		doc, err := x.Document()
		if err != nil {
			return err
		}
		target := text(doc.Value(path))
		if target == "" {
			return nil
		}
		if err := checkURL(target); err != nil {
			return gateway.Errorf(gateway.CodeIndeterminate, "the URL at %q cannot be shown to a shopper: %w", path, err)
		}
		out.Action = &gateway.Action{Kind: kind, URL: target}
		out.Status = gateway.StatusActionRequired
		return nil
	}, "asks for " + string(kind) + " with the URL at " + path}
}

// InstrumentPaths says where an answer describes what paid. Paths that are "" are not read.
type InstrumentPaths struct {
	Kind, Token, Customer, Brand, Last4, ExpiryMonth, ExpiryYear, Fingerprint, Mandate, NetworkTransaction string
}

// Instrument returns a handler that keeps what the answer tells of the
// instrument, when it tells anything. The token becomes a secret.
func Instrument(p InstrumentPaths) Handler {
	return stock{func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
		doc, err := x.Document()
		if err != nil {
			return err
		}
		at := func(path string) string {
			if path == "" {
				return ""
			}
			return text(doc.Value(path))
		}
		i := gateway.Instrument{
			Kind: at(p.Kind), Token: gateway.NewSecret(at(p.Token)), Customer: at(p.Customer), Brand: at(p.Brand),
			Last4: at(p.Last4), ExpiryMonth: number(at(p.ExpiryMonth)), ExpiryYear: number(at(p.ExpiryYear)),
			Fingerprint: at(p.Fingerprint), Mandate: at(p.Mandate), NetworkTransaction: at(p.NetworkTransaction),
		}
		if !i.IsZero() {
			i.Reusable = !i.Token.IsZero()
			out.Instrument = &i
		}
		return nil
	}, "keeps what paid"}
}

// Keep returns a handler that gives the decoded answer to the caller as a typed
// extra: stripe.IntentAnswer.From(out.Extras).
func Keep[T any](e *gateway.Extra[T]) Handler {
	return stock{Typed(func(_ context.Context, _ transfer.Exchange, answer T, out *gateway.Outcome) error {
		out.Extras = out.Extras.With(e.Of(answer))
		return nil
	}).Handle, "keeps the answer as " + e.Name()}
}

// Fact returns a handler that gives the text or number at path to the caller as
// a typed extra, when the answer has it.
func Fact(e *gateway.Extra[string], path string) Handler {
	return stock{func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
		doc, err := x.Document()
		if err != nil {
			return err
		}
		if v := doc.Value(path); v.Exists() && !v.IsNull() {
			out.Extras = out.Extras.With(e.Of(text(v)))
		}
		return nil
	}, "keeps " + path + " as " + e.Name()}
}

// Phase returns a handler that names where the flow stands now.
func Phase(name string) Handler {
	return stock{func(_ context.Context, _ transfer.Exchange, out *gateway.Outcome) error {
		out.Phase = name
		return nil
	}, "names the phase " + name}
}

// present returns the value at path; an answer without it is indeterminate.
func present(x transfer.Exchange, path string) (request.Value, error) {
	doc, err := x.Document()
	if err != nil {
		return request.Value{}, err
	}
	v := doc.Value(path)
	if !v.Exists() || v.IsNull() {
		return v, gateway.Errorf(gateway.CodeIndeterminate, "the answer has nothing at %q", path)
	}
	return v, nil
}
