package gateway

import "time"

// ActionKind says what the shopper, or the page the shopper is on, must do next.
type ActionKind string

// The kinds of actions.
const (
	ActionRedirect  ActionKind = "redirect"  // send the shopper to URL
	ActionIframe    ActionKind = "iframe"    // show URL in a frame and keep waiting
	ActionForm      ActionKind = "form"      // post Fields to URL from the shopper's browser
	ActionHTML      ActionKind = "html"      // show HTML, a fragment made by the provider
	ActionChallenge ActionKind = "challenge" // run the provider's 3-D Secure component with Fields
	ActionDisplay   ActionKind = "display"   // show Fields: a code, a voucher, bank details
	ActionSDK       ActionKind = "sdk"       // hand Fields to the provider's browser SDK
	ActionWait      ActionKind = "wait"      // nothing to do; the shopper acts elsewhere (an app)
)

// Action is what must happen before a payment can go on.
type Action struct {
	Kind    ActionKind
	URL     string
	Method  string            // for ActionForm; "" is POST
	Fields  map[string]string // name → value
	HTML    string            // for ActionHTML: trusted as far as the provider is
	Expires time.Time         // zero when the provider does not say
}

// Expired reports whether the action can no longer be taken at the given time.
func (a *Action) Expired(now time.Time) bool {
	return a != nil && !a.Expires.IsZero() && !now.Before(a.Expires)
}
