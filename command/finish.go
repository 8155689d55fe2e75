package command

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// accept refuses a subject that no command can act on.
func accept(op gateway.Operation, s *gateway.Subject) error {
	if s.Store == "" {
		return gateway.Invalid("the subject has no Store: every call belongs to one")
	}
	if s.Amount.IsSet() {
		if err := s.Amount.Err(); err != nil {
			return err
		}
	}
	if s.Amount.IsNegative() {
		return gateway.Invalid("the amount %s is negative; the operation says which way money goes", s.Amount)
	}
	if s.Amount.IsSet() && s.Amount.IsZero() && (op == gateway.OpAuthorize || op == gateway.OpPurchase) {
		return gateway.Invalid("the amount is nothing: to check or store an instrument without taking money, use the operation %s", gateway.OpVerify)
	}
	return nil
}

// claim asks the subject's owner, right before the first byte, and refuses a
// call that nobody waits for any more.
func claim(ctx context.Context, s *gateway.Subject, t *transfer.Transfer) error {
	if err := ctx.Err(); err != nil {
		return gateway.Errorf(gateway.CodeUnavailable, "the context ended before anything was sent: %w", err)
	}
	if t == nil {
		return gateway.Errorf(gateway.CodeInternal, "the transfer factory returned neither a transfer nor an error")
	}
	if s.BeforeSend == nil {
		return nil
	}
	if err := s.BeforeSend(ctx, t.Digest()); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return gateway.Errorf(gateway.CodeUnavailable, "the context ended before anything was sent: %w", err)
	}
	return nil
}

// verdicts are what an uncoded error means in each stage.
var verdicts = map[string]gateway.Code{
	"subject": gateway.CodeInvalid, "request": gateway.CodeInvalid, "filter": gateway.CodeInvalid,
	"transfer": gateway.CodeInvalid, "before send": gateway.CodeUnavailable,
	"client": gateway.CodeIndeterminate, "validate": gateway.CodeIndeterminate, "handle": gateway.CodeIndeterminate,
}

// finish is the one place where an error gets its provider, operation and
// stage, and where an outcome gets what every handler would have to repeat.
func (c *GatewayCommand) finish(panicked any, stage string, x transfer.Exchange, s *gateway.Subject, out *gateway.Outcome, err error) error {
	if panicked != nil {
		err = c.panicked(stage)
	}
	c.stamp(s, out)
	if err == nil {
		if err = c.ended(x, out); err == nil {
			return nil
		}
	}
	e := *gateway.AsError(err, verdicts[stage])
	e.Provider, e.Operation = c.at.Provider, c.at.Operation
	if stage != "client" || e.Stage != "sign" { // any other stage is that of a command which a part ran on its way
		e.Stage = stage
	}
	if e.Code == "" || e.Code == gateway.CodeInternal && stage == "validate" { // the answer has come: a defect here undoes nothing there
		e.Code = verdicts[stage]
	}
	if e.RequestID == "" {
		e.RequestID = x.RequestID()
	}
	if e.Reference == "" && len(out.Refs) > 0 {
		e.Reference = out.Refs[0].Value
	}
	if e.Reference == "" && stage == "validate" {
		e.Reference = c.reference(x)
	}
	return &e
}

// ended returns nil when it is known how the command ended.
func (c *GatewayCommand) ended(x transfer.Exchange, out *gateway.Outcome) error {
	if x.Response == nil {
		return gateway.Errorf(gateway.CodeIndeterminate, "the client returned neither an answer nor an error: it may have sent the request")
	}
	switch out.Status {
	case gateway.StatusFailed:
		if c.spec.Endpoint.Effect != gateway.EffectNone {
			return gateway.Errorf(gateway.CodeIndeterminate, "the answer to a call that moves money reads as failed and is no decline: look it up")
		}
		return nil
	case gateway.StatusSucceeded, gateway.StatusAwaiting, gateway.StatusActionRequired, gateway.StatusHeld:
		return nil
	case "":
		if c.spec.Endpoint.Effect == gateway.EffectNone {
			out.Status = gateway.StatusSucceeded
			return nil
		}
		return gateway.Errorf(gateway.CodeIndeterminate, "no handler said how the command ended: set the outcome's Status")
	}
	return gateway.Errorf(gateway.CodeIndeterminate, "a handler set the status %q, which is none of package gateway's", out.Status)
}

// reference reads what the provider calls the object from an answer that the
// validators refused: whoever looks into it needs a name to ask for.
func (c *GatewayCommand) reference(x transfer.Exchange) string {
	if x.Response == nil {
		return ""
	}
	again := transfer.NewExchange(x.Subject, x.Transfer, x.Response) // x itself is over
	defer again.Release()
	if refs := c.spec.Handle.References(again); len(refs) > 0 {
		return refs[0].Value
	}
	return ""
}

// panicked says what a panic means where it happened. Its value is not shown:
// it may quote the request.
func (c *GatewayCommand) panicked(stage string) error {
	code := gateway.CodeInternal
	if verdicts[stage] == gateway.CodeIndeterminate {
		code = gateway.CodeIndeterminate
	}
	return gateway.Errorf(code, "a part panicked")
}

// stamp fills in what the command knows and no handler should have to say.
func (c *GatewayCommand) stamp(s *gateway.Subject, out *gateway.Outcome) {
	for i := range out.Refs {
		if out.Refs[i].Owner == "" {
			out.Refs[i].Owner = c.at.Provider
		}
	}
	for i := range out.Movements {
		m := &out.Movements[i]
		if m.Provider == "" {
			m.Provider = c.at.Provider
		}
		ours := m.Kind != gateway.MoveReversal && m.Kind != gateway.MoveChargeback && c.spec.Endpoint.Effect != gateway.EffectNone
		if m.Operation == "" && ours {
			m.Operation = s.Operation
		}
		if m.Source == "" {
			m.Source = gateway.SourceAnswer
		}
	}
}
