package request

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Parameters is a transient extra that holds a whole request as it is given:
// for exploring an API from a program or a test, before a builder is written
// (row W5). See [Generic].
var Parameters = gateway.TransientExtra[func(doc *Document)]("request.parameters")

// Generic returns a builder that writes what the subject's [Parameters] hold,
// and nothing when there are none. It is for development: with it, anybody who
// can make a subject can send anything the credentials allow, so replace it with
// a builder before a program goes live.
//
//	explore := command.Like("fetch", command.Request(request.Append(request.Named("generic", request.Generic()))))
//	subject.Extras = gateway.With(request.Parameters.Of(func(doc *request.Document) { doc.Int("limit", 3) }))
func Generic() Builder {
	return Func(func(_ context.Context, s gateway.Subject, doc *Document) error {
		if write, ok := Parameters.From(s.Extras); ok && write != nil {
			write(doc)
		}
		return nil
	})
}
