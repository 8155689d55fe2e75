package main

import (
	"context"
	"fmt"
	"io"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// stages adds a part to every stage of the commands used here, which tells that it runs.
func stages(w io.Writer) (items []command.Item) {
	for _, op := range []gateway.Operation{gateway.OpAuthorize, gateway.OpCapture, gateway.OpRefund} {
		items = append(items, command.Override("sandbox", op, tell(w)...))
	}
	return items
}

func tell(w io.Writer) []command.Edit {
	say := func(stage, format string, args ...any) {
		fmt.Fprintf(w, "  %-9s %s\n", stage, fmt.Sprintf(format, args...))
	}
	return []command.Edit{
		command.Use("tell", func(at command.Name, next command.Command) command.Command {
			return command.Func(func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
				fmt.Fprintf(w, "%s\n", at)
				out, err := next.Execute(ctx, s)
				if err != nil {
					say("failed", "in stage %s: %s", gateway.AsError(err, "").Stage, gateway.CodeOf(err))
				}
				fmt.Fprintln(w)
				return out, err
			})
		}),
		command.Request(request.Append(request.Named("tell", request.Write(func(_ gateway.Subject, doc *request.Document) { say("request", "%s", doc) })))),
		command.WrapTransfer(func(next transfer.Factory) transfer.Factory {
			return transfer.Func(func(ctx context.Context, s gateway.Subject, doc *request.Document) (*transfer.Transfer, error) {
				t, err := next.Create(ctx, s, doc)
				if err == nil {
					say("transfer", "%s %s", t.Method, t.URL.Path)
				}
				return t, err
			})
		}),
		command.WrapClient(func(next client.Client) client.Client {
			return client.Func(func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
				r, err := next.PlaceRequest(ctx, t)
				if err == nil {
					say("client", "claimed in the ledger, sent, answered %d", r.Status)
				}
				return r, err
			})
		}),
		command.Validate(validator.Append(validator.Named("tell", validator.Func(func(context.Context, transfer.Exchange) validator.Result {
			say("validate", "nobody objects")
			return validator.Result{}
		})))),
		command.Handle(handler.Append(handler.Named("tell", handler.Func(func(_ context.Context, _ transfer.Exchange, out *gateway.Outcome) error {
			for _, m := range out.Movements {
				say("handle", "%s %s", m.Kind, m.Amount)
			}
			return nil
		})))),
	}
}

// ledger shows what is left of a payment: what was asked for, which provider call
// each meant, every try, what moved, and what it adds up to.
func ledger(ctx context.Context, w io.Writer, eng *engine.Engine, db *storage.DB, id gateway.PaymentID) error {
	p, err := eng.Payment(ctx, "es", id)
	if err != nil {
		return err
	}
	operations, attempts, err := eng.History(ctx, "es", id)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nThe ledger, in SQLite:\n\n  payment      %s, %s due, order %s\n", p.Status(), p.Due, p.Order)
	for _, o := range operations {
		fmt.Fprintf(w, "  operation    %s %s: %s\n", o.Kind, o.Amount, o.State)
		var steps []storage.Step
		if err := db.View(ctx, func(tx *storage.Tx) (err error) { steps, err = tx.Steps("es", o.ID); return err }); err != nil {
			return err
		}
		for _, s := range steps {
			fmt.Fprintf(w, "    step %d     %s, key %s…: %s\n", s.Number, s.Name, s.Key[:8], s.State)
		}
		for i, a := range attempts[o.ID] {
			fmt.Fprintf(w, "    attempt %d  %s, answered: %t\n", i+1, a.Command, a.Code == "")
		}
	}
	for _, m := range p.Movements {
		fmt.Fprintf(w, "  movement     %-8s %9s, learned by %s\n", m.Kind, m.Amount, m.Source)
	}
	b := p.Balances
	fmt.Fprintf(w, "  balances     authorized %s, released %s, captured %s, refunded %s\n", b.Authorized, b.Released, b.Captured, b.Refunded)
	return nil
}
