package command_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// says is a command that tells its name in the outcome's phase.
func says(name string) command.Definition {
	return command.Custom(command.Func(func(context.Context, gateway.Subject) (gateway.Outcome, error) {
		return gateway.Outcome{Status: gateway.StatusSucceeded, Phase: name}, nil
	}))
}

func TestAStrategyPicksOneCommandByTheState(t *testing.T) {
	t.Parallel()
	pools := assemble(t, command.Provider{Name: "acme", Commands: func(self *command.Pool) command.Commands {
		return command.Commands{
			gateway.OpPurchase: says("purchase"), "settle": says("settle"), gateway.OpVoid: says("void"), gateway.OpRefund: says("refund"),
			gateway.OpCapture: command.CaptureOrPurchase(self, "settle", gateway.OpPurchase),
			"give_back":       command.VoidOrRefund(self, gateway.OpVoid, gateway.OpRefund),
		}
	}})
	eur := func(n int64) gateway.Money { return gateway.Minor(n, "EUR") }
	payment := func(held, released, taken, back int64) gateway.Payment {
		return gateway.Payment{Due: eur(1000), Balances: gateway.Balances{Authorized: eur(held), Released: eur(released), Captured: eur(taken), Refunded: eur(back)}}
	}
	for name, c := range map[string]struct {
		op      gateway.Operation
		payment gateway.Payment
		want    string
		code    gateway.Code
	}{
		"nothing held":       {gateway.OpCapture, gateway.Payment{}, "purchase", ""},
		"held":               {gateway.OpCapture, payment(1000, 0, 0, 0), "settle", ""},
		"partly captured":    {gateway.OpCapture, payment(1000, 0, 400, 0), "settle", ""},
		"all captured":       {gateway.OpCapture, payment(1000, 0, 1000, 0), "", gateway.CodeConflict},
		"voided":             {gateway.OpCapture, payment(1000, 1000, 0, 0), "", gateway.CodeConflict},
		"give back a hold":   {"give_back", payment(1000, 0, 0, 0), "void", ""},
		"give back captured": {"give_back", payment(1000, 0, 1000, 0), "refund", ""},
		"give back both":     {"give_back", payment(1000, 0, 400, 0), "refund", ""},
		"all given back":     {"give_back", payment(1000, 0, 1000, 1000), "", gateway.CodeConflict},
		"nothing ever":       {"give_back", gateway.Payment{}, "", gateway.CodeConflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := pools.For("acme").Get(c.op).Execute(t.Context(), gateway.Subject{Store: "es", Payment: c.payment})
			assert.Equal(t, c.code, gateway.CodeOf(err))
			assert.Equal(t, c.want, out.Phase)
		})
	}
}

func TestAStrategyChoosesOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	with := func(d func(self *command.Pool) command.Definition) error {
		_, err := command.Assemble(command.Provider{Name: "acme", Commands: func(self *command.Pool) command.Commands {
			return command.Commands{"a": says("a"), "x": d(self)}
		}})
		return err
	}
	require.ErrorContains(t, with(func(self *command.Pool) command.Definition { return command.CaptureOrPurchase(self, "a", "b") }), `it chooses "b", which is not there (has a, x)`)
	require.ErrorContains(t, with(func(self *command.Pool) command.Definition { return command.CaptureOrPurchase(self, "a", "x") }), "must not choose itself")
	pools := assemble(t, command.Provider{Name: "acme", Commands: func(self *command.Pool) command.Commands {
		return command.Commands{"a": says("a"), "x": command.Choose(self, func(gateway.Subject) (gateway.Operation, error) { return "b", nil }, "a")}
	}})
	_, err := pools.For("acme").Get("x").Execute(t.Context(), subject())
	require.ErrorContains(t, err, `picked "b"`)
}
