package operator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

var doctorCommand = subcommand{
	name:  "doctor",
	short: "check what payments rest on",
	long: `Checks that the database answers and has the schema that this program needs, that
somebody looks after what is due, that no operation has been unknown for more than
a day, that nothing is parked, that no discrepancy is open, that background tasks are
not failing, that what providers told us is not left lying, that whoever subscribed
to events is told them, and that every error code of a provider is known; tasks and
codes where the application has them. Exits with 1 when a check fails.`,
	run: runDoctor,
}

// overdue is how long an operation may be due before nobody seems to look: the
// resolver should run every few seconds.
const overdue = 15 * time.Minute

// check is one thing that was looked at.
type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

func runDoctor(c *call) error {
	if err := c.parse(0); err != nil {
		return err
	}
	checks := c.examine()
	well := !slices.ContainsFunc(checks, func(k check) bool { return !k.OK })
	c.found = !well
	if c.json {
		return c.write(map[string]any{"ok": well, "checks": checks})
	}
	for _, k := range checks {
		word := "ok  "
		if !k.OK {
			word = "FAIL"
		}
		c.say("%s %s", word, k.Name)
		if k.Detail != "" {
			c.say(": %s", k.Detail)
		}
		c.say("\n")
	}
	return nil
}

func (c *call) examine() (all []check) {
	add := func(name string, ok bool, detail string) { all = append(all, check{name, ok, detail}) }
	now := c.DB.Now()
	var have, want int64
	err := c.view(func(tx *storage.Tx) (err error) { have, want, err = tx.SchemaVersion(); return err })
	if err != nil {
		add("database", false, err.Error())
		return all // nothing else can be asked
	}
	add("database", true, "")
	add("schema", have >= want, fmt.Sprintf("version %d, this program needs %d", have, want))

	ask := func(name string, q storage.OperationQuery, say func([]storage.Operation) (bool, string)) {
		var ops []storage.Operation
		if err := c.view(func(tx *storage.Tx) (err error) { ops, err = tx.OperationsWhere(c.Store, q); return err }); err != nil {
			add(name, false, err.Error())
			return
		}
		ok, detail := say(ops)
		add(name, ok, detail)
	}
	ask("due operations", storage.OperationQuery{Due: now, Limit: 1}, func(ops []storage.Operation) (bool, string) {
		if len(ops) == 0 {
			return true, "none"
		}
		o := ops[0]
		since := o.NextCheck
		if since.IsZero() || since.After(now) { // its sender is believed dead
			since = o.Updated
		}
		late := now.Sub(since).Truncate(time.Second)
		return late < overdue, fmt.Sprintf("the oldest, %s, for %s: a resolver should look every few seconds", o.ID, late)
	})
	ask("unknown for a day", storage.OperationQuery{States: []gateway.OperationState{gateway.StateUnknown}, Before: now.Add(-24 * time.Hour)}, few)
	ask("parked", storage.OperationQuery{States: []gateway.OperationState{gateway.StateParked}}, few)

	var odd []storage.Discrepancy
	if err := c.view(func(tx *storage.Tx) (err error) { odd, err = tx.OpenDiscrepancies(c.Store, 0); return err }); err != nil {
		add("discrepancies", false, err.Error())
	} else {
		detail := "none"
		if len(odd) > 0 {
			detail = fmt.Sprintf("%d open, the oldest of payment %s", len(odd), odd[0].Payment)
		}
		add("discrepancies", len(odd) == 0, detail)
	}
	if c.Tasks != nil {
		if h, err := c.Tasks.Health(c, c.Store); err != nil {
			add("tasks", false, err.Error())
		} else {
			add("tasks", !unwell(h), fmt.Sprintf("%s: %d failed, %d long-running, %d waiting", h.Verdict, h.Count[task.Failed], h.LongRunning, h.Count[task.Queued]))
		}
	}
	c.examineNews(add)
	if c.Unmapped != nil {
		counts := c.Unmapped()
		var said []string
		for _, code := range slices.Sorted(maps.Keys(counts)) {
			said = append(said, fmt.Sprintf("%q %d times", code, counts[code]))
		}
		add("error codes", len(said) == 0, strings.Join(said, ", "))
	}
	return all
}

// examineNews looks at what comes in from providers and what goes out to subscribers.
func (c *call) examineNews(add func(name string, ok bool, detail string)) {
	now := c.DB.Now()
	var left, total int
	var backlogs []storage.Backlog
	err := c.view(func(tx *storage.Tx) error {
		for _, state := range unended {
			items, err := tx.Inbox(c.Store, storage.InboxQuery{State: state})
			if err != nil {
				return err
			}
			for _, i := range items {
				total++
				// One that waits for its payment may do so; the others have their turn soon.
				if state != storage.InboxWaiting && now.Sub(i.Received) > overdue {
					left++
				}
			}
		}
		var err error
		backlogs, err = tx.Backlogs()
		return err
	})
	if err != nil {
		add("notifications", false, err.Error())
		return
	}
	add("notifications", left == 0, fmt.Sprintf("%d open, %d of them for more than %s that wait for nothing", total, left, overdue))
	var said []string
	for _, b := range backlogs {
		if unheard(b) || !b.Oldest.IsZero() && now.Sub(b.Oldest) > overdue {
			said = append(said, backlogView{b.Name, b.Pending, b.Parked, b.Oldest, b.Subscription.Parked, b.Failure}.String())
		}
	}
	add("deliveries", len(said) == 0, strings.Join(said, "; "))
}

// few fails when there is an operation, and names the first ones.
func few(ops []storage.Operation) (bool, string) {
	if len(ops) == 0 {
		return true, "none"
	}
	var ids []string
	for _, o := range ops[:min(len(ops), 5)] {
		ids = append(ids, string(o.ID))
	}
	return false, fmt.Sprintf("%d: %s", len(ops), strings.Join(ids, ", "))
}
