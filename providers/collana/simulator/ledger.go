package simulator

import (
	"errors"
	"strings"
)

// Ledger is the money of one transaction, in minor units: what the PSP really did.
type Ledger struct {
	Currency   string
	Authorized int64
	Released   int64
	Captured   int64
	Refunded   int64
}

// transaction is one payment. The server's lock guards it.
type transaction struct {
	id, method, back string
	legacy           bool // was created by v1: its names are spelled in upper case
	amount           int64
	currency         string
	all              []*interaction
	ledger           Ledger
	to               address // of callbacks about what no request asked for
}

// interaction is one call of a transaction.
type interaction struct {
	id, endpoint, status     string
	amount                   int64
	embedment, redirect, sdk string
	of                       *transaction
	to                       address
}

// The words of interactions.
const (
	Transactions = "Transactions"
	Prepares     = "Prepares"
	Reservations = "Reservations"
	Captures     = "Captures"
	Refunds      = "Refunds"
	Voids        = "Voids"
	Imports      = "Imports"

	Pending    = "Pending"
	Successful = "Successful"
	Failed     = "Failed"
	Cancelled  = "Cancelled"
)

// details are the first of an interaction's status details.
var details = map[string]string{
	Transactions: "CreateInteraction", Prepares: "PrepareInteraction", Reservations: "ReservationInteraction", Captures: "CaptureInteraction",
	Refunds: "RefundInteraction", Voids: "VoidInteraction", Imports: "ImportInteraction",
}

// settle ends an interaction that succeeded, and moves its money. The lock is held.
func (i *interaction) settle(auto bool) {
	i.status, i.embedment, i.redirect, i.sdk = Successful, "", "", ""
	l := &i.of.ledger
	switch i.endpoint {
	case Reservations, Imports:
		l.Authorized += i.amount
		if auto && i.endpoint == Reservations {
			l.Captured += i.amount
		}
	case Captures:
		l.Captured += i.amount
	case Refunds:
		l.Refunded += i.amount
	case Voids:
		l.Released += i.amount
	}
}

// open is what is held and neither taken nor released.
func (l Ledger) open() int64 { return l.Authorized - l.Captured - l.Released }

// Ledger returns the money of a transaction.
func (s *Server) Ledger(id string) (Ledger, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.transactions[id]
	if !ok {
		return Ledger{}, false
	}
	return t.ledger, true
}

// Transactions returns the ids of all transactions, oldest first.
func (s *Server) Transactions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.order...)
}

// Total returns the money of all transactions in one currency.
func (s *Server) Total(currency string) Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := Ledger{Currency: currency}
	for _, t := range s.transactions {
		if t.currency == currency {
			sum.Authorized += t.ledger.Authorized
			sum.Released += t.ledger.Released
			sum.Captured += t.ledger.Captured
			sum.Refunded += t.ledger.Refunded
		}
	}
	return sum
}

// digits are the currencies whose decimals are not two, as far as tests need them.
var digits = map[string]int{"JPY": 0, "KRW": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3, "OMR": 3, "JOD": 3}

func digitsOf(currency string) int {
	if d, ok := digits[currency]; ok {
		return d
	}
	return 2
}

var errAmount = errors.New("the amount is none")

// minor reads a JSON number as minor units, exactly.
func minor(number, currency string) (int64, error) {
	whole, part, _ := strings.Cut(number, ".")
	d := digitsOf(currency)
	part = strings.TrimRight(part, "0")
	if len(part) > d || len(whole) == 0 || len(whole) > 12 || len(currency) != 3 {
		return 0, errAmount
	}
	n := int64(0)
	for _, c := range whole + part + strings.Repeat("0", d-len(part)) {
		if c < '0' || c > '9' {
			return 0, errAmount
		}
		n = n*10 + int64(c-'0')
	}
	if n == 0 {
		return 0, errAmount
	}
	return n, nil
}

// decimal writes minor units as a JSON number.
func decimal(n int64, currency string) string {
	d := digitsOf(currency)
	text := []byte{}
	for n > 0 || len(text) <= d {
		text = append(text, byte('0'+n%10))
		n /= 10
		if len(text) == d && d > 0 {
			text = append(text, '.')
		}
	}
	for a, b := 0, len(text)-1; a < b; a, b = a+1, b-1 {
		text[a], text[b] = text[b], text[a]
	}
	return string(text)
}
