package command

import (
	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// Edit is one change of one command, for [Override], [Like] and [New].
//
// Edits of several owners must not contradict each other: one part, the
// transfer, the client and the promises may each be changed by one owner only.
// What is added by name (parts at one place, filters, watchers, middleware) is
// put in order by name, never by file or registration.
type Edit struct {
	request  []request.Edit
	validate []validator.Edit
	handle   []handler.Edit
	transfer func(transfer.Factory) transfer.Factory
	client   func(client.Client) client.Client
	endpoint func(*gateway.Endpoint)
	filter   *named[request.Builder]
	watch    *named[Watch]
	use      *named[Middleware]
	site     part.Site
}

// Request edits the builders, with the verbs of package request.
func Request(e ...request.Edit) Edit { return Edit{request: e, site: part.Caller(0)} }

// Validate edits the validators, with the verbs of package validator.
func Validate(e ...validator.Edit) Edit { return Edit{validate: e, site: part.Caller(0)} }

// Handle edits the handlers, with the verbs of package handler.
func Handle(e ...handler.Edit) Edit { return Edit{handle: e, site: part.Caller(0)} }

// ReplaceTransfer puts another transfer factory in place.
func ReplaceTransfer(f transfer.Factory) Edit {
	return Edit{transfer: func(transfer.Factory) transfer.Factory { return f }, site: part.Caller(0)}
}

// WrapTransfer puts what w makes of the transfer factory in its place, such as transfer.Path("/v2/...").
func WrapTransfer(w func(transfer.Factory) transfer.Factory) Edit {
	return Edit{transfer: w, site: part.Caller(0)}
}

// ReplaceClient puts another client in place.
func ReplaceClient(c client.Client) Edit {
	return Edit{client: func(client.Client) client.Client { return c }, site: part.Caller(0)}
}

// WrapClient wraps the client in policies. The first listed is the outermost.
func WrapClient(p ...client.Policy) Edit {
	return Edit{client: func(c client.Client) client.Client { return client.Apply(c, p...) }, site: part.Caller(0)}
}

// Promise changes what the endpoint promises, where a merchant's contract says
// more or less than the provider's documentation.
func Promise(change func(*gateway.Endpoint)) Edit {
	return Edit{endpoint: change, site: part.Caller(0)}
}

// Filter adds a builder that runs when the document is sealed: it may change
// what is not protected, add fields, or refuse with an error; changing, removing
// or re-adding a protected field fails the command before anything is sent.
func Filter(name string, b request.Builder) Edit {
	return Edit{filter: &named[request.Builder]{name, b, part.Caller(0)}, site: part.Caller(0)}
}

// Observe adds a watcher of finished exchanges.
func Observe(name string, w Watch) Edit {
	return Edit{watch: &named[Watch]{name, w, part.Caller(0)}, site: part.Caller(0)}
}

// Use adds a middleware around the whole command.
func Use(name string, m Middleware) Edit {
	return Edit{use: &named[Middleware]{name, m, part.Caller(0)}, site: part.Caller(0)}
}

// stages returns what a custom command cannot have edited: everything but middleware.
func (e Edit) stages() bool { return e.use == nil }
