package operator

import (
	"slices"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

var tasksCommand = subcommand{
	name:  "tasks",
	args:  " [show task | retry task | release task | abort task | health]",
	short: "list background tasks, retry or abort one, judge their health",
	long: `Lists the store's background tasks, the newest change first, or with
-oldest the oldest. With a word more:
  show task     one item with its failures and children; its payload is not shown
  retry task    queues a failed one again with fresh retries, and nothing else
  release task  queues one that was held when it was made
  abort task    ends one for ever, and its children; its parent fails
  health        counts and judges them: exits with 1 for WARNING and CRITICAL
Flags stand before the word.`,
	run: runTasks,
}

func runTasks(c *call) error {
	var f task.Filter
	var state string
	c.flags.StringVar(&state, "state", "", "only in this state")
	c.flags.StringVar(&f.Queue, "queue", "", "only of this queue")
	c.flags.StringVar(&f.Kind, "kind", "", "only of this kind")
	c.flags.StringVar(&f.Context, "context", "", "only of this context")
	c.flags.BoolVar(&f.Retryable, "retryable", false, "only failed ones with retries left")
	c.flags.Int64Var(&f.Retries, "retries", 0, "only those of which at least so many attempts failed")
	c.flags.BoolVar(&f.Oldest, "oldest", false, "the oldest change first")
	long := c.flags.Bool("long", false, "only those that run for more than 300 s")
	c.flags.IntVar(&f.Limit, "limit", 50, "how many at most")
	if err := c.parse(2); err != nil {
		return err
	}
	if c.Tasks == nil {
		return gateway.Errorf(gateway.CodeUnsupported, "the application gave no Tasks: set operator.Config.Tasks to its task queue")
	}
	f.State = task.State(state)
	if state != "" && !slices.Contains(task.States(), f.State) {
		return gateway.Invalid("%q is no state of a task; there are %v", state, task.States())
	}
	if *long {
		f.LongRunning = task.LongRunning
	}
	word, id := c.flags.Arg(0), task.ID(c.flags.Arg(1))
	alone := word == "" || word == "health"
	switch {
	case !alone && id == "":
		return gateway.Invalid("say which task: %s task_…", word)
	case alone && id != "":
		return gateway.Invalid("%q is one argument too many", id)
	}
	switch word {
	case "":
		return c.listTasks(f)
	case "show":
		return c.showTask(id)
	case "retry":
		return c.retryTask(id)
	case "release":
		if err := c.Tasks.Release(c, c.Store, id); err != nil {
			return err
		}
		return c.showTask(id)
	case "abort":
		if err := c.Tasks.Abort(c, c.Store, id); err != nil {
			return err
		}
		return c.showTask(id)
	case "health":
		return c.taskHealth()
	}
	return gateway.Invalid("%q is nothing that can be done with tasks: show, retry, release, abort or health", word)
}

// taskView is what is shown of a task: no payload, which may name persons.
type taskView struct {
	ID         task.ID    `json:"id"`
	Kind       string     `json:"kind"`
	Queue      string     `json:"queue"`
	Context    string     `json:"context,omitempty"`
	State      task.State `json:"state"`
	Priority   int64      `json:"priority"`
	Progress   int64      `json:"progress_basis_points"`
	Attempt    int64      `json:"attempt"`
	Retries    int64      `json:"retries"`
	MaxRetries int64      `json:"max_retries"`
	Failure    string     `json:"failure,omitempty"`
	Key        string     `json:"key,omitempty"`
	Parent     task.ID    `json:"parent,omitempty"`
	Created    time.Time  `json:"created"`
	Earliest   time.Time  `json:"earliest,omitzero"`
	Started    time.Time  `json:"started,omitzero"`
	Finished   time.Time  `json:"finished,omitzero"`
	Updated    time.Time  `json:"updated"`
	Children   []taskView `json:"children,omitempty"`
}

func viewTask(i task.Item) taskView {
	return taskView{
		ID: i.ID, Kind: i.Kind, Queue: i.Queue, Context: i.Context, State: i.State, Priority: int64(i.Priority), Progress: i.Progress, Attempt: i.Attempt,
		Retries: i.Retries, MaxRetries: i.MaxRetries, Failure: i.Failure, Key: i.Key, Parent: i.Parent,
		Created: i.Created, Earliest: i.Earliest, Started: i.Started, Finished: i.Finished, Updated: i.Updated,
	}
}

func (c *call) sayTask(v taskView) {
	c.say("%s %s %s", v.ID, v.State, v.Kind)
	if v.Queue != v.Kind {
		c.say(" in %s", v.Queue)
	}
	if v.Context != "" {
		c.say(" (%s)", v.Context)
	}
	c.say(", %d.%02d %% done, %d of %d retries, since %s\n", v.Progress/100, v.Progress%100, v.Retries, v.MaxRetries, v.Updated.Format(time.RFC3339))
}

func (c *call) listTasks(f task.Filter) error {
	items, err := c.Tasks.List(c, c.Store, f)
	if err != nil {
		return err
	}
	all := make([]taskView, len(items))
	for i, item := range items {
		all[i] = viewTask(item)
	}
	if c.json {
		return c.write(map[string]any{"tasks": all})
	}
	for _, v := range all {
		c.sayTask(v)
	}
	c.say("%d tasks\n", len(all))
	return nil
}

func (c *call) findTask(id task.ID) (task.Item, error) {
	item, found, err := c.Tasks.Find(c, c.Store, id)
	if err == nil && !found {
		err = gateway.Errorf(gateway.CodeNotFound, "there is no task %s in store %s", id, c.Store)
	}
	return item, err
}

func (c *call) showTask(id task.ID) error {
	item, err := c.findTask(id)
	if err != nil {
		return err
	}
	v := viewTask(item)
	children, err := c.Tasks.List(c, c.Store, task.Filter{Parent: id, Limit: 1000})
	if err != nil {
		return err
	}
	for _, child := range children {
		v.Children = append(v.Children, viewTask(child))
	}
	if c.json {
		return c.write(v)
	}
	c.sayTask(v)
	for _, at := range []struct {
		name string
		time time.Time
	}{{"created", v.Created}, {"not before", v.Earliest}, {"started", v.Started}, {"finished", v.Finished}} {
		if !at.time.IsZero() {
			c.say("  %-10s %s\n", at.name, at.time.Format(time.RFC3339))
		}
	}
	c.say("%s", v.Failure) // a line for each
	for _, child := range v.Children {
		c.say("  child ")
		c.sayTask(child)
	}
	return nil
}

// retryTask queues a failed task again: one that a person names, and no other state.
func (c *call) retryTask(id task.ID) error {
	item, err := c.findTask(id)
	if err != nil {
		return err
	}
	retried, err := c.Tasks.Retry(c, c.Store, id)
	if err != nil {
		return err
	}
	if !retried {
		return gateway.Errorf(gateway.CodeConflict, "task %s is %s: only a failed one is retried", id, item.State)
	}
	return c.showTask(id)
}
