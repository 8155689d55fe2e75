package simulator

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// change collects one atomic change. Payments are cloned on first use, so that a
// change that is refused half-way leaves nothing behind. The caller holds the mutex.
type change struct {
	s       *Server
	now     time.Time
	account string
	key     string // idempotency key of the call, empty when it is not a call
	used    uint64 // ids given out by this change
	touched map[string]*payment
	rec     record
	subject string // what the call made: a payment, a capture or a refund
}

// begin starts a change. The caller holds the mutex until commit.
func (s *Server) begin(now time.Time, account, key string) *change {
	return &change{s: s, now: now, account: account, key: key, touched: map[string]*payment{}}
}

// payment returns a copy that may be written to, nil when there is none. id is
// that of the payment or of one of its parts.
func (c *change) payment(id string) *payment {
	p := c.s.find(id)
	if p == nil {
		return nil
	}
	if t := c.touched[p.ID]; t != nil {
		return t
	}
	t := p.clone()
	c.add(t)
	return t
}

// add makes a payment part of the change.
func (c *change) add(p *payment) {
	c.touched[p.ID] = p
	c.rec.Payments = append(c.rec.Payments, p)
}

// own is payment limited to the account of the change.
func (c *change) own(what, id string) (*payment, error) {
	p := c.payment(id)
	if p == nil || p.Account != c.account {
		return nil, notFound(what, id)
	}
	return p, nil
}

// id makes an id that depends on nothing but the seed and how many there were.
func (c *change) id(prefix string) string {
	c.used++
	var in [16]byte
	binary.BigEndian.PutUint64(in[:8], c.s.cfg.Seed)
	binary.BigEndian.PutUint64(in[8:], c.s.counter+c.used)
	sum := sha256.Sum256(append(in[:], prefix...))
	return prefix + "_" + hex.EncodeToString(sum[:10])
}

// schedule lets a task run after d; a negative d means never.
func (c *change) schedule(d time.Duration, t task) {
	if d < 0 {
		return
	}
	t.ID, t.Due = c.id("task"), c.now.Add(d)
	c.rec.Tasks = append(c.rec.Tasks, &t)
}

// commit makes the change durable, then visible. When the journal fails, nothing
// is visible and every later change fails too: memory must not run ahead of disk.
func (s *Server) commit(c *change) error {
	if c.used > 0 {
		c.rec.Counter = s.counter + c.used
	}
	if c.rec.empty() {
		return nil
	}
	if err := s.journal.append(&c.rec); err != nil {
		return err
	}
	s.apply(&c.rec)
	s.poke()
	return nil
}
