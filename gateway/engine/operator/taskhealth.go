package operator

import (
	"maps"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// taskHealth judges the store's queues.
func (c *call) taskHealth() error {
	h, err := c.Tasks.Health(c, c.Store)
	if err != nil {
		return err
	}
	c.found = unwell(h)
	if c.json {
		return c.write(map[string]any{"health": h.Verdict, "count": h.Count, "long_running": h.LongRunning, "failed_kinds": h.FailedKinds, "retries": h.Retries})
	}
	c.say("%s\n", h.Verdict)
	for _, s := range task.States() {
		c.say("%6d %s\n", h.Count[s], s)
	}
	c.say("%6d run for more than %s\n", h.LongRunning, task.LongRunning)
	for _, kind := range slices.Sorted(maps.Keys(h.FailedKinds)) {
		c.say("%6d failed: %s\n", h.FailedKinds[kind], kind)
	}
	for _, n := range slices.Sorted(maps.Keys(h.Retries)) {
		if n > 0 {
			c.say("%6d with %d failed attempts\n", h.Retries[n], n)
		}
	}
	return nil
}

// unwell reports whether somebody should look: a queue that is only busy helps itself.
func unwell(h task.Health) bool {
	return h.Verdict == task.VerdictCritical || h.Verdict == task.VerdictWarning
}
