package command

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// GatewayCommand runs the five stages of one [Spec]. [New] and [Assemble] make it.
type GatewayCommand struct {
	at   Name
	spec Spec
}

// Execute builds the request, sends it, judges the answer and reads it.
//
// Nothing was sent when the error's stage is subject, request, filter,
// transfer, "before send" or sign. An error of stage client says itself what is known
// of the sending. An error of stage validate is the validators' verdict. An error
// of stage handle is [gateway.CodeIndeterminate]: the provider did what it was
// asked, and the outcome holds what was understood of it.
func (c *GatewayCommand) Execute(ctx context.Context, s gateway.Subject) (out gateway.Outcome, err error) {
	stage, x := "subject", transfer.Exchange{}
	defer func() { err = c.finish(recover(), stage, x, &s, &out, err) }()

	if err = accept(c.at.Operation, &s); err != nil {
		return out, err
	}

	stage = "request"
	doc := request.NewDocument()
	defer doc.Release()
	if err = c.spec.Request.Build(ctx, s, doc); err != nil {
		return out, err
	}
	doc.Seal()
	stage = "filter"
	if err = c.spec.filters.Build(ctx, s, doc); err != nil {
		return out, err
	}
	if err = doc.Check(); err != nil {
		return out, err
	}

	stage = "transfer"
	t, err := c.spec.Transfer.Create(ctx, s, doc)
	if err != nil {
		return out, err
	}

	stage = "before send"
	if err = claim(ctx, &s, t); err != nil {
		return out, err
	}
	stage = "client"
	r, err := c.spec.Client.PlaceRequest(ctx, t)
	if err != nil {
		return out, err
	}

	stage = "validate"
	x = transfer.NewExchange(&s, t, r)
	defer x.Release()
	c.spec.watch(ctx, x)
	if err = c.spec.Validate.Validate(ctx, x).Err(); err != nil {
		return out, err
	}

	stage = "handle"
	err = c.spec.Handle.Handle(ctx, x, &out)
	return out, err
}
