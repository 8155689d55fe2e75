package simulator

import (
	"strings"
	"time"
)

// Forgery is a way in which a webhook must not be believed.
type Forgery string

const (
	// TamperedBody changes the body after signing.
	TamperedBody Forgery = "tampered_body"
	// TamperedSignature changes one digit of the signature.
	TamperedSignature Forgery = "tampered_signature"
	// MissingSignature sends no signature header.
	MissingSignature Forgery = "missing_signature"
	// ForeignSecret signs with a secret that is not the account's.
	ForeignSecret Forgery = "foreign_secret"
	// EmptySecret signs with the empty secret.
	EmptySecret Forgery = "empty_secret"
	// StaleTimestamp signs rightly, but a day ago.
	StaleTimestamp Forgery = "stale_timestamp"
	// FutureTimestamp signs rightly, but a day ahead.
	FutureTimestamp Forgery = "future_timestamp"
	// OldScheme sends the right signature under v0 instead of v1.
	OldScheme Forgery = "old_scheme"
	// SignedWrongAmount signs rightly a body whose amounts are too high by one.
	SignedWrongAmount Forgery = "signed_wrong_amount"
	// SignedWrongCurrency signs rightly a body in another currency.
	SignedWrongCurrency Forgery = "signed_wrong_currency"
	// SignedForeignPayment signs rightly a body about a payment that does not exist,
	// under a new event id.
	SignedForeignPayment Forgery = "signed_foreign_payment"
	// SignedForeignAccount signs rightly a body that names another account.
	SignedForeignAccount Forgery = "signed_foreign_account"
)

// Forgeries returns every forgery.
func Forgeries() []Forgery {
	return []Forgery{
		TamperedBody, TamperedSignature, MissingSignature, ForeignSecret, EmptySecret, StaleTimestamp, FutureTimestamp,
		OldScheme, SignedWrongAmount, SignedWrongCurrency, SignedForeignPayment, SignedForeignAccount,
	}
}

// DeliverForged posts a forgery of an event. The event itself stays as pending, or
// as acknowledged, as it was.
func (s *Server) DeliverForged(id string, how Forgery) (Delivery, error) {
	s.lock()
	e := s.byEvent[id]
	if e == nil {
		s.mu.Unlock()
		return Delivery{}, notFound("event", id)
	}
	p, err := s.prepare(e)
	var secrets []string
	if i, found := s.account(e.Account); found == nil {
		secrets = s.accounts[i].WebhookSecrets
	}
	now, payment, account := s.now(), e.Data.Payment.ID, e.Account
	s.mu.Unlock()
	if err != nil {
		return Delivery{}, err
	}
	p.forge(how, now, secrets, payment, account)
	return s.send(p), nil
}

func (p *post) forge(how Forgery, now time.Time, secrets []string, payment, account string) {
	replace := func(from, to string) { p.body = []byte(strings.ReplaceAll(string(p.body), from, to)) }
	switch how {
	case TamperedBody:
		p.body = append(p.body, ' ') // means the same, but is not what was signed
		return
	case TamperedSignature:
		last := p.header[len(p.header)-1]
		other := byte('0')
		if last == '0' {
			other = '1'
		}
		p.header = p.header[:len(p.header)-1] + string(other)
		return
	case MissingSignature:
		p.header = ""
		return
	case OldScheme:
		p.header = strings.ReplaceAll(p.header, "v1=", "v0=")
		return
	case ForeignSecret:
		secrets = []string{"not-" + strings.Join(secrets, "")}
	case EmptySecret:
		secrets = []string{""}
	case StaleTimestamp:
		now = now.Add(-24 * time.Hour)
	case FutureTimestamp:
		now = now.Add(24 * time.Hour)
	case SignedWrongAmount:
		p.body = rewrite(p.body, wrongAmount)
	case SignedWrongCurrency:
		p.body = rewrite(p.body, wrongCurrency)
	case SignedForeignPayment:
		replace(payment, payment+"f")
		replace(p.event, p.event+"f")
	case SignedForeignAccount:
		replace(`"`+account+`"`, `"not_`+account+`"`)
	}
	p.header = Sign(p.body, now, secrets...)
}
