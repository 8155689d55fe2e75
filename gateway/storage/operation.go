package storage

import (
	"database/sql"
	"encoding/json"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
)

// Operation is one caller's command on a payment.
type Operation struct {
	Store       gateway.StoreID
	ID          gateway.OperationID
	Payment     gateway.PaymentID
	Kind        gateway.Operation
	Provider    string
	Key         string // the caller's command key
	Fingerprint string // of the parameters
	Amount      gateway.Money
	Target      string
	Final       bool
	State       gateway.OperationState
	Reserved    int64 // minor units held back of the payment until it settles

	Code      gateway.Code // why it is not succeeded
	Reason    decline.Reason
	Detail    string
	Message   string
	Reference string
	Action    *gateway.Action

	Checks    int64
	NextCheck time.Time // zero: nothing is due
	Deadline  time.Time // zero: none
	Version   int64
	Created   time.Time
	Updated   time.Time
}

const operationColumns = `o.id, o.payment, o.kind, o.provider, o.command_key, o.fingerprint, o.amount, p.currency, o.target, o.final, o.state, o.reserved, o.code, o.reason,
	o.detail, o.message, o.reference, o.action, o.checks, o.next_check_us, o.deadline_us, o.version, o.created_us, o.updated_us`

const operationFrom = ` FROM operation o JOIN payment p ON p.store = o.store AND p.id = o.payment `

// InsertOperation inserts an operation, unless the store has one of that key:
// then it returns the one that is there, with created false, when the
// fingerprint is the same, and a [gateway.CodeConflict] error when the key was
// used for another command.
func (tx *Tx) InsertOperation(o Operation) (_ Operation, created bool, err error) {
	n, err := tx.exec(`INSERT INTO operation (store, id, payment, kind, provider, command_key, fingerprint, amount, target, final, state, reserved,
		next_check_us, deadline_us, created_us, updated_us)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (store, command_key) DO NOTHING`,
		o.Store, o.ID, o.Payment, o.Kind, o.Provider, o.Key, o.Fingerprint, sql.NullInt64{Int64: o.Amount.Minor(), Valid: o.Amount.IsSet()}, o.Target, flag(o.Final),
		o.State, o.Reserved, microOrNull(o.NextCheck), microOrNull(o.Deadline), micro(tx.now), micro(tx.now))
	if err != nil {
		return o, false, err
	}
	if n == 1 {
		o.Version, o.Created, o.Updated = 1, tx.now, tx.now
		o.NextCheck, o.Deadline = Micro(o.NextCheck), Micro(o.Deadline)
		return o, true, nil
	}
	have, err := tx.OperationByKey(o.Store, o.Key)
	if err != nil {
		return o, false, err
	}
	if have.Fingerprint != o.Fingerprint {
		return o, false, gateway.Errorf(gateway.CodeConflict, "key %q was used for another command (%s of payment %s): every command needs its own", o.Key, have.Kind, have.Payment)
	}
	return have, false, nil
}

// Operation returns an operation.
func (tx *Tx) Operation(store gateway.StoreID, id gateway.OperationID) (Operation, error) {
	return tx.operation(store, id, `WHERE o.store = $1 AND o.id = $2`, store, id)
}

// OperationByKey returns the operation of a caller's key.
func (tx *Tx) OperationByKey(store gateway.StoreID, key string) (Operation, error) {
	return tx.operation(store, key, `WHERE o.store = $1 AND o.command_key = $2`, store, key)
}

func (tx *Tx) operation(store gateway.StoreID, what any, where string, args ...any) (o Operation, err error) {
	found := false
	err = tx.each(func(row Row) error {
		found = true
		o, err = scanOperation(store, row)
		return err
	}, `SELECT `+operationColumns+operationFrom+where, args...)
	if err == nil && !found {
		err = notFound("operation", what)
	}
	return o, err
}

