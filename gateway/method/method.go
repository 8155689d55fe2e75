// Package method says which payment methods a provider offers, and whether a
// shopper may use one: rules on the country, the currency and the amount.
//
// A provider declares its methods; an application asks [Method.Available] while
// it lists them at checkout, and once more before it creates a payment. Rules
// are pure functions of the subject: nothing is asked of the provider.
//
//	card := method.Method{Name: "card", Rules: []method.Rule{
//		method.Currencies("EUR", "USD"), method.Countries("US", "UK", "CA"),
//	}}
package method

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Method is one way to pay.
type Method struct {
	Name  string // what the provider or the shop calls it
	Title string // for shoppers
	Rules []Rule // all of them must agree
}

// Available returns nil when the subject may be paid with the method, and
// otherwise a [gateway.CodeUnsupported] error with every rule that objects. A
// rule that fails or panics objects: what cannot be checked is not available.
func (m Method) Available(ctx context.Context, s gateway.Subject) error {
	var objections []error
	for _, r := range m.Rules {
		if err := ask(ctx, r, s); err != nil {
			objections = append(objections, err)
		}
	}
	if err := errors.Join(objections...); err != nil {
		return gateway.Errorf(gateway.CodeUnsupported, "method %s is not available: %w", m.Name, err)
	}
	return nil
}

// ask asks one rule. A rule that panics, or is nil, objects.
func ask(ctx context.Context, r Rule, s gateway.Subject) (err error) {
	defer func() {
		if recover() != nil {
			err = gateway.Errorf(gateway.CodeInternal, "a rule panicked, or is nil")
		}
	}()
	return r.Allow(ctx, s)
}

// Rule says whether a subject may be paid with a method; nil means yes.
// Implementations must be safe for concurrent use.
type Rule interface {
	Allow(ctx context.Context, s gateway.Subject) error
}

// RuleFunc is a [Rule] made of a function.
type RuleFunc func(ctx context.Context, s gateway.Subject) error

// Allow calls f.
func (f RuleFunc) Allow(ctx context.Context, s gateway.Subject) error { return f(ctx, s) }

// Rules holds rules by name, for applications that choose them by configuration.
type Rules map[string]Rule

// Get returns the rule of a name; a missing one is a [gateway.CodeUnsupported]
// error that says what there is.
func (r Rules) Get(name string) (Rule, error) {
	if rule, ok := r[name]; ok {
		return rule, nil
	}
	names := make([]string, 0, len(r))
	for n := range r {
		names = append(names, n)
	}
	slices.Sort(names)
	return nil, gateway.Errorf(gateway.CodeUnsupported, "there is no rule %q (has %s)", name, strings.Join(names, ", "))
}

// Countries returns a rule that allows the given billing countries, ISO 3166-1
// alpha-2 in upper case, and all of them when none is given. A subject without
// a billing country is allowed only when all are.
func Countries(allowed ...string) Rule {
	return oneOf("country", allowed, func(s gateway.Subject) string {
		if s.Order == nil || s.Order.Billing == nil {
			return ""
		}
		return s.Order.Billing.Country
	})
}

// Currencies returns a rule that allows the given currencies, and all of them when none is given.
func Currencies(allowed ...string) Rule {
	return oneOf("currency", allowed, func(s gateway.Subject) string { return s.Amount.Currency() })
}

func oneOf(what string, allowed []string, of func(gateway.Subject) string) Rule {
	return RuleFunc(func(_ context.Context, s gateway.Subject) error {
		if got := of(s); len(allowed) > 0 && !slices.Contains(allowed, got) {
			return gateway.Errorf(gateway.CodeUnsupported, "%s %q is not among %s", what, got, strings.Join(allowed, ", "))
		}
		return nil
	})
}

// Amounts returns a rule that allows amounts from least to most, both included,
// of their currency; amounts of other currencies are not allowed. The zero
// Money sets no bound.
func Amounts(least, most gateway.Money) Rule {
	return RuleFunc(func(_ context.Context, s gateway.Subject) error {
		if least.IsSet() {
			if c, err := s.Amount.Cmp(least); err != nil {
				return err
			} else if c < 0 {
				return gateway.Errorf(gateway.CodeUnsupported, "%s is less than %s", s.Amount, least)
			}
		}
		if most.IsSet() {
			if c, err := s.Amount.Cmp(most); err != nil {
				return err
			} else if c > 0 {
				return gateway.Errorf(gateway.CodeUnsupported, "%s is more than %s", s.Amount, most)
			}
		}
		return nil
	})
}
