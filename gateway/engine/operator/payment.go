package operator

import (
	"encoding/json"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

var paymentCommand = subcommand{
	name:  "payment",
	args:  " [payment]",
	short: "show one payment's whole history",
	long: `Shows a payment's balances, references, movements, operations with every
attempt, events and discrepancies. Name it by its id, or by -ref (any id that the
provider gave it) or -order.`,
	run: runPayment,
}

// paymentView is a payment's history. Of events and evidence only their kind is
// shown: their bodies are written by hooks and providers.
type paymentView struct {
	ID            gateway.PaymentID     `json:"id"`
	Order         string                `json:"order,omitempty"`
	Status        gateway.PaymentStatus `json:"status"`
	Phase         string                `json:"phase,omitempty"`
	Closed        bool                  `json:"closed"`
	Due           gateway.Money         `json:"due"`
	Authorized    gateway.Money         `json:"authorized"`
	Released      gateway.Money         `json:"released"`
	Captured      gateway.Money         `json:"captured"`
	Refunded      gateway.Money         `json:"refunded"`
	ChargedBack   gateway.Money         `json:"charged_back"`
	Capturing     gateway.Money         `json:"capturing"`
	Releasing     gateway.Money         `json:"releasing"`
	Refunding     gateway.Money         `json:"refunding"`
	Refs          []refView             `json:"refs"`
	Movements     []movementView        `json:"movements"`
	Operations    []historyView         `json:"operations"`
	Events        []eventView           `json:"events"`
	Disputes      []disputeView         `json:"disputes"`
	Plans         []planView            `json:"plans"`
	Discrepancies []discrepancyView     `json:"discrepancies"`
}

type disputeView struct {
	Reference string               `json:"reference"`
	State     gateway.DisputeState `json:"state"`
	Amount    gateway.Money        `json:"amount"`
	Reason    string               `json:"reason,omitempty"`
	Deadline  time.Time            `json:"deadline,omitzero"` // until when evidence may be handed in
}

// planView is what the engine will do, or has done, by itself.
type planView struct {
	Name   string            `json:"name"`
	Kind   gateway.Operation `json:"kind"`
	Why    string            `json:"why"`
	Due    time.Time         `json:"due,omitzero"` // zero: done, given up, or waiting to be approved
	Result string            `json:"result,omitempty"`
}

type refView struct {
	Provider string `json:"provider"`
	Name     string `json:"name"`
	Value    string `json:"value"`
}

type movementView struct {
	Provider string         `json:"provider"`
	Source   gateway.Source `json:"source"`
	reconcile.Line
}

type historyView struct {
	operationView
	Attempts []attemptView `json:"attempts"`
}

type attemptView struct {
	Command   gateway.Operation `json:"command"`
	Code      gateway.Code      `json:"code,omitempty"` // "" for an answer that was believed
	Detail    string            `json:"detail,omitempty"`
	RequestID string            `json:"request_id,omitempty"`
	Started   time.Time         `json:"started"`
	Took      string            `json:"took"`
}

type eventView struct {
	Kind    string    `json:"kind"`
	Created time.Time `json:"created"`
}

type discrepancyView struct {
	ID       string            `json:"id"`
	Payment  gateway.PaymentID `json:"payment"`
	Kind     string            `json:"kind"`
	Problem  string            `json:"problem,omitempty"`
	Created  time.Time         `json:"created"`
	Resolved string            `json:"resolved_by,omitempty"`
	Note     string            `json:"note,omitempty"`
}

func viewDiscrepancy(d storage.Discrepancy) discrepancyView {
	var said struct {
		Problem string `json:"problem"`
	}
	_ = json.Unmarshal(d.Body, &said) // evidence of another form has no problem to show
	return discrepancyView{d.ID, d.Payment, d.Kind, said.Problem, d.Created, d.Resolved, d.Note}
}

func runPayment(c *call) error {
	var q storage.PaymentQuery
	c.flags.StringVar(&q.Ref, "ref", "", "an id that the provider gave it")
	c.flags.StringVar(&q.Order, "order", "", "the shop's order")
	if err := c.parse(1); err != nil {
		return err
	}
	id, err := c.which(q)
	if err != nil {
		return err
	}
	v, err := c.history(id)
	if err != nil {
		return err
	}
	if c.json {
		return c.write(v)
	}
	c.sayPayment(v)
	return nil
}

// which finds the payment that is meant.
func (c *call) which(q storage.PaymentQuery) (gateway.PaymentID, error) {
	id := gateway.PaymentID(c.flags.Arg(0))
	if (id == "") == (q.Ref == "" && q.Order == "") {
		return "", gateway.Invalid("name the payment by its id, or by -ref or -order")
	}
	if id != "" {
		return id, nil
	}
	var found []storage.PaymentRow
	q.Limit = 20
	err := c.view(func(tx *storage.Tx) (err error) { found, err = tx.Payments(c.Store, q); return err })
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", gateway.Errorf(gateway.CodeNotFound, "no payment of store %s has that reference or order", c.Store)
	case len(found) > 1:
		var ids []gateway.PaymentID
		for _, p := range found {
			ids = append(ids, p.ID)
		}
		return "", gateway.Errorf(gateway.CodeConflict, "there is more than one: %v; name one by its id", ids)
	}
	return found[0].ID, nil
}

