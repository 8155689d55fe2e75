package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// channel is the one on which processes tell each other what changed.
const channel = "gatewaycommand_changes"

// PostgreSQL takes payloads of less than 8,000 bytes, and a process keeps so
// many keys at most: beyond, it says that anything may have changed.
const (
	maxPayload = 7900
	maxPending = 10_000
)

// sendTimeout bounds one word to the others; should it fail, they look by themselves.
const sendTimeout = 10 * time.Second

// word is what travels: who says it, and which payments changed; none means any.
type word struct {
	From string      `json:"f"`
	Keys [][2]string `json:"k,omitempty"`
}

// announcer tells other processes what changed. Word goes out after the commit,
// in a transaction of its own and many payments at a time: NOTIFY takes a lock on
// the whole database until its commit, and fails the transaction when the queue
// is full, and neither may happen to one that moves money.
type announcer struct {
	db   *sql.DB
	from string // this process, so that it does not hear itself

	mu      sync.Mutex
	pending map[storage.PaymentKey]bool
	all     bool // more than pending may hold
	sending bool
	closed  bool
	idle    sync.WaitGroup
}

func newAnnouncer(db *sql.DB) *announcer {
	return &announcer{db: db, from: rand.Text(), pending: map[storage.PaymentKey]bool{}}
}

func (a *announcer) announce(changed []storage.PaymentKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	if len(a.pending)+len(changed) > maxPending {
		clear(a.pending)
		a.all = true
	}
	if !a.all {
		for _, k := range changed {
			a.pending[k] = true
		}
	}
	if !a.sending {
		a.sending = true
		a.idle.Go(a.send)
	}
}

// send sends until nothing is left to be said.
func (a *announcer) send() {
	for {
		a.mu.Lock()
		if len(a.pending) == 0 && !a.all {
			a.sending = false
			a.mu.Unlock()
			return
		}
		keys, all := slices.Collect(maps.Keys(a.pending)), a.all
		clear(a.pending)
		a.all = false
		a.mu.Unlock()
		if all {
			keys = nil
		}
		a.say(payloads(a.from, keys))
	}
}

// say sends payloads in one transaction. It need not be durable.
func (a *announcer) say(list []string) {
	ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	raw, err := json.Marshal(list)
	if err != nil {
		return
	}
	// What fails is not said again: whoever follows looks now and then.
	_, _ = a.db.ExecContext(ctx, `SELECT set_config('synchronous_commit', 'off', true), (SELECT COUNT(pg_notify($1, p)) FROM jsonb_array_elements_text($2::jsonb) AS p)`, channel, string(raw))
}

// close waits for what is being said.
func (a *announcer) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.idle.Wait()
}

// payloads writes keys into as few payloads as they fit in. No keys mean any payment.
func payloads(from string, keys []storage.PaymentKey) (list []string) {
	w := word{From: from}
	size := 0
	flush := func() {
		raw, _ := json.Marshal(w) //nolint:errchkjson // strings always marshal
		list = append(list, string(raw))
		w.Keys, size = nil, 0
	}
	for _, k := range keys {
		raw, _ := json.Marshal(k) //nolint:errchkjson // strings always marshal
		if len(raw) > maxPayload-200 {
			return payloads(from, nil)
		}
		if size += len(raw); size > maxPayload-200 {
			flush()
			size = len(raw)
		}
		w.Keys = append(w.Keys, [2]string{string(k.Store), string(k.Payment)})
	}
	if len(w.Keys) > 0 || len(keys) == 0 {
		flush()
	}
	return list
}

func (d driver) Announce(changed []storage.PaymentKey) {
	if d.announcer != nil {
		d.announce(changed)
	}
}

// Follow keeps one connection of its own, besides those of the pool.
func (d driver) Follow(ctx context.Context, heard func([]storage.PaymentKey)) error {
	pause := backoff.NewExponentialBackOff() // spread, so that not all processes come back at once
	pause.InitialInterval, pause.MaxInterval = time.Second, 30*time.Second
	for ctx.Err() == nil {
		if d.listen(ctx, heard, pause.Reset) == nil {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause.NextBackOff()):
		}
	}
	return nil
}

// listen listens on one connection until that ends.
func (d driver) listen(ctx context.Context, heard func([]storage.PaymentKey), up func()) error {
	conn, err := pgx.ConnectConfig(ctx, d.config.Copy())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it ends either way
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	up()
	heard(nil) // what was said while nobody listened
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		var w word
		if json.Unmarshal([]byte(n.Payload), &w) != nil || w.From == "" {
			heard(nil) // said by a newer version
			continue
		}
		if d.announcer != nil && w.From == d.from {
			continue
		}
		keys := make([]storage.PaymentKey, len(w.Keys))
		for i, k := range w.Keys {
			keys[i].Store, keys[i].Payment = gateway.StoreID(k[0]), gateway.PaymentID(k[1])
		}
		if len(keys) == 0 {
			keys = nil
		}
		heard(keys)
	}
}