func scanOperation(store gateway.StoreID, row Row) (Operation, error) {
	o := Operation{Store: store}
	var amount, next, deadline sql.NullInt64
	var currency, action string
	var created, updated int64
	err := row.Scan(&o.ID, &o.Payment, &o.Kind, &o.Provider, &o.Key, &o.Fingerprint, &amount, &currency, &o.Target, &o.Final, &o.State, &o.Reserved, &o.Code, &o.Reason,
		&o.Detail, &o.Message, &o.Reference, &action, &o.Checks, &next, &deadline, &o.Version, &created, &updated)
	if err != nil {
		return o, err
	}
	if amount.Valid {
		o.Amount = gateway.Minor(amount.Int64, currency)
	}
	if action != "" {
		if err := json.Unmarshal([]byte(action), &o.Action); err != nil {
			return o, gateway.Errorf(gateway.CodeInternal, "the action of operation %s cannot be read: %w", o.ID, err)
		}
	}
	o.NextCheck, o.Deadline, o.Created, o.Updated = timeOrZero(next), timeOrZero(deadline), fromMicro(created), fromMicro(updated)
	return o, nil
}

// UpdateOperation stores an operation's state and what belongs to it. It fails
// with [gateway.CodeConflict] when somebody changed the row since it was read,
// or when the state may not follow: terminal states never change.
func (tx *Tx) UpdateOperation(o *Operation, from gateway.OperationState) error {
	if o.State != from && !from.CanBecome(o.State) {
		return gateway.Errorf(gateway.CodeConflict, "operation %s is %s and cannot become %s", o.ID, from, o.State)
	}
	action := ""
	if o.Action != nil {
		raw, err := json.Marshal(o.Action)
		if err != nil {
			return gateway.Errorf(gateway.CodeInternal, "the action of operation %s cannot be stored: %w", o.ID, err)
		}
		action = string(raw)
	}
	tx.must("the operation", `UPDATE operation SET state = $1, reserved = $2, code = $3, reason = $4, detail = $5, message = $6, reference = $7, action = $8,
		checks = $9, next_check_us = $10, deadline_us = $11, version = version + 1, updated_us = $12
		WHERE store = $13 AND id = $14 AND version = $15 AND state = $16`,
		o.State, o.Reserved, o.Code, o.Reason, o.Detail, o.Message, o.Reference, action, o.Checks, microOrNull(o.NextCheck), microOrNull(o.Deadline), micro(tx.now),
		o.Store, o.ID, o.Version, from)
	o.Version++
	o.Updated, o.NextCheck, o.Deadline = tx.now, Micro(o.NextCheck), Micro(o.Deadline)
	tx.changes(o.Store, o.Payment)
	return nil
}

// OpenOperations returns a payment's operations that are not settled, oldest first.
func (tx *Tx) OpenOperations(store gateway.StoreID, id gateway.PaymentID) ([]Operation, error) {
	var all []Operation
	err := tx.run(operationsOf(&all, store, `WHERE o.store = $1 AND o.payment = $2 AND o.state NOT IN ('succeeded', 'failed', 'cancelled') ORDER BY o.created_us, o.id`, store, id))
	return all, err
}

// Operations returns all of a payment's operations, oldest first.
func (tx *Tx) Operations(store gateway.StoreID, id gateway.PaymentID) ([]Operation, error) {
	var all []Operation
	err := tx.run(operationsOf(&all, store, allOfPayment, store, id))
	return all, err
}

const allOfPayment = `WHERE o.store = $1 AND o.payment = $2 ORDER BY o.created_us, o.id`

func operationsOf(all *[]Operation, store gateway.StoreID, where string, args ...any) Statement {
	return Statement{Text: `SELECT ` + operationColumns + operationFrom + where, Args: args, Rows: func(row Row) error {
		o, err := scanOperation(store, row)
		*all = append(*all, o)
		return err
	}}
}

// Due names an operation that somebody must look at.
type Due struct {
	Store     gateway.StoreID
	Operation gateway.OperationID
	Provider  string
}

