package reconcile

import (
	"encoding/json"
	"io"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// The exit codes of a program that reconciles.
const (
	ExitEqual      = 0 // both sides say the same
	ExitDifferent  = 1 // there were differences, applied or not
	ExitIncomplete = 2 // not everything could be compared: differences may be missing
)

// Kind is what sort of difference was found.
type Kind string

// The kinds of differences.
const (
	Orphan   Kind = "orphan"   // a payment with money at the provider that we do not know
	Missing  Kind = "missing"  // money of ours that the provider does not show
	Mismatch Kind = "mismatch" // both know the payment and say different things of it
)

// Report is what a comparison found.
type Report struct {
	Store    gateway.StoreID `json:"store"`
	Provider string          `json:"provider"`
	Since    time.Time       `json:"since"`
	Until    time.Time       `json:"until"`

	Resolved    int          `json:"resolved"` // operations that the engine looked after first
	Theirs      int          `json:"theirs"`   // payments that the provider showed
	Matched     int          `json:"matched"`  // of which we know
	Differences []Difference `json:"differences,omitempty"`
	Incomplete  []string     `json:"incomplete,omitempty"` // why not everything was compared
}

// Difference is one payment on which the two sides do not agree.
type Difference struct {
	Kind      Kind              `json:"kind"`
	Payment   gateway.PaymentID `json:"payment,omitempty"`   // ours
	Reference string            `json:"reference,omitempty"` // the provider's
	Amounts   []Amount          `json:"amounts,omitempty"`   // the balances that differ
	Lacking   []Line            `json:"lacking,omitempty"`   // theirs only
	Surplus   []Line            `json:"surplus,omitempty"`   // ours only
	Changed   []Change          `json:"changed,omitempty"`   // both, with different amounts
	Problems  []string          `json:"problems,omitempty"`
	Applied   []Line            `json:"applied,omitempty"` // of Lacking, what is now recorded
}

// Amount is one balance as both sides have it. The zero Money is "does not say".
type Amount struct {
	Balance string        `json:"balance"`
	Ours    gateway.Money `json:"ours"`
	Theirs  gateway.Money `json:"theirs"`
}

// Line is one movement.
type Line struct {
	Kind      gateway.MovementKind `json:"kind"`
	Reverses  gateway.MovementKind `json:"reverses,omitempty"`
	Amount    gateway.Money        `json:"amount"`
	Reference string               `json:"reference,omitempty"`
	Parent    string               `json:"parent,omitempty"`
	Operation gateway.OperationID  `json:"operation,omitempty"`
	Sequence  int                  `json:"sequence,omitempty"`
	At        time.Time            `json:"at,omitzero"`
}

// Change is one movement that both sides have, with different amounts.
type Change struct {
	Ours   Line `json:"ours"`
	Theirs Line `json:"theirs"`
}

// LineOf returns a movement as reports show it.
func LineOf(m gateway.Movement) Line {
	return Line{m.Kind, m.Reverses, m.Amount, m.Reference, m.Parent, m.Operation, m.Sequence, m.At.UTC()}
}

func lines(all []gateway.Movement) []Line {
	out := make([]Line, 0, len(all))
	for _, m := range all {
		out = append(out, LineOf(m))
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// Equal reports whether everything was compared and nothing differed.
func (r Report) Equal() bool { return r.ExitCode() == ExitEqual }

// ExitCode returns what a program should end with. Differences that were applied
// count: somebody should hear of them, and the next run is equal.
func (r Report) ExitCode() int {
	switch {
	case len(r.Incomplete) > 0:
		return ExitIncomplete
	case len(r.Differences) > 0:
		return ExitDifferent
	}
	return ExitEqual
}

// WriteJSON writes the report as one JSON object; amounts are minor units.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
