package command

import (
	"errors"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// Check returns everything that would make the command fail at its first use.
func (s Spec) Check() error {
	var errs []error
	missing := func(is bool, what string) {
		if is {
			errs = append(errs, errors.New(what))
		}
	}
	missing(part.IsNil(s.Transfer), "transfer: there is none; transfer.Route is the stock one")
	missing(part.IsNil(s.Client), "client: there is none")
	missing(s.Validate.IsZero(), "validate: there is no validator, so every answer would be believed; say validator.Nothing() if that is meant")
	missing(s.Handle.IsZero(), "handle: there is no handler; say handler.Nothing() if the answer says nothing")
	check := func(stage string, v any) {
		if c, ok := v.(part.Checker); ok && !part.IsNil(v) {
			if err := c.Check(); err != nil {
				errs = append(errs, stageError(stage, err))
			}
		}
	}
	check("request", s.Request)
	check("transfer", s.Transfer)
	check("client", s.Client)
	check("validate", s.Validate)
	check("handle", s.Handle)
	check("filter", s.filters)
	check("endpoint", s.Endpoint)
	if err := s.checkEchoes(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// checkEchoes holds what the endpoint promises to repeat against what is checked.
func (s Spec) checkEchoes() error {
	checked := echoes(s.Validate.Parts())
	if s.Endpoint.Echoes&^checked != 0 {
		return fmt.Errorf("validate: the endpoint repeats %s and no validator checks it: add validator.Echo", echoNames(s.Endpoint.Echoes&^checked))
	}
	if checked&^s.Endpoint.Echoes != 0 {
		return fmt.Errorf("endpoint: a validator checks %s, which the endpoint does not promise to repeat: set Endpoint.Echoes", echoNames(checked&^s.Endpoint.Echoes))
	}
	return nil
}

func echoes(l part.List[validator.Validator]) gateway.Echo {
	var facts gateway.Echo
	for _, p := range l.All() {
		switch v := p.Value.(type) {
		case interface{ Echoes() gateway.Echo }:
			facts |= v.Echoes()
		case part.Nested[validator.Validator]:
			facts |= echoes(v.Parts())
		}
	}
	return facts
}

func echoNames(e gateway.Echo) string {
	text := ""
	for _, fact := range []struct {
		echo gateway.Echo
		name string
	}{{gateway.EchoAmount, "the amount"}, {gateway.EchoCurrency, "the currency"}, {gateway.EchoReference, "the reference"}} {
		if e&fact.echo == 0 {
			continue
		}
		if text != "" {
			text += " and "
		}
		text += fact.name
	}
	return text
}