// DueOperations returns operations of every store whose time to be looked at has
// come, and those whose sender is no longer believed to be alive, at most limit,
// the longest due first; none of the providers that are excepted.
func (tx *Tx) DueOperations(at time.Time, limit int, except ...string) (due []Due, err error) {
	w := &where{args: []any{micro(at)}}
	for _, provider := range except {
		w.add("provider <> %s", provider)
	}
	condition := ""
	if len(w.text) > 0 {
		condition = w.String()
	}
	err = tx.each(func(row Row) error {
		var d Due
		err := row.Scan(&d.Store, &d.Operation, &d.Provider)
		due = append(due, d)
		return err
	}, `SELECT store, id, provider FROM (
		SELECT store, id, provider, next_check_us AS due_us FROM operation WHERE next_check_us IS NOT NULL AND next_check_us <= $1
		UNION
		SELECT s.store, s.operation, o.provider, s.lease_us FROM step s JOIN operation o ON o.store = s.store AND o.id = s.operation
			WHERE s.lease_us IS NOT NULL AND s.lease_us <= $1
		) AS due `+condition+` ORDER BY due_us, store, id`+w.tail(limit), w.args...)
	return due, err
}

// Step is one intended provider call of an operation.
type Step struct {
	Store     gateway.StoreID
	Operation gateway.OperationID
	Number    int64
	Name      gateway.Operation // the command
	Key       string            // the provider's idempotency key
	Digest    string            // of the bytes sent under the key; "" while nothing was sent
	Effect    gateway.Effect
	State     gateway.StepState
	Lease     time.Time // until when the sender is believed to be alive; zero: nobody sends
	FirstSent time.Time
	LastSent  time.Time
	Sends     int64
	Amount    gateway.Money // of this call, where the operation takes several; the zero Money: the operation's
	Target    string        // of this call; "": the operation's. Of an adjustment that renews: the mark by which the engine knows what is new
	Doubt     bool          // some try had no answer to rely on: it may have been executed
}

