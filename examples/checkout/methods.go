package main

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// Method is one way to pay, as the shopper chooses it.
type Method struct {
	ID       string // in forms
	Label    string
	Hint     string // what will happen; a real shop would not say
	Provider string
	Fill     func(r *engine.Request) // what this provider wants to know of the method
}

// methods are the ways to pay, in the order in which they are offered.
var methods = []Method{
	{"card", "Card", "Paid at once.", "sandbox", bySandbox(simulator.TokenOK)},
	{"confirmed", "Card, confirmed at the bank", "You are sent to your bank's page and come back.", "sandbox", bySandbox(simulator.TokenChallenge)},
	{"framed", "Card, confirmed on this page", "Your bank asks you in a frame.", "framed", bySandbox(simulator.TokenChallenge)},
	{"slow", "Slow bank", "The bank takes three seconds to answer.", "sandbox", bySandbox(simulator.TokenSlow)},
	{"lost", "Bank transfer, told by nobody", "The result comes later, and the bank's notification gets lost: we ask.", "silent", bySandbox(simulator.TokenPending)},
	{"collana", "Card, through Collana Pay", "A form in a frame, then your bank's page.", "collana", byCollana(collana.CreditCard)},
	{"sequra", "Instalments, by SeQura", "A form on this page; the money is held until the books are sent.", "sequra", func(*engine.Request) {}},
	{"declined", "Card without funds", "Declined at once.", "sandbox", bySandbox(simulator.TokenInsufficientFunds)},
	{"later", "Direct debit that bounces", "Accepted, and declined three seconds later.", "sandbox", bySandbox(simulator.TokenPendingThenFail)},
}

// bySandbox pays with one of the sandbox's instruments. In a real shop the provider's
// script makes a token of what the shopper types into the provider's own fields:
// no card number ever reaches the shop.
func bySandbox(name string) func(r *engine.Request) {
	return func(r *engine.Request) {
		r.Instrument = &gateway.Instrument{Kind: "card", Token: gateway.NewSecret(name)}
	}
}

func methodByID(id string) (Method, bool) {
	for _, m := range methods {
		if m.ID == id {
			return m, true
		}
	}
	return Method{}, false
}
