package storage

import (
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Subscription is a subscriber of events as the database knows it.
type Subscription struct {
	Name    string
	Kinds   []string          // patterns: "money.capture", "money.*" or "*"; empty means all
	Stores  []gateway.StoreID // empty means all
	Since   time.Time         // it gets what was created from then on
	Behind  bool              // it waits until it was given what is older than its registration
	Parked  time.Time         // since when it is told nothing; zero: it is told
	Failure string            // why it is parked
}

// Wants reports whether an event is one that the subscription asks for.
func (s Subscription) Wants(e Event) bool {
	return !e.Created.Before(s.Since) && s.asks(e.Store, e.Kind)
}

func (s Subscription) asks(store gateway.StoreID, kind string) bool {
	if len(s.Stores) > 0 && !slices.Contains(s.Stores, store) {
		return false
	}
	return len(s.Kinds) == 0 || slices.ContainsFunc(s.Kinds, func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return kind == pattern || open && strings.HasPrefix(kind, prefix)
	})
}

// turn waits until nobody else shares events out, and keeps others from it until
// the transaction ends. What follows in it sees everything that they committed.
func (tx *Tx) turn() error {
	return tx.one("the outbox", `UPDATE outbox_turn SET turns = turns + 1 WHERE id = 1`)
}

// Subscribe registers a subscriber by its name. A new one gets the events that
// are created from now on, or, when fromBeginning says so, those that are there
// already too; for one that is known only its kinds and stores change. What it
// has not been told yet and no longer asks for is skipped.
func (tx *Tx) Subscribe(s Subscription, fromBeginning bool) error {
	kinds, err := json.Marshal(append([]string{}, s.Kinds...))
	if err != nil {
		return err
	}
	stores, err := json.Marshal(append([]gateway.StoreID{}, s.Stores...))
	if err != nil {
		return err
	}
	since, backfill := micro(tx.now), sql.NullString{}
	if fromBeginning {
		since, backfill.Valid = 0, true
	}
	if err := tx.turn(); err != nil {
		return err
	}
	if _, err := tx.exec(`INSERT INTO subscriber (name, kinds, stores, since_us, backfill, updated_us) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (name) DO UPDATE SET kinds = excluded.kinds, stores = excluded.stores, updated_us = excluded.updated_us`,
		s.Name, string(kinds), string(stores), since, backfill, micro(tx.now)); err != nil {
		return err
	}
	return tx.skipUnwanted(s)
}

// skipUnwanted skips what a subscriber was to be told and no longer asks for: it
// would hold back what comes after it for ever.
func (tx *Tx) skipUnwanted(s Subscription) error {
	type sort struct {
		store gateway.StoreID
		kind  string
	}
	var unwanted []sort
	err := tx.each(func(row Row) error {
		var one sort
		err := row.Scan(&one.store, &one.kind)
		if !s.asks(one.store, one.kind) {
			unwanted = append(unwanted, one)
		}
		return err
	}, `SELECT DISTINCT d.store, e.kind FROM delivery d JOIN outbox e ON e.id = d.event WHERE d.subscriber = $1 AND d.state IN ('pending', 'parked')`, s.Name)
	if err != nil {
		return err
	}
	for _, one := range unwanted {
		if _, err := tx.skip(`subscriber = $2 AND store = $3 AND event IN (SELECT id FROM outbox WHERE kind = $4)`, s.Name, one.store, one.kind); err != nil {
			return err
		}
	}
	return nil
}

// Subscriptions returns every registered subscriber, by name.
func (tx *Tx) Subscriptions() ([]Subscription, error) { return tx.subscriptions(``) }

func (tx *Tx) subscriptions(where string, args ...any) (all []Subscription, err error) {
	err = tx.each(func(row Row) error {
		var s Subscription
		var kinds, stores string
		var since int64
		var parked sql.NullInt64
		if err := row.Scan(&s.Name, &kinds, &stores, &since, &s.Behind, &parked, &s.Failure); err != nil {
			return err
		}
		s.Since, s.Parked = fromMicro(since), timeOrZero(parked)
		all = append(all, s)
		last := &all[len(all)-1]
		return errors.Join(json.Unmarshal([]byte(kinds), &last.Kinds), json.Unmarshal([]byte(stores), &last.Stores))
	}, `SELECT name, kinds, stores, since_us, backfill IS NOT NULL, parked_us, failure FROM subscriber `+where+` ORDER BY name`, args...)
	return all, err
}

// ParkSubscription stops telling a subscriber anything, and says why. What
// happens meanwhile is kept for it.
func (tx *Tx) ParkSubscription(name, failure string) error {
	n, err := tx.exec(`UPDATE subscriber SET parked_us = $1, failure = $2, updated_us = $3 WHERE name = $4`, micro(tx.now), failure, micro(tx.now), name)
	return known(n, err, name)
}

// ResumeSubscription tells a parked subscriber again, from where it stopped.
func (tx *Tx) ResumeSubscription(name string) error {
	n, err := tx.exec(`UPDATE subscriber SET parked_us = NULL, failure = '', updated_us = $1 WHERE name = $2`, micro(tx.now), name)
	return known(n, err, name)
}

func known(n int64, err error, name string) error {
	if err == nil && n == 0 {
		err = gateway.Errorf(gateway.CodeNotFound, "there is no subscriber %q", name)
	}
	return err
}

// RemoveSubscription forgets a subscriber and at most limit of its deliveries,
// and reports whether anything of it is left: call it until nothing is. The first
// call parks it.
func (tx *Tx) RemoveSubscription(name string, limit int) (left bool, err error) {
	if err := tx.turn(); err != nil {
		return false, err
	}
	if err := tx.ParkSubscription(name, "it is being removed"); err != nil {
		return false, err
	}
	var open []string
	deleted := 0
	err = tx.each(func(row Row) error {
		var event string
		var state DeliveryState
		err := row.Scan(&event, &state)
		if state.Open() {
			open = append(open, event)
		}
		deleted++
		return err
	}, `DELETE FROM delivery WHERE subscriber = $1 AND event IN (SELECT event FROM delivery WHERE subscriber = $1 ORDER BY event LIMIT $2) RETURNING event, state`, name, limit)
	if err != nil {
		return false, err
	}
	for _, event := range open {
		if err := tx.told(event); err != nil {
			return false, err
		}
	}
	if deleted == limit {
		return true, nil
	}
	_, err = tx.exec(`DELETE FROM subscriber WHERE name = $1`, name)
	return false, err
}