// InsertStep inserts a step. The transaction fails with [gateway.CodeConflict] when
// it is there already, so that two events cannot start it twice.
func (tx *Tx) InsertStep(s Step) error {
	tx.must("the operation", `INSERT INTO step (store, operation, number, name, provider_key, effect, state, amount, target) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		s.Store, s.Operation, s.Number, s.Name, s.Key, s.Effect, s.State, sql.NullInt64{Int64: s.Amount.Minor(), Valid: s.Amount.IsSet()}, s.Target)
	return nil
}

// LastStep returns an operation's newest step.
func (tx *Tx) LastStep(store gateway.StoreID, id gateway.OperationID) (Step, error) {
	var all []Step
	err := tx.run(stepsOf(&all, store, id, newestStep))
	if err == nil && len(all) == 0 {
		err = notFound("step of operation", id)
	}
	if err != nil {
		return Step{}, err
	}
	return all[0], nil
}

// Steps returns an operation's steps in their order.
func (tx *Tx) Steps(store gateway.StoreID, id gateway.OperationID) ([]Step, error) {
	var all []Step
	err := tx.run(stepsOf(&all, store, id, `ORDER BY s.number`))
	return all, err
}

const newestStep = `ORDER BY s.number DESC LIMIT 1`

func stepsOf(all *[]Step, store gateway.StoreID, id gateway.OperationID, order string) Statement {
	return Statement{Rows: func(row Row) error {
		s := Step{Store: store, Operation: id}
		var lease, first, last, amount sql.NullInt64
		var currency string
		err := row.Scan(&s.Number, &s.Name, &s.Key, &s.Digest, &s.Effect, &s.State, &lease, &first, &last, &s.Sends, &s.Doubt, &amount, &currency, &s.Target)
		s.Lease, s.FirstSent, s.LastSent = timeOrZero(lease), timeOrZero(first), timeOrZero(last)
		if amount.Valid {
			s.Amount = gateway.Minor(amount.Int64, currency)
		}
		*all = append(*all, s)
		return err
	}, Text: `SELECT s.number, s.name, s.provider_key, s.digest, s.effect, s.state, s.lease_us, s.first_sent_us, s.last_sent_us, s.sends, s.doubt, s.amount, p.currency, s.target
		FROM step s JOIN operation o ON o.store = s.store AND o.id = s.operation JOIN payment p ON p.store = o.store AND p.id = o.payment
		WHERE s.store = $1 AND s.operation = $2 ` + order, Args: []any{store, id}}
}

// ErrAnotherRequest says that a step cannot be sent again: what would be sent is not
// what was sent before.
var ErrAnotherRequest = gateway.Errorf(gateway.CodeConflict, "the request differs from the one that was sent under this key before: what it is made of has changed, or a builder is not a function of the subject alone")

// ClaimStep makes this caller the only sender of a prepared step until the lease
// ends, and fixes the bytes that go out under its key. It fails with
// [gateway.CodeConflict] when somebody else has claimed it, and with
// [ErrAnotherRequest] when other bytes were sent under the key before.
func (tx *Tx) ClaimStep(s Step, digest string, lease time.Time) error {
	n, err := tx.exec(`UPDATE step SET state = $1, digest = $2, lease_us = $3, first_sent_us = COALESCE(first_sent_us, $4), last_sent_us = $5, sends = sends + 1
		WHERE store = $6 AND operation = $7 AND number = $8 AND state = $9 AND (digest = '' OR digest = $10)`,
		gateway.StepSending, digest, micro(lease), micro(tx.now), micro(tx.now), s.Store, s.Operation, s.Number, gateway.StepPrepared, digest)
	if err != nil || n == 1 {
		return err
	}
	have, err := tx.LastStep(s.Store, s.Operation)
	if err != nil {
		return err
	}
	if have.State == gateway.StepPrepared && have.Digest != digest {
		return ErrAnotherRequest
	}
	return gateway.Errorf(gateway.CodeConflict, "somebody else is making this call")
}

// MoveStep changes a step's state from one to another, and ends its lease. It
// fails with [gateway.CodeConflict] when the step is in another state.
func (tx *Tx) MoveStep(s *Step, to gateway.StepState) error {
	if s.State != to && !s.State.CanBecome(to) {
		return gateway.Errorf(gateway.CodeConflict, "step %d of operation %s is %s and cannot become %s", s.Number, s.Operation, s.State, to)
	}
	doubt := s.Doubt || to == gateway.StepUnknown
	tx.must("the step", `UPDATE step SET state = $1, lease_us = NULL, doubt = $2 WHERE store = $3 AND operation = $4 AND number = $5 AND state = $6`,
		to, flag(doubt), s.Store, s.Operation, s.Number, s.State)
	s.State, s.Lease, s.Doubt = to, time.Time{}, doubt
	return nil
}

// Attempt is one try at a provider call, or a look at what became of one.
type Attempt struct {
	Store     gateway.StoreID
	Operation gateway.OperationID
	Number    int64 // of the step
	Command   gateway.Operation
	Code      gateway.Code // "" for an answer that was believed
	Detail    string
	RequestID string
	Started   time.Time
	Took      time.Duration
}

// AppendAttempt appends an attempt.
func (tx *Tx) AppendAttempt(a Attempt) error {
	tx.write(`INSERT INTO attempt (store, operation, number, n, command, code, detail, request_id, started_us, duration_us)
		SELECT $1, $2, $3, COALESCE(MAX(n), 0) + 1, $4, $5, $6, $7, $8, $9 FROM attempt WHERE store = $10 AND operation = $11 AND number = $12`,
		a.Store, a.Operation, a.Number, a.Command, a.Code, a.Detail, a.RequestID, micro(a.Started), a.Took.Microseconds(), a.Store, a.Operation, a.Number)
	return nil
}

// Attempts returns an operation's attempts in the order in which they were made.
func (tx *Tx) Attempts(store gateway.StoreID, id gateway.OperationID) (all []Attempt, err error) {
	err = tx.each(func(row Row) error {
		a := Attempt{Store: store, Operation: id}
		var started, took int64
		err := row.Scan(&a.Number, &a.Command, &a.Code, &a.Detail, &a.RequestID, &started, &took)
		a.Started, a.Took = fromMicro(started), time.Duration(took)*time.Microsecond
		all = append(all, a)
		return err
	}, `SELECT number, command, code, detail, request_id, started_us, duration_us FROM attempt WHERE store = $1 AND operation = $2 ORDER BY number, n`, store, id)
	return all, err
}
