package operator

import (
	"slices"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

var parkedCommand = subcommand{
	name:  "parked",
	short: "list the operations of which nobody knows what became",
	long: `Lists parked operations, oldest first: neither the provider nor a repetition
could tell what became of them. Look each up at the provider, then use settle.
With -state it lists open, unknown, awaiting or action_required ones instead.`,
	run: runParked,
}

// operationView is what is shown of an operation: no personal details, and no
// URL of an action, which may let its bearer act as the shopper.
type operationView struct {
	ID        gateway.OperationID    `json:"id"`
	Payment   gateway.PaymentID      `json:"payment"`
	Kind      gateway.Operation      `json:"kind"`
	Provider  string                 `json:"provider"`
	State     gateway.OperationState `json:"state"`
	Amount    gateway.Money          `json:"amount"`
	Code      gateway.Code           `json:"code,omitempty"`
	Reason    string                 `json:"reason,omitempty"`
	Detail    string                 `json:"detail,omitempty"`
	Reference string                 `json:"reference,omitempty"`
	Created   time.Time              `json:"created"`
	Updated   time.Time              `json:"updated"`
	NextCheck time.Time              `json:"next_check,omitzero"`
	Deadline  time.Time              `json:"deadline,omitzero"`
}

func viewOperation(o storage.Operation) operationView {
	return operationView{o.ID, o.Payment, o.Kind, o.Provider, o.State, o.Amount, o.Code, string(o.Reason), o.Detail, o.Reference, o.Created, o.Updated, o.NextCheck, o.Deadline}
}

func (c *call) sayOperation(o operationView) {
	c.say("%s %s %s %s", o.ID, o.State, o.Provider, o.Kind)
	if o.Amount.IsSet() {
		c.say(" %s", o.Amount)
	}
	c.say(" since %s", o.Created.Format(time.RFC3339))
	if o.Detail != "" || o.Code != "" {
		c.say(": %s %s", o.Code, o.Detail)
	}
	c.say("\n")
}

func runParked(c *call) error {
	q := storage.OperationQuery{}
	var states string
	c.flags.StringVar(&states, "state", string(gateway.StateParked), "which states, separated by commas")
	c.flags.StringVar(&q.Provider, "provider", "", "only of this provider")
	c.flags.IntVar(&q.Limit, "limit", 100, "how many at most")
	older := c.flags.Duration("older", 0, "only what was begun longer ago than this")
	if err := c.parse(0); err != nil {
		return err
	}
	known := []gateway.OperationState{gateway.StateOpen, gateway.StateAwaiting, gateway.StateActionRequired, gateway.StateUnknown, gateway.StateParked}
	for s := range strings.SplitSeq(states, ",") {
		state := gateway.OperationState(strings.TrimSpace(s))
		if !slices.Contains(known, state) {
			return gateway.Invalid("%q is no state that an operation can be in before it has ended; there are %v", s, known)
		}
		q.States = append(q.States, state)
	}
	if *older > 0 {
		q.Before = c.DB.Now().Add(-*older)
	}
	var ops []storage.Operation
	err := c.view(func(tx *storage.Tx) (err error) { ops, err = tx.OperationsWhere(c.Store, q); return err })
	if err != nil {
		return err
	}
	all := make([]operationView, len(ops))
	for i, o := range ops {
		all[i] = viewOperation(o)
	}
	if c.json {
		return c.write(map[string]any{"operations": all})
	}
	for _, o := range all {
		c.say("payment %s: ", o.Payment)
		c.sayOperation(o)
	}
	c.say("%d operations\n", len(all))
	return nil
}
