package simulator

import (
	"net/http"
	"strings"
)

// instrument is an Instrument with the token it behaves like.
type instrument struct {
	Instrument
	Token   string `json:"_token"`
	Deleted bool   `json:"_deleted,omitempty"`
}

var card = InstrumentInfo{Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2034}

// describe is what a token looks like to the merchant.
func describe(token string) InstrumentInfo {
	switch {
	case profiles[token].transfer:
		return InstrumentInfo{Brand: "bank_transfer"}
	case token == TokenExpiredCard:
		return InstrumentInfo{Brand: "visa", Last4: "0069", ExpMonth: 1, ExpYear: 2020}
	default:
		return card
	}
}

// use makes a payment pay with a token or with a saved instrument of its account.
func (c *change) use(p *payment, name string) error {
	if _, known := profiles[name]; known {
		p.Token, p.Instrument = name, describe(name)
		return nil
	}
	i := c.s.instruments[name]
	if i == nil || i.Account != c.account || i.Deleted {
		return unprocessable("instrument_unknown", "no instrument %q", name).at("instrument")
	}
	p.Token, p.Instrument = i.Token, i.InstrumentInfo
	return nil
}

// store saves the instrument of a payment.
func (c *change) store(p *payment) *instrument {
	i := &instrument{Token: p.Token, Instrument: Instrument{
		InstrumentInfo: p.Instrument, Account: p.Account, Status: StatusActive, Customer: p.Customer,
		Reference: p.Reference, NetworkTransactionID: p.NetworkTransactionID, Created: c.now,
	}}
	i.ID = c.id("inst")
	c.rec.Instruments = append(c.rec.Instruments, i)
	return i
}

// createInstrument is POST /v1/instruments: a verification without money. Tokens
// that decline a payment decline here too; challenges are not asked for.
func (s *Server) createInstrument(c *change, q *request) (answer, error) {
	f := q.fields
	name := f.text("instrument", 64, true)
	reference := f.text("reference", 128, false)
	p := &payment{}
	p.Customer, p.Reference = f.customer(), reference
	if err := f.done(); err != nil {
		return answer{}, err
	}
	p.Account = c.account
	if err := c.use(p, name); err != nil {
		return answer{}, err
	}
	prof := p.profile()
	if prof.transfer {
		return answer{}, unprocessable("instrument_not_storable", "%q cannot be stored", name).at("instrument")
	}
	if prof.decline != "" && !prof.once {
		e := refuse(http.StatusPaymentRequired, "card_declined", "the instrument was declined: %s", prof.decline)
		e.DeclineCode, e.Advice = prof.decline, prof.advice
		return answer{}, e
	}
	p.Instrument.ID, p.NetworkTransactionID = "", c.id("ntx")
	i := c.store(p)
	c.subject = i.ID
	return jsonAnswer(http.StatusCreated, i.Instrument), nil
}

func (s *Server) ownInstrument(c *change, q *request) (*instrument, error) {
	i := s.instruments[q.id]
	if i == nil || i.Account != c.account || i.Deleted {
		return nil, notFound("instrument", q.id)
	}
	return i, nil
}

// getInstrument is GET /v1/instruments/{id}.
func (s *Server) getInstrument(c *change, q *request) (answer, error) {
	i, err := s.ownInstrument(c, q)
	if err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, i.Instrument), nil
}

// deleteInstrument is DELETE /v1/instruments/{id}; deleted twice is not found.
func (s *Server) deleteInstrument(c *change, q *request) (answer, error) {
	i, err := s.ownInstrument(c, q)
	if err != nil {
		return answer{}, err
	}
	gone := *i
	gone.Deleted = true
	c.rec.Instruments = append(c.rec.Instruments, &gone)
	c.subject = i.ID
	return answer{status: http.StatusNoContent}, nil
}

// knowsNetwork reports whether an account ever got this network transaction id.
func (s *Server) knowsNetwork(account, id string) bool {
	if !strings.HasPrefix(id, "ntx_") {
		return false
	}
	for _, p := range s.payments {
		if p.Account == account && p.NetworkTransactionID == id {
			return true
		}
	}
	for _, i := range s.instruments {
		if i.Account == account && i.NetworkTransactionID == id {
			return true
		}
	}
	return false
}
