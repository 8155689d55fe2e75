package reconcile

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
)

// WriteText writes the report for people.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of store %s, from %s to %s\n", r.Provider, r.Store, r.Since.UTC().Format(time.RFC3339), r.Until.UTC().Format(time.RFC3339))
	fmt.Fprintf(&b, "%d payments there, %d known here, %d due operations looked after first\n", r.Theirs, r.Matched, r.Resolved)
	for _, d := range r.Differences {
		d.write(&b)
	}
	for _, why := range r.Incomplete {
		fmt.Fprintf(&b, "incomplete: %s\n", why)
	}
	switch r.ExitCode() {
	case ExitEqual:
		b.WriteString("equal\n")
	case ExitDifferent:
		fmt.Fprintf(&b, "%d different\n", len(r.Differences))
	default:
		fmt.Fprintf(&b, "incomplete, %d different so far\n", len(r.Differences))
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

func (d Difference) write(b *strings.Builder) {
	fmt.Fprintf(b, "%s", d.Kind)
	if d.Payment != "" {
		fmt.Fprintf(b, " %s", d.Payment)
	}
	if d.Reference != "" {
		fmt.Fprintf(b, " (theirs: %s)", d.Reference)
	}
	b.WriteByte('\n')
	for _, a := range d.Amounts {
		fmt.Fprintf(b, "    %s: ours %s, theirs %s\n", a.Balance, a.Ours, a.Theirs)
	}
	for _, c := range d.Changed {
		fmt.Fprintf(b, "    differs:     ours %s; theirs %s\n", c.Ours, c.Theirs)
	}
	for _, l := range d.Lacking {
		note := ""
		if slices.Contains(d.Applied, l) {
			note = ", now recorded"
		}
		fmt.Fprintf(b, "    theirs only: %s%s\n", l, note)
	}
	for _, l := range d.Surplus {
		fmt.Fprintf(b, "    ours only:   %s\n", l)
	}
	for _, p := range d.Problems {
		fmt.Fprintf(b, "    %s\n", p)
	}
}

// String returns the movement for people.
func (l Line) String() string {
	text := string(l.Kind)
	if l.Reverses != "" {
		text += " of a " + string(l.Reverses)
	}
	text += " " + l.Amount.String()
	if l.Reference != "" {
		text += " " + l.Reference
	}
	if l.Operation != "" {
		text += " by " + string(l.Operation)
	}
	if !l.At.IsZero() {
		text += " at " + l.At.Format(time.RFC3339)
	}
	return text
}

// printable keeps what a provider wrote from steering somebody's terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
