package operator

import (
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// sayPayment writes a payment's history for people.
func (c *call) sayPayment(v paymentView) {
	c.say("payment %s: %s, %s due", v.ID, v.Status, v.Due)
	if v.Order != "" {
		c.say(", order %s", v.Order)
	}
	if v.Phase != "" {
		c.say(", phase %s", v.Phase)
	}
	if v.Closed {
		c.say(", closed to captures")
	}
	c.say("\n")
	for _, b := range []struct {
		name string
		m    gateway.Money
	}{
		{"authorized", v.Authorized},
		{"released", v.Released},
		{"captured", v.Captured},
		{"refunded", v.Refunded},
		{"charged back", v.ChargedBack},
		{"being captured", v.Capturing},
		{"being released", v.Releasing},
		{"being refunded", v.Refunding},
	} {
		if !b.m.IsZero() {
			c.say("  %-14s %s\n", b.name, b.m)
		}
	}
	c.say("references:\n")
	for _, r := range v.Refs {
		c.say("  %s %s %s\n", r.Provider, r.Name, r.Value)
	}
	c.say("movements:\n")
	for _, m := range v.Movements {
		c.say("  %s (%s, %s)\n", m.Line, m.Provider, m.Source)
	}
	c.say("operations:\n")
	for _, o := range v.Operations {
		c.say("  ")
		c.sayOperation(o.operationView)
		for _, a := range o.Attempts {
			answer := "an answer to rely on"
			if a.Code != "" {
				answer = string(a.Code) + " " + a.Detail
			}
			c.say("    %s %s, %s: %s\n", a.Started.Format(time.RFC3339), a.Command, a.Took, answer)
		}
	}
	c.say("events:\n")
	for _, e := range v.Events {
		c.say("  %s %s\n", e.Created.Format(time.RFC3339), e.Kind)
	}
	for _, d := range v.Disputes {
		c.say("dispute %s: %s, %s %s", d.Reference, d.State, d.Amount, d.Reason)
		if !d.Deadline.IsZero() {
			c.say(", evidence until %s", d.Deadline.Format(time.RFC3339))
		}
		c.say("\n")
	}
	for _, p := range v.Plans {
		c.say("plan %s: %s, because %s: ", p.Name, p.Kind, p.Why)
		switch {
		case p.Result != "":
			c.say("%s\n", p.Result)
		case p.Due.IsZero():
			c.say("waits to be approved\n")
		default:
			c.say("due %s\n", p.Due.Format(time.RFC3339))
		}
	}
	for _, d := range v.Discrepancies {
		c.sayDiscrepancy(d)
	}
}

func (c *call) sayDiscrepancy(d discrepancyView) {
	state := "open"
	if d.Resolved != "" {
		state = "resolved by " + d.Resolved + ": " + d.Note
	}
	c.say("discrepancy %s of payment %s at %s (%s): %s %s\n", d.ID, d.Payment, d.Created.Format(time.RFC3339), state, d.Kind, d.Problem)
}
