package operator

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
)

var reconcileCommand = subcommand{
	name:  "reconcile",
	short: "compare a provider's books with ours, and record what we lack",
	long: `Looks after what is due, reads the provider's payments or reports, and says
what differs: orphans (theirs only), missing (ours only) and mismatches. Exits
with 0 when both are equal, 1 when they differ, 2 when not all could be compared.`,
	run: runReconcile,
}

func runReconcile(c *call) error {
	o := reconcile.Options{Engine: c.Engine, DB: c.DB}
	var since, until string
	c.flags.StringVar(&o.Provider, "provider", "", "the provider; not needed when there is one source")
	c.flags.StringVar(&since, "since", "24h", "from when: a date, a time (RFC 3339), or how long ago (24h)")
	c.flags.StringVar(&until, "until", "", "until when, written like -since; empty means now")
	c.flags.DurationVar(&o.Lag, "lag", 0, "how long the provider may not show what took place; 0 is what its endpoint promises")
	c.flags.BoolVar(&o.Apply, "apply", false, "record what is missing on our side")
	if err := c.parse(0); err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(c.Sources))
	if o.Provider == "" && len(names) == 1 {
		o.Provider = names[0]
	}
	source, ok := c.Sources[o.Provider]
	if !ok {
		return gateway.Invalid("there are no books of provider %q to read; there are: %s", o.Provider, strings.Join(names, ", "))
	}
	o.Store, o.Source = c.Store, source
	var err error
	if o.Since, err = moment(since, c.DB.Now()); err != nil {
		return err
	}
	if until != "" {
		if o.Until, err = moment(until, c.DB.Now()); err != nil {
			return err
		}
	}
	r, err := reconcile.Reconcile(c, o)
	if err != nil {
		return err
	}
	write := r.WriteText
	if c.json {
		write = r.WriteJSON
	}
	if err := write(c.out); err != nil {
		return err
	}
	switch r.ExitCode() {
	case reconcile.ExitIncomplete:
		return errSaid
	case reconcile.ExitDifferent:
		c.found = true
	}
	return nil
}

// moment reads a date, a time, or how long ago something was.
func moment(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, gateway.Invalid("%q is no date (2026-11-21), no time (2026-11-21T12:00:00Z) and not how long ago (24h)", text)
}
