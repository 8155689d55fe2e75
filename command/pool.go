package command

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
)

// Pool holds the commands of one provider. It is read only after assembly and
// safe for concurrent use. The nil Pool has no commands.
type Pool struct {
	name     string
	commands map[gateway.Operation]*entry
	flows    map[gateway.Operation]Flow
}

// entry is one command with what is known of how it was made.
type entry struct {
	command Command
	about   definition
}

// NewPool returns a pool of ready commands: for tests of code that takes a
// pool, and for programs that assemble nothing. A nil command counts as missing.
func NewPool(provider string, commands map[gateway.Operation]Command) *Pool {
	p := &Pool{name: provider, commands: map[gateway.Operation]*entry{}}
	for op, c := range commands {
		if part.IsNil(c) {
			continue
		}
		p.commands[op] = &entry{command: c, about: definition{at: Name{provider, op}, custom: c}}
	}
	return p
}

// Name returns the provider's name.
func (p *Pool) Name() string {
	if p == nil {
		return ""
	}
	return p.name
}

// Operations returns the names of the commands, sorted.
func (p *Pool) Operations() []gateway.Operation {
	if p == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(p.commands))
}

// Get returns the command for an operation. It never returns nil: for a
// missing command it returns one that fails with [gateway.CodeUnsupported] and
// says what the pool has.
func (p *Pool) Get(op gateway.Operation) Command {
	c, err := p.Lookup(op)
	if err != nil {
		return Func(func(context.Context, gateway.Subject) (gateway.Outcome, error) { return gateway.Outcome{}, err })
	}
	return c
}

// Lookup returns the command for an operation, or the error that [Pool.Get]'s
// command would return: for constructors that want the start to fail.
func (p *Pool) Lookup(op gateway.Operation) (Command, error) {
	if p != nil {
		if e, ok := p.commands[op]; ok {
			return e.command, nil
		}
	}
	return nil, &gateway.Error{Code: gateway.CodeUnsupported, Provider: p.Name(), Operation: op, Detail: p.lacks(op)}
}

func (p *Pool) lacks(op gateway.Operation) string {
	switch {
	case p == nil:
		return "there is no pool"
	case len(p.commands) == 0:
		return "provider " + quoted(p.name) + " has no commands here: is its module in the application?"
	}
	names := make([]string, 0, len(p.commands))
	for _, have := range p.Operations() {
		names = append(names, string(have))
	}
	return "there is no command " + quoted(string(op)) + " (has " + strings.Join(names, ", ") + ")"
}

// Endpoint returns what the provider promises of an operation's endpoint. It
// reports false for a missing command and for one written by hand.
func (p *Pool) Endpoint(op gateway.Operation) (gateway.Endpoint, bool) {
	if p == nil {
		return gateway.Endpoint{}, false
	}
	e, ok := p.commands[op]
	if !ok || e.about.spec == nil {
		return gateway.Endpoint{}, false
	}
	return independent(e.about.spec.Endpoint), true
}

// Pools holds the pools of all providers. It is read only after assembly and
// safe for concurrent use.
type Pools struct {
	byName map[string]*Pool
	close  []func(ctx context.Context) error
}

// For returns a provider's pool. It never returns nil: an unknown provider's
// pool is empty, and its errors say so.
func (p *Pools) For(provider string) *Pool {
	if p != nil {
		if q, ok := p.byName[provider]; ok {
			return q
		}
	}
	return &Pool{name: provider}
}

// Names returns the providers' names, sorted.
func (p *Pools) Names() []string {
	if p == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(p.byName))
}

func quoted(s string) string { return `"` + s + `"` }
