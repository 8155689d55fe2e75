package client

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Convert returns a policy that has answers read by c instead of the client's
// own converter. A transfer's converter still comes first. It suits a provider
// that answers one endpoint in another format than the rest.
func Convert(c transfer.Converter) Policy {
	return func(next Client) Client { return convert{next, c} }
}

type convert struct {
	next      Client
	converter transfer.Converter
}

func (c convert) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	resp, err := c.next.PlaceRequest(ctx, t)
	if err != nil || resp == nil {
		return nil, err
	}
	other := *resp
	other.Converter = c.converter
	return &other, nil
}

func (c convert) Unwrap() Client { return c.next }

func (c convert) String() string { return "convert" }
