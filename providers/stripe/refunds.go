package stripe

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

var (
	refundRefs    = handler.Named("refs", handler.Typed(keepRefundRefs))
	refundMoney   = handler.Named("money", handler.Typed(bookRefund))
	refundHistory = handler.Named("money", handler.Typed(lookUpRefund))
	refundAnswer  = handler.Named("answer", handler.Keep(RefundAnswer))
)

// refundStatuses are a refund's states in our words
// (https://docs.stripe.com/api/refunds/object#refund_object-status).
var refundStatuses = map[string]gateway.Status{
	"pending":         gateway.StatusAwaiting,
	"requires_action": gateway.StatusAwaiting, // the shopper says where the money goes; Stripe asks by mail
	"succeeded":       gateway.StatusSucceeded,
	"failed":          gateway.StatusFailed,
	"canceled":        gateway.StatusFailed,
}

// refundFailures are the reasons for which refunds fail
// (https://docs.stripe.com/api/refunds/object#refund_object-failure_reason).
var refundFailures = map[string]decline.Reason{
	"lost_or_stolen_card":                decline.LostCard,
	"expired_or_canceled_card":           decline.ExpiredCard,
	"charge_for_pending_refund_disputed": decline.Blocked,
	"insufficient_funds":                 decline.InvalidMerchant, // the merchant's, not the shopper's
	"declined":                           decline.Generic,
	"merchant_request":                   decline.Blocked,
	"unknown":                            decline.Generic,
}

func (r Refund) reason() decline.Reason {
	if reason, ok := refundFailures[r.FailureReason]; ok {
		return reason
	}
	return decline.Generic
}

func keepRefundRefs(_ context.Context, _ transfer.Exchange, r Refund, out *gateway.Outcome) error {
	out.Refs = out.Refs.Add(
		gateway.Ref{Name: refRefund, Value: r.ID}, gateway.Ref{Name: refIntent, Value: r.Intent.ID}, gateway.Ref{Name: refCharge, Value: r.Charge.ID},
	)
	return nil
}

// bookRefund says what a refund of ours gave back. One that failed at once ended
// at the validators.
func bookRefund(_ context.Context, _ transfer.Exchange, r Refund, out *gateway.Outcome) (err error) {
	status, known := refundStatuses[r.Status]
	if !known || status == gateway.StatusFailed {
		return gateway.Errorf(gateway.CodeIndeterminate, "refund status %.40q is not known", r.Status)
	}
	out.Status = status
	if status != gateway.StatusSucceeded {
		return nil
	}
	amount, err := money(r.Amount, r.Currency)
	if err != nil {
		return err
	}
	out.Movements = append(out.Movements, gateway.Movement{
		Kind: gateway.MoveRefund, Amount: amount, Reference: r.ID, Parent: r.Charge.ID, At: at(r.Created),
	})
	return nil
}

// lookUpRefund says how a refund stands.
func lookUpRefund(_ context.Context, _ transfer.Exchange, r Refund, out *gateway.Outcome) (err error) {
	status, known := refundStatuses[r.Status]
	if !known {
		return gateway.Errorf(gateway.CodeIndeterminate, "refund status %.40q is not known", r.Status)
	}
	out.Status, out.Phase = status, r.Status
	if status == gateway.StatusFailed {
		out.Reason = r.reason()
	}
	out.Movements, err = r.movements()
	for n := range out.Movements {
		out.Movements[n].Source = gateway.SourcePoll
	}
	return err
}
