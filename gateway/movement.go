package gateway

import (
	"strconv"
	"time"
)

// MovementKind is what happened to money.
type MovementKind string

// The kinds of movements. Amounts are never negative; the kind says which way.
const (
	MoveHold       MovementKind = "hold"       // money is held on the shopper's account
	MoveAdjust     MovementKind = "adjust"     // the hold named by Parent now has this total, and this Reference where a new one superseded it; what was captured under former names is part of it
	MoveRelease    MovementKind = "release"    // held money is free again
	MoveCapture    MovementKind = "capture"    // money is taken, out of a hold or at once
	MoveRefund     MovementKind = "refund"     // captured money is given back
	MoveChargeback MovementKind = "chargeback" // the issuer took captured money back
	MoveReversal   MovementKind = "reversal"   // the movement named by Reverses and Parent is undone, wholly or in part
)

// Source is where a fact about money was learned.
type Source string

// The sources.
const (
	SourceAnswer   Source = "answer"   // the answer to our own call
	SourceWebhook  Source = "webhook"  // a notification
	SourcePoll     Source = "poll"     // we asked
	SourceReturn   Source = "return"   // the shopper's browser came back
	SourceReport   Source = "report"   // a line of a settlement report
	SourceOperator Source = "operator" // a person, with evidence
)

// Movement is one fact about money as the provider stated it. Movements are
// appended and never changed; balances are their sum (see [Fold]).
type Movement struct {
	Kind      MovementKind
	Amount    Money  // in the payment's currency
	Reference string // the provider's id of this movement
	Parent    string // the provider's id of the movement it belongs to: the hold captured, the capture refunded
	Reverses  MovementKind
	Provider  string
	Account   string      // the merchant account at the provider, where it has several
	Operation OperationID // the command of ours that caused it; "" for what happened elsewhere
	Sequence  int         // tells apart capture, reversal and recapture under one reference
	At        time.Time   // the provider's time; zero when it does not say
	Source    Source
	Expires   time.Time   // for a hold, or what superseded it: when the issuer lets it go; zero when not told
	Settled   *Settlement // what reached the merchant, where the provider says
}

// Settlement is what reached the merchant for a movement, possibly in another
// currency. It stands beside the movement and changes no balance.
type Settlement struct {
	Amount Money
	Fee    Money
}

// Key identifies the fact: evidence of it that comes twice has one key. Times
// and sources are not part of it.
func (m Movement) Key() string {
	id := m.Reference
	if id == "" {
		id = "operation:" + string(m.Operation)
	}
	b := make([]byte, 0, 64)
	for _, s := range [...]string{m.Provider, m.Account, string(m.Kind), string(m.Reverses), id} {
		b = strconv.AppendInt(b, int64(len(s)), 10)
		b = append(append(b, ':'), s...)
	}
	return string(strconv.AppendInt(b, int64(m.Sequence), 10))
}
