package engine

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// waitingDetail names the row that holds movements of nobody's command that came
// while one of ours, which they may belong to, was open.
const waitingDetail = "waiting"

// keepWaiting stores movements that must not be booked yet.
func keepWaiting(tx *storage.Tx, p *gateway.Payment, more []gateway.Movement) error {
	if len(more) == 0 {
		return nil
	}
	var all []gateway.Movement
	if _, err := tx.Detail(p.Store, p.ID, waitingDetail, &all); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, m := range all {
		seen[m.Key()] = true
	}
	for _, m := range more {
		if !seen[m.Key()] {
			all, seen[m.Key()] = append(all, m), true
		}
	}
	return tx.SetDetail(p.Store, p.ID, waitingDetail, all)
}

// bookWaiting books what waited once an operation has ended: what turned out to
// be ours is recorded by then, and the rest is nobody's.
func (e *Engine) bookWaiting(tx *storage.Tx, p *gateway.Payment) error {
	var all []gateway.Movement
	if found, err := tx.Detail(p.Store, p.ID, waitingDetail, &all); err != nil || !found {
		return err
	}
	if err := tx.DropDetail(p.Store, p.ID, waitingDetail); err != nil {
		return err
	}
	ops, err := tx.Operations(p.Store, p.ID)
	if err != nil {
		return err
	}
	bySource := map[gateway.Source][]gateway.Movement{}
	for _, m := range all {
		bySource[m.Source] = append(bySource[m.Source], m)
	}
	for source, movements := range bySource {
		if err := e.book(tx, p, &storage.Operation{}, ops, finding{source: source, out: gateway.Outcome{Movements: movements}}); err != nil {
			return err
		}
	}
	return nil
}
