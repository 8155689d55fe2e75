package engine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// A renewal is an adjustment to the amount that is held already, at a provider whose
// endpoint Renews: the balances are the same before and after, so they tell nothing
// of whether it happened. What tells is one more fact: an adjustment to this amount
// that was not known when the renewal began, whoever asked for it.

// renewalMark begins the Target of a renewal's step, and is followed by how many
// adjustments to its amount were known when it began.
const renewalMark = "renewal/"

// renewal returns the part that makes of a step one that renews.
func renewal(p gateway.Payment, o storage.Operation) part {
	return part{target: renewalMark + strconv.Itoa(len(adjustmentsTo(o, p.Movements)))}
}

// renews reports whether a step renews a hold, and how many adjustments to its
// amount were known before.
func renews(o storage.Operation, step storage.Step) (before int, is bool) {
	text, marked := strings.CutPrefix(step.Target, renewalMark)
	if !marked || o.Kind != gateway.OpAdjust {
		return 0, false
	}
	before, err := strconv.Atoi(text)
	return before, err == nil
}

// renewed reports whether movements show a renewal: one that names it, or one more
// than there were.
func renewed(o storage.Operation, before int, movements []gateway.Movement) bool {
	named := slices.ContainsFunc(movements, func(m gateway.Movement) bool { return m.Kind == gateway.MoveAdjust && m.Operation == o.ID })
	return named || len(adjustmentsTo(o, movements)) > before
}

// adjustmentsTo returns the facts that say that a hold was adjusted to what an
// operation asks for.
func adjustmentsTo(o storage.Operation, movements []gateway.Movement) map[string]bool {
	facts := map[string]bool{}
	for _, m := range movements {
		if m.Kind == gateway.MoveAdjust && m.Provider == o.Provider && m.Amount == o.Amount {
			facts[m.Key()] = true
		}
	}
	return facts
}

// renewsNothing reports whether the answer to a renewal says that it was done and
// shows no hold that was not there before: it may be the answer to another call.
func renewsNothing(o storage.Operation, step storage.Step, p gateway.Payment, out gateway.Outcome) bool {
	before, is := renews(o, step)
	return is && out.Status == gateway.StatusSucceeded && len(adjustmentsTo(o, slices.Concat(p.Movements, out.Movements))) <= before
}

// mayHold says whether an operation may act on the hold now. Where an adjustment may
// give it a new name, nothing else that names it is under way meanwhile: a call that
// is sent again would be another one.
func (e *Engine) mayHold(kind gateway.Operation, provider string, endpoint gateway.Endpoint, p gateway.Payment, open []storage.Operation, amount gateway.Money) error {
	conflict := func(format string, args ...any) error { return gateway.Errorf(gateway.CodeConflict, format, args...) }
	if kind != gateway.OpAdjust {
		for _, o := range open {
			if o.Kind != gateway.OpAdjust || o.Provider != provider || kind != gateway.OpCapture && kind != gateway.OpVoid {
				continue
			}
			if adjust, err := e.endpoint(provider, e.command(provider, o.Kind)); err == nil && adjust.Renews {
				return conflict("operation %s, %s, may replace what is held, and is %s: wait for it", o.ID, o.Kind, o.State)
			}
		}
		return nil
	}
	if b := p.Balances; amount == p.Adjustable() {
		switch {
		case !endpoint.Renews:
			return conflict("%s are held already, and %s does not renew a hold: ask for another amount, or capture before the hold expires", amount, provider)
		case b.Captured.Minor()+b.Released.Minor() >= b.Authorized.Minor():
			return conflict("nothing is held that could be renewed: the payment is %s", p.Status())
		}
	}
	for _, o := range open {
		if endpoint.Renews && o.Provider == provider && (o.Kind == gateway.OpCapture || o.Kind == gateway.OpVoid) && o.State != gateway.StateAwaiting {
			return conflict("operation %s, %s, acts on the hold that this would replace, and is %s: wait for it", o.ID, o.Kind, o.State)
		}
	}
	return nil
}

// supersedes reports whether one name of what is held came in the place of another:
// names arrive in any order.
func supersedes(p gateway.Payment, owner, newer, older string) bool {
	for range p.Movements { // a circle ends too
		at := slices.IndexFunc(p.Movements, func(m gateway.Movement) bool {
			return m.Kind == gateway.MoveAdjust && m.Provider == owner && m.Reference == newer && m.Parent != newer
		})
		if at < 0 {
			return false
		}
		if newer = p.Movements[at].Parent; newer == older {
			return true
		}
	}
	return false
}

// renames reports whether a provider's references of a name are those of holds, of
// which a payment has one after another.
func (e *Engine) renames(provider, name string) bool {
	endpoint, known := e.cfg.Pools.For(provider).Endpoint(gateway.OpAdjust)
	return known && endpoint.Renews && name == endpoint.TargetRef && name != e.targetOf(provider, gateway.OpFetch)
}
