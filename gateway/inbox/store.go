package inbox

import (
	"context"
	"sync"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// notification is what came in one call, on its way to the database.
type notification struct {
	rows  []storage.InboxItem
	trust webhook.Trust

	taken  []taken
	err    error
	stored chan struct{} // closed when taken or err is there
	lead   chan struct{} // receives when it is this one's turn to write
}

// together is how many notifications one transaction stores at most.
const together = 64

// queue holds the notifications that came while others were written: the first of
// them writes them all, in one transaction, when those are done.
type queue struct {
	mu      sync.Mutex
	writing bool
	waiting []*notification
}

// store stores a notification in a transaction, which it may share with others
// that came at the same time. An error means that it may not have been stored.
func (i *Inbox) store(ctx context.Context, n *notification) ([]taken, error) {
	n.stored, n.lead = make(chan struct{}), make(chan struct{}, 1)
	i.queue.mu.Lock()
	i.queue.waiting = append(i.queue.waiting, n)
	if !i.queue.writing {
		i.queue.writing = true
		n.lead <- struct{}{}
	}
	i.queue.mu.Unlock()
	gone := ctx.Done()
	for {
		select {
		case <-n.stored:
			return n.taken, n.err
		case <-n.lead:
			i.write(ctx)
			return n.taken, n.err
		case <-gone:
			if i.queue.leave(n) {
				return nil, gateway.Errorf(gateway.CodeUnavailable, "nothing was stored in time: %w", ctx.Err())
			}
			gone = nil // somebody writes it at this moment, or it is to write
		}
	}
}

// leave takes a notification out that nobody writes yet. It reports false when it
// is too late for that.
func (q *queue) leave(n *notification) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for at, one := range q.waiting {
		if one == n && len(n.lead) == 0 {
			q.waiting = append(q.waiting[:at], q.waiting[at+1:]...)
			return true
		}
	}
	return false
}

// write stores what waits, and hands over to the first that came meanwhile.
func (i *Inbox) write(ctx context.Context) {
	i.queue.mu.Lock()
	group := i.queue.waiting
	if len(group) > together {
		group = group[:together]
	}
	i.queue.waiting = append([]*notification(nil), i.queue.waiting[len(group):]...)
	i.queue.mu.Unlock()

	err := i.db.Update(context.WithoutCancel(ctx), func(tx *storage.Tx) error { return i.keep(tx, group) })
	for _, n := range group {
		n.err = err
		close(n.stored)
	}

	i.queue.mu.Lock()
	defer i.queue.mu.Unlock()
	if len(i.queue.waiting) > 0 {
		i.queue.waiting[0].lead <- struct{}{}
	} else {
		i.queue.writing = false
	}
}

// keep stores the events of notifications, and claims those that are to be worked
// on by whoever brought them.
func (i *Inbox) keep(tx *storage.Tx, group []*notification) error {
	var rows []storage.Told
	for _, n := range group {
		for _, row := range n.rows {
			one := storage.Told{Item: row}
			if !i.leaves(row) {
				one.Lease = i.lease(row, tx.Now())
			}
			rows = append(rows, one)
		}
	}
	items, created, err := tx.InsertInbox(rows...)
	if err != nil {
		return err
	}
	at := 0
	for _, n := range group {
		n.taken = n.taken[:0] // the transaction may run again
		for _, row := range n.rows {
			one := taken{item: items[at], later: created[at] && i.leaves(row)}
			one.mine = created[at] && !one.later && !one.item.State.Ended()
			if !created[at] {
				if err := i.again(tx, &one, row, n.trust); err != nil {
					return err
				}
			}
			n.taken = append(n.taken, one)
			at++
		}
	}
	return nil
}

// leaves reports whether an event is left to Run.
func (i *Inbox) leaves(row storage.InboxItem) bool {
	return i.cfg.Defer && row.Gate == "" && !row.State.Ended()
}

// again takes an event that was there already.
func (i *Inbox) again(tx *storage.Tx, one *taken, row storage.InboxItem, trust webhook.Trust) (err error) {
	if one.item.Digest != row.Digest && one.item.Payment != "" && trust == webhook.Proved {
		// The same id, and another story: what came first counts.
		if err := tx.AppendDiscrepancy(row.Store, one.item.Payment, "webhook", changed{one.item.Event, one.item.Kind, row.Body}); err != nil {
			return err
		}
	}
	if one.item.State == storage.InboxDone && trust == webhook.Hint && one.item.Gate == "" {
		// A hint has no identity of its own: each one is worth a look.
		// Somebody else may have done so at this moment.
		if err := tx.ReopenInbox(row.Store, row.Provider, row.Event); err != nil && gateway.CodeOf(err) != gateway.CodeConflict {
			return err
		}
		one.later = i.leaves(row)
	}
	if !i.leaves(row) {
		one.mine, err = tx.ClaimInbox(&one.item, i.lease(one.item, tx.Now()))
	}
	return err
}