func (c *call) history(id gateway.PaymentID) (v paymentView, err error) {
	var p gateway.Payment
	var events []storage.Event
	var odd []storage.Discrepancy
	var disputes []gateway.Dispute
	var plans []storage.Plan
	err = c.view(func(tx *storage.Tx) error {
		if p, err = tx.Payment(c.Store, id); err != nil {
			return err
		}
		if events, err = tx.Events(c.Store, id); err != nil {
			return err
		}
		if disputes, err = tx.Disputes(c.Store, id); err != nil {
			return err
		}
		if plans, err = tx.Plans(c.Store, id); err != nil {
			return err
		}
		odd, err = tx.Discrepancies(c.Store, id)
		return err
	})
	if err != nil {
		return v, err
	}
	ops, tries, err := c.Engine.History(c, c.Store, id)
	if err != nil {
		return v, err
	}
	b, r := p.Balances, p.Reserved
	v = paymentView{
		ID: p.ID, Order: p.Order, Status: p.Status(), Phase: p.Phase, Closed: p.Closed, Due: p.Due, Authorized: b.Authorized, Released: b.Released, Captured: b.Captured,
		Refunded: b.Refunded, ChargedBack: b.ChargedBack, Capturing: r.Capturing, Releasing: r.Releasing, Refunding: r.Refunding,
		Refs: []refView{}, Movements: []movementView{}, Operations: []historyView{}, Events: []eventView{},
		Disputes: []disputeView{}, Plans: []planView{}, Discrepancies: []discrepancyView{},
	}
	for _, r := range p.Refs {
		v.Refs = append(v.Refs, refView{r.Owner, r.Name, r.Value})
	}
	for _, m := range p.Movements {
		v.Movements = append(v.Movements, movementView{m.Provider, m.Source, reconcile.LineOf(m)})
	}
	for _, o := range ops {
		h := historyView{viewOperation(o), []attemptView{}}
		for _, a := range tries[o.ID] {
			h.Attempts = append(h.Attempts, attemptView{a.Command, a.Code, a.Detail, a.RequestID, a.Started, a.Took.String()})
		}
		v.Operations = append(v.Operations, h)
	}
	for _, e := range events {
		v.Events = append(v.Events, eventView{e.Kind, e.Created})
	}
	for _, d := range disputes {
		v.Disputes = append(v.Disputes, disputeView{d.Reference, d.State, d.Amount, d.Reason, d.Deadline})
	}
	for _, p := range plans {
		v.Plans = append(v.Plans, planView{p.Name, p.Kind, p.Why, p.Due, p.Result})
	}
	for _, d := range odd {
		v.Discrepancies = append(v.Discrepancies, viewDiscrepancy(d))
	}
	return v, nil
}
