package stripe

import (
	"slices"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// reasons are why a refund or a cancellation was made, in the API's words.
var reasons = []string{"duplicate", "fraudulent", "requested_by_customer"}

// refundReason writes a reason that the API knows, and any other into the metadata.
func refundReason(s gateway.Subject, doc *request.Document) {
	switch {
	case s.Reason == "":
	case slices.Contains(reasons, s.Reason):
		doc.Text("reason", s.Reason)
	default:
		doc.Object("metadata").Text(metaReason, s.Reason)
	}
}

// cancelReason writes a reason that the API knows; it has no place for others.
func cancelReason(s gateway.Subject, doc *request.Document) {
	if s.Reason == "abandoned" || slices.Contains(reasons, s.Reason) {
		doc.Text("cancellation_reason", s.Reason)
	}
}

// refunded names what the money is taken from: the charge, or the payment.
func refunded(s gateway.Subject, doc *request.Document) {
	name := "payment_intent"
	target := s.Target
	switch {
	case strings.HasPrefix(target, "ch_"), strings.HasPrefix(target, "py_"):
		name = "charge"
	case target == "":
		target = s.Payment.Refs.Get(refIntent)
	}
	if target == "" {
		doc.Fail(gateway.Invalid("the subject's Target is empty, and its payment has no %s: name the payment or the charge to refund", refIntent))
		return
	}
	doc.Text(name, target)
	doc.Protect("charge", "payment_intent")
}
