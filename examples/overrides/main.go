// Command overrides shows every way in which an application changes a provider's
// command without touching the provider: edits of parts by name, one more command
// like another, a filter, a watcher, a middleware, policies around the client. It
// runs offline and prints what was sent.
//
//	go run ./examples/overrides
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// campaign is something that only this shop knows of a payment.
var campaign = gateway.NewExtra[string]("shop.campaign")

// edits is what this shop changes. In a program with fx each of these could
// stand in another module; the result would be the same.
func edits(w io.Writer) []command.Item {
	return []command.Item{
		// Parts are named: add one after another, replace one, take one away.
		command.Override("sandbox", gateway.OpCapture,
			command.Request(
				request.InsertAfter("reference", request.Named("campaign", request.In("metadata", request.Text("campaign", readCampaign)))),
				request.Remove("final"),
			),
			// The first policy is the outermost: each try gets its own timeout.
			command.WrapClient(client.Retry(client.RetryOptions{Tries: 3, Wait: time.Millisecond, OnRetry: func(_ context.Context, r client.Retried) {
				fmt.Fprintf(w, "  again    try %d was not sent: %s\n", r.Try, r.Code)
			}}), client.Timeout(5*time.Second)),
		),
		// One more command of the provider, like another but for its path.
		command.Extend("sandbox", "capture_now", command.Like(gateway.OpCapture,
			command.WrapTransfer(transfer.Path("/v1/payments/{paid}/captures/now")))),
		// A filter sees the sealed request: it may add and change, but not what is protected.
		command.Override("sandbox", "capture_now", command.Filter("discount", request.Write(func(_ gateway.Subject, doc *request.Document) {
			doc.Object("amount").Int("value", 1)
		}))),
		// For every command of every provider: watch, and wrap the whole.
		command.Override("*", "*",
			command.Observe("print", func(_ context.Context, x transfer.Exchange) {
				fmt.Fprintf(w, "  sent     %s\n  answered %d\n", x.Transfer.Document, x.Response.Status)
			}),
			command.Use("name", func(at command.Name, next command.Command) command.Command {
				return command.Func(func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
					fmt.Fprintf(w, "%s\n", at)
					return next.Execute(ctx, s)
				})
			})),
		// The program does not start without these.
		command.Require("sandbox", gateway.OpCapture, "capture_now"),
	}
}

func readCampaign(s gateway.Subject) string {
	name, _ := campaign.From(s.Extras)
	return name
}

func run(ctx context.Context, w io.Writer) error {
	// A scripted client instead of the network: first the connection is refused, then the provider answers.
	script := clienttest.NewScript(clienttest.NotSent(), clienttest.Answer(201, captured))
	api, err := sandbox.New(sandbox.Config{
		BaseURL: "https://api.example.test", Client: script, Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret("key")}),
	})
	if err != nil {
		return err
	}
	pools, err := command.Assemble(append(edits(w), api.Provider())...)
	if err != nil {
		return err
	}
	subject := gateway.Subject{
		Store: "es", Operation: "order-1017-ship", IdempotencyKey: "order-1017-ship", Target: "pay_1", Amount: gateway.Minor(1000, "EUR"),
		Extras: gateway.With(campaign.Of("spring")),
	}
	out, err := pools.For("sandbox").Get(gateway.OpCapture).Execute(ctx, subject)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  moved    %t, sent %d time\n", out.Moved(), len(script.Sent()))

	_, err = pools.For("sandbox").Get("capture_now").Execute(ctx, subject)
	fmt.Fprintf(w, "  refused  %v\n", err)

	// A mistake stops the start, and says what exists.
	_, err = command.Assemble(api.Provider(), command.Override("sandbox", gateway.OpCapture, command.Request(request.Replace("amuont", request.Amount("x")))))
	fmt.Fprintf(w, "a mistake\n  %s\n", strings.ReplaceAll(fmt.Sprint(err), "\n", "\n  "))
	return nil
}

const captured = `{"id":"cap_1","payment":"pay_1","status":"succeeded","amount":{"value":1000,"currency":"EUR"},"reference":"order-1017-ship",
	"movements":[{"id":"mov_1","kind":"capture","amount":{"value":1000,"currency":"EUR"},"reference":"cap_1","created":"2026-11-21T12:00:00Z"}]}`
