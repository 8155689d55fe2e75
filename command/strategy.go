package command

import (
	"context"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
)

// Choose defines a command that picks one command of the pool for each subject.
// It runs exactly one: a second call of the provider would need a key of its
// own. among lists what pick may return; assembly checks that all of it is there.
func Choose(self *Pool, pick func(s gateway.Subject) (gateway.Operation, error), among ...gateway.Operation) Definition {
	c := Func(func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
		op, err := pick(s)
		if err == nil && !slices.Contains(among, op) {
			err = gateway.Errorf(gateway.CodeInternal, "the strategy picked %q, which is not among its choices", op)
		}
		if err != nil {
			e := *gateway.AsError(err, gateway.CodeInvalid)
			e.Provider, e.Stage = self.Name(), "strategy"
			return gateway.Outcome{}, &e
		}
		return self.Get(op).Execute(ctx, s)
	})
	return custom{command: c, choices: among, site: part.Caller(0)}
}

// CaptureOrPurchase defines a command that captures a hold where the payment
// has one, and otherwise takes the money at once: for an application that calls
// one operation whether or not an authorization came before.
//
//	gateway.OpCapture: command.CaptureOrPurchase(self, "settle", gateway.OpPurchase),
func CaptureOrPurchase(self *Pool, capture, purchase gateway.Operation) Definition {
	d := Choose(self, func(s gateway.Subject) (gateway.Operation, error) {
		switch b := s.Payment.Balances; {
		case s.Target != "" || s.Payment.Capturable().IsPositive():
			return capture, nil
		case b.Authorized.IsPositive() || b.Captured.IsPositive():
			return "", gateway.Errorf(gateway.CodeConflict, "nothing is left to capture: %s held, %s captured, %s released", b.Authorized, b.Captured, b.Released)
		}
		return purchase, nil
	}, capture, purchase).(custom) //nolint:forcetypeassert // Choose returns a custom
	d.site = part.Caller(0)
	return d
}

// VoidOrRefund defines a command that gives money back by the way that is open:
// it voids what is only held and refunds what was captured.
//
//	"give_back": command.VoidOrRefund(self, gateway.OpVoid, gateway.OpRefund),
func VoidOrRefund(self *Pool, void, refund gateway.Operation) Definition {
	d := Choose(self, func(s gateway.Subject) (gateway.Operation, error) {
		switch {
		case s.Payment.Refundable().IsPositive():
			return refund, nil
		case s.Payment.Releasable().IsPositive():
			return void, nil
		}
		return "", gateway.Errorf(gateway.CodeConflict, "nothing is left to give back: the payment is %s", s.Payment.Status())
	}, void, refund).(custom) //nolint:forcetypeassert // Choose returns a custom
	d.site = part.Caller(0)
	return d
}
