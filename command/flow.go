package command

import (
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Flow says which commands one operation takes, where a provider needs more than
// one call: create, then prepare, then reserve. An engine runs them one after
// another, each written down before it is sent; a pool by itself runs one command
// and knows no flow.
type Flow struct {
	// Steps are the commands in the usual order. The first one begins; the
	// operation has ended when the last one has, or when its money has moved.
	Steps []gateway.Operation
	// Next returns the command that follows, given the one that ran last and what
	// is known since: its answer, an event, a lookup. "" means that nothing
	// follows yet. It is a pure function; it may go back or leave steps out, and
	// returns names of Steps only. Nil means the next of Steps whenever the last one
	// has succeeded.
	Next func(last gateway.Operation, p gateway.Payment, out gateway.Outcome) gateway.Operation
}

// Follows returns the command that follows last, "" when nothing does yet.
func (f Flow) Follows(last gateway.Operation, p gateway.Payment, out gateway.Outcome) gateway.Operation {
	if f.Next != nil {
		next := f.Next(last, p, out)
		if !slices.Contains(f.Steps, next) {
			return ""
		}
		return next
	}
	at := slices.Index(f.Steps, last)
	if out.Status != gateway.StatusSucceeded || at < 0 || at == len(f.Steps)-1 {
		return ""
	}
	return f.Steps[at+1]
}

// Ends reports whether a command is the last of the flow.
func (f Flow) Ends(last gateway.Operation) bool {
	return len(f.Steps) == 0 || last == f.Steps[len(f.Steps)-1]
}

// Flow returns the flow that the provider declares for an operation; one that it
// declares none for takes one step, the command of the same name.
func (p *Pool) Flow(op gateway.Operation) Flow {
	if p != nil {
		if f, ok := p.flows[op]; ok {
			return Flow{slices.Clone(f.Steps), f.Next}
		}
	}
	return Flow{Steps: []gateway.Operation{op}}
}

// flows takes the provider's flows over once its commands are there.
func (a *assembly) flows() {
	for _, p := range a.providers {
		pool := a.pools.byName[p.Name]
		if pool == nil || len(p.Flows) == 0 || pool.flows != nil {
			continue
		}
		pool.flows = map[gateway.Operation]Flow{}
		for op, f := range p.Flows {
			if len(f.Steps) == 0 {
				a.fail(p.site, "%s.%s: the flow has no Steps", p.Name, op)
			}
			for i, step := range f.Steps {
				if a.tables[p.Name][step] == nil {
					a.fail(p.site, "%s.%s: the flow's step %q is not there (has %s)", p.Name, op, step, operations(a.tables[p.Name]))
				}
				if slices.Contains(f.Steps[:i], step) {
					a.fail(p.site, "%s.%s: the flow names step %q twice", p.Name, op, step)
				}
			}
			pool.flows[op] = Flow{slices.Clone(f.Steps), f.Next}
		}
	}
}
