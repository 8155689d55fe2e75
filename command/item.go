package command

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
)

// Item is what [Assemble] takes: a [Provider], or what [Extend], [Override] and
// [Require] return. The order of items means nothing.
type Item interface {
	stamp(at part.Site) Item // at counts only when the item does not know its place
}

// Provider is a provider's definition.
type Provider struct {
	Name string // lower case, the brand: "stripe"

	// Commands returns the table of contents. self is the provider's own pool,
	// which is filled later: keep it for signers and strategies, and call it only
	// while a command executes.
	Commands func(self *Pool) Commands

	// Flows are the operations that take several calls, by the operation's name;
	// any other operation is one call of the command of the same name.
	Flows map[gateway.Operation]Flow

	// Close releases what the provider holds beside its clients; nil if nothing.
	Close func(ctx context.Context) error

	site part.Site
}

func (p Provider) stamp(at part.Site) Item {
	if p.site.IsZero() {
		p.site = at
	}
	return p
}

type extension struct {
	at   Name
	def  Definition
	site part.Site
}

func (e extension) stamp(part.Site) Item { return e }

// Extend adds one more command to a provider, from anybody's module. A name
// that the provider has is refused: say [Override].
func Extend(provider string, op gateway.Operation, d Definition) Item {
	return extension{Name{provider, op}, d, part.Caller(0)}
}

type override struct {
	at Name
	owner
}

func (o override) stamp(part.Site) Item { return o }

// Override edits one command of one provider. "*" as provider or operation
// means every one; only [Use], [Observe], [Filter] and [WrapClient] may be so
// general. A command written by hand takes [Use] only.
func Override(provider string, op gateway.Operation, edits ...Edit) Item {
	return override{Name{provider, op}, owner{edits, part.Caller(0)}}
}

type requirement struct {
	provider string
	ops      []gateway.Operation
	site     part.Site
}

func (r requirement) stamp(part.Site) Item { return r }

// Require stops the start unless the provider has the operations.
func Require(provider string, ops ...gateway.Operation) Item {
	return requirement{provider, ops, part.Caller(0)}
}

// Stamp returns the items with a place for those that do not know theirs:
// providers, which are made as literals. gatewayfx.Provide and [Assemble] call
// it; skip tells how many callers further up the place is.
func Stamp(skip int, items ...Item) []Item {
	at := part.Caller(skip)
	stamped := make([]Item, len(items))
	for i, it := range items {
		if it != nil {
			stamped[i] = it.stamp(at)
		}
	}
	return stamped
}
