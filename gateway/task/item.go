package task

import (
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// ID names an item within its store.
type ID string

// State is where an item stands.
type State string

// The states.
const (
	Created    State = "created"     // stored, held until Release
	Queued     State = "queued"      // waits for a worker
	InProgress State = "in_progress" // runs, or waits for its children
	Completed  State = "completed"   // terminal
	Failed     State = "failed"      // ended, until an operator retries it
	Aborted    State = "aborted"     // terminal, unless its parent is retried
)

// States lists every state, in the order of a life.
func States() []State { return []State{Created, Queued, InProgress, Completed, Failed, Aborted} }

var next = map[State][]State{
	Created:    {Queued, Failed, Aborted}, // failed: by a child's failure
	Queued:     {InProgress, Failed, Aborted},
	InProgress: {Queued, Completed, Failed, Aborted},
	Failed:     {Queued},
}

// CanBecome reports whether an item may go from s to another state.
func (s State) CanBecome(to State) bool {
	for _, n := range next[s] {
		if n == to {
			return true
		}
	}
	return false
}

// Ended reports whether nothing more happens to an item by itself.
func (s State) Ended() bool { return s == Completed || s == Failed || s == Aborted }

// Illegal returns the [gateway.CodeConflict] error for a transition that is not allowed.
func Illegal(id ID, from, to State) error {
	return gateway.Errorf(gateway.CodeConflict, "task %s: illegal state transition from %q to %q", id, from, to)
}

// Priority orders the items of all queues: higher ones start first.
type Priority int64

// The priorities. The zero value means Normal.
const (
	Low    Priority = 1    // maintenance, and reporting that can wait
	Normal Priority = 100  // reporting, synchronisation
	High   Priority = 1000 // webhooks, order updates
)

// The queues that the library itself uses. Applications add their own names.
const (
	QueueWebhooks  = "webhooks"   // always High; context "webhook-<ref>"
	QueueOrderSync = "order-sync" // context "bulk-operation"
	QueueReporting = "reporting"  // context "report-<merchant>"
)

// Whole is a finished task's progress, in basis points.
const Whole = 10_000

// Item is one task as it is stored. It is a copy: changing it changes nothing.
type Item struct {
	Store    gateway.StoreID
	ID       ID
	Kind     string
	Queue    string
	Context  string // for filtering only
	Payload  []byte // JSON
	Priority Priority
	State    State
	Key      string
	Serial   bool
	Parent   ID // "": none
	Weight   int64

	Progress   int64 // basis points, 0 to Whole
	Attempt    int64 // how often it was claimed; it fences the worker's writes
	Retries    int64 // how many attempts failed since it was enqueued or retried by an operator
	MaxRetries int64
	Failure    string // one line "Attempt n: …" for each failure

	Earliest time.Time // it does not start before
	Created  time.Time
	Queued   time.Time // zero: never; retries keep it
	Started  time.Time // zero: not running
	Finished time.Time // zero: not ended
	Lease    time.Time // until when its worker is believed alive; zero: none runs it
	Updated  time.Time
}

// Waiting reports whether the item's own work is done and its children's is not.
func (i Item) Waiting() bool { return i.State == InProgress && i.Lease.IsZero() }
