package storage

import (
	"database/sql"
	"encoding/json"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Instrument is something that may pay again. Its token is encrypted before it
// comes here; nothing in storage can read it.
type Instrument struct {
	Store     gateway.StoreID
	ID        string
	Provider  string
	Payment   gateway.PaymentID
	Operation gateway.OperationID // that stored it
	Public    gateway.Instrument  // everything but the token
	Token     string              // encrypted; "" once it is forgotten
	Created   time.Time
	Forgotten time.Time // zero: it may pay
}

// InsertInstrument inserts an instrument. An operation stores one: created is
// false, and nothing changes, when it has one already.
func (tx *Tx) InsertInstrument(i Instrument) (created bool, err error) {
	body, err := json.Marshal(i.Public)
	if err != nil {
		return false, gateway.Errorf(gateway.CodeInternal, "the instrument cannot be stored")
	}
	n, err := tx.exec(`INSERT INTO instrument (store, id, provider, customer, payment, operation, body, token, created_us)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		i.Store, i.ID, i.Provider, i.Public.Customer, i.Payment, i.Operation, string(body), i.Token, micro(tx.now))
	return n == 1, err
}

// Instrument returns an instrument, forgotten or not.
func (tx *Tx) Instrument(store gateway.StoreID, id string) (Instrument, error) {
	all, err := tx.instruments(store, `WHERE store = $1 AND id = $2`, store, id)
	if err == nil && len(all) == 0 {
		err = notFound("instrument", id)
	}
	if err != nil {
		return Instrument{}, err
	}
	return all[0], nil
}

// Instruments returns a provider's customer's instruments that may pay, oldest
// first; provider and customer are the provider's words.
func (tx *Tx) Instruments(store gateway.StoreID, provider, customer string) ([]Instrument, error) {
	return tx.instruments(store, `WHERE store = $1 AND provider = $2 AND customer = $3 AND forgotten_us IS NULL ORDER BY created_us, id`, store, provider, customer)
}

// ForgetInstrument removes an instrument's token and what describes it. The row
// stays, so that what it paid still has a name.
func (tx *Tx) ForgetInstrument(store gateway.StoreID, id string) error {
	_, err := tx.exec(`UPDATE instrument SET token = '', body = '{}', forgotten_us = COALESCE(forgotten_us, $1) WHERE store = $2 AND id = $3`, micro(tx.now), store, id)
	return err
}

func (tx *Tx) instruments(store gateway.StoreID, where string, args ...any) (all []Instrument, err error) {
	err = tx.each(func(row Row) error {
		i := Instrument{Store: store}
		var body string
		var created int64
		var forgotten sql.NullInt64
		if err := row.Scan(&i.ID, &i.Provider, &i.Payment, &i.Operation, &body, &i.Token, &created, &forgotten); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(body), &i.Public); err != nil {
			return gateway.Errorf(gateway.CodeInternal, "instrument %s cannot be read", i.ID)
		}
		i.Public.Token = gateway.Secret{} // what was written of it is its mask
		i.Created, i.Forgotten = fromMicro(created), timeOrZero(forgotten)
		all = append(all, i)
		return nil
	}, `SELECT id, provider, payment, operation, body, token, created_us, forgotten_us FROM instrument `+where, args...)
	return all, err
}
