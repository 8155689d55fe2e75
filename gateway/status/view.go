package status

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Word says in one word how a payment stands for its shopper.
type Word string

// The words. The last three are terminal: the shopper has nothing to wait for.
const (
	WordNew            Word = "new"             // nobody has begun to pay
	WordProcessing     Word = "processing"      // the shop, the provider or the bank is at work, or finding out
	WordActionRequired Word = "action_required" // the shopper must act; without an action: choose again how to pay
	WordSucceeded      Word = "succeeded"       // the money is held or taken, or the instrument stored
	WordFailed         Word = "failed"          // certainly nothing was paid
	WordCancelled      Word = "cancelled"       // ended before it was paid, or all of it released
)

// Terminal reports whether waiting is over.
func (w Word) Terminal() bool { return w == WordSucceeded || w == WordFailed || w == WordCancelled }

// View is what a shopper is told of a payment.
type View struct {
	Status   Word                  `json:"status"`
	Payment  gateway.PaymentStatus `json:"payment"` // the headline of the balances
	Phase    string                `json:"phase,omitempty"`
	Message  string                `json:"message"` // safe to show
	Action   *Action               `json:"action,omitempty"`
	Terminal bool                  `json:"terminal"`
	Version  string                `json:"version"` // of all the above
}

// Action is what the shopper must do, or the page for the shopper.
type Action struct {
	ID      string             `json:"id,omitempty"` // the same for the same thing to do, whatever else changes: it is done once
	Kind    gateway.ActionKind `json:"kind"`
	URL     string             `json:"url,omitempty"`
	Method  string             `json:"method,omitempty"`
	Fields  map[string]string  `json:"fields,omitempty"`
	HTML    string             `json:"html,omitempty"`
	Expires *time.Time         `json:"expires,omitempty"`
}

// Code is the status for clients that compare statuses (GET /status): the phase
// while the flow has one, else the word, with the kind of action where one is needed.
func (v View) Code() string {
	switch {
	case v.Terminal || v.Phase == "" && v.Action == nil:
		return string(v.Status)
	case v.Phase != "":
		return v.Phase
	}
	return string(v.Status) + "." + string(v.Action.Kind)
}

// begins are the operations that a shopper waits for.
var begins = []gateway.Operation{gateway.OpAuthorize, gateway.OpPurchase, gateway.OpVerify, gateway.OpImport}

// read reads a payment and what a shopper may know of it.
func (s *Service) read(ctx context.Context, key storage.PaymentKey) (v View, version int64, err error) {
	err = s.cfg.Storage.View(ctx, func(tx *storage.Tx) error {
		p, err := tx.Payment(key.Store, key.Payment)
		if err != nil {
			return err
		}
		all, err := tx.Operations(key.Store, key.Payment)
		if err != nil {
			return err
		}
		version = p.Version
		v = s.view(p, all, tx.Now())
		return nil
	})
	return v, version, err
}

// view derives what is told of a payment and its operations, oldest first.
func (s *Service) view(p gateway.Payment, all []storage.Operation, now time.Time) View {
	v := View{Status: WordNew, Payment: p.Status(), Phase: p.Phase}
	var action *gateway.Action
	if at := lastOf(all, begins...); at >= 0 {
		lead := all[at]
		action, v.Message = lead.Action, lead.Message
		switch lead.State {
		case gateway.StateSucceeded:
			v.Status = WordSucceeded
		case gateway.StateFailed:
			v.Status = WordFailed
		case gateway.StateCancelled:
			v.Status = WordCancelled
		case gateway.StateActionRequired:
			v.Status = WordActionRequired
			// Going on is an operation of its own, and may ask for more.
			if next := lastOf(all[at+1:], gateway.OpContinue); next >= 0 {
				if o := all[at+1+next]; !o.State.Terminal() {
					action, v.Message = o.Action, o.Message
					if o.State != gateway.StateActionRequired {
						v.Status = WordProcessing
					}
				}
			}
		default:
			v.Status = WordProcessing
		}
	}
	// Money says more than operations: it may come late, or from elsewhere.
	if v.Status == WordNew || v.Status.Terminal() {
		switch v.Payment {
		case gateway.PaymentNew:
		case gateway.PaymentVoided:
			v.Status = WordCancelled
		default:
			v.Status = WordSucceeded
		}
	}
	v.Terminal = v.Status.Terminal()
	if !v.Terminal && action != nil && !action.Expired(now) {
		v.Action = s.action(*action)
	}
	if v.Message == "" || v.Status == WordSucceeded {
		v.Message = messages[v.Status]
	}
	if s.cfg.Message != nil {
		v.Message = s.cfg.Message(v)
	}
	v.Version = digest(v)
	return v
}

// messages are what a shopper reads when nobody says it better.
var messages = map[Word]string{
	WordNew:            "Your payment has not begun yet.",
	WordProcessing:     "Your payment is being processed.",
	WordActionRequired: "Please go on with your payment.",
	WordSucceeded:      "Thank you, your payment is complete.",
	WordFailed:         "Your payment did not go through. Nothing was charged.",
	WordCancelled:      "Your payment was cancelled.",
}

func lastOf(all []storage.Operation, kinds ...gateway.Operation) int {
	for i, o := range slices.Backward(all) {
		if slices.Contains(kinds, o.Kind) {
			return i
		}
	}
	return -1
}

// action returns what is told of an action. An address that a browser would run
// and not visit is not passed on, wherever it came from.
func (s *Service) action(a gateway.Action) *Action {
	if a.URL != "" && !s.visitable(a.URL) {
		s.cfg.Log.Error("an action was kept from the shopper: its URL has a scheme that is not allowed", "kind", a.Kind)
		return nil
	}
	told := &Action{Kind: a.Kind, URL: a.URL, Method: a.Method, Fields: a.Fields, HTML: a.HTML}
	told.ID = short(told)
	if !a.Expires.IsZero() {
		at := a.Expires.UTC()
		told.Expires = &at
	}
	return told
}

func (s *Service) visitable(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	scheme := strings.ToLower(u.Scheme)
	return (scheme == "https" || scheme == "http") && u.Host != "" || slices.Contains(s.cfg.Schemes, scheme)
}

// digest is the version of a view: of what it says, not of when it changed, so
// that all processes agree.
func digest(v View) string {
	v.Version = ""
	return short(v)
}

// short is a digest of what is told.
func short(told any) string {
	raw, _ := json.Marshal(told) //nolint:errchkjson // our own structs of texts always marshal
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
