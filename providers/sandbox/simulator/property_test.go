package simulator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// sums is the ledger of one payment, added up by the documented rule and by none
// of the provider's code: authorized, released, captured, refunded, charged back.
func sums(ledger []simulator.Entry, payment string) [5]int64 {
	var s [5]int64
	column := map[simulator.Kind]int{
		simulator.KindHold: 0, simulator.KindAdjust: 0, simulator.KindRelease: 1,
		simulator.KindCapture: 2, simulator.KindRefund: 3, simulator.KindChargeback: 4,
	}
	for _, e := range ledger {
		switch {
		case e.Payment != payment:
		case e.Kind == simulator.KindReversal:
			s[column[e.ParentKind]] -= e.Amount
		default:
			s[column[e.Kind]] += e.Amount
		}
	}
	return s
}

func moved(a simulator.Amounts) [5]int64 {
	return [5]int64{a.Authorized, a.Released, a.Captured, a.Refunded, a.ChargedBack}
}

// TestLedgerAlwaysEqualsTheBalancesAndNeverExceedsALimit does anything in any order.
func TestLedgerAlwaysEqualsTheBalancesAndNeverExceedsALimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		over := simulator.OverCapture{Percent: rapid.Int64Range(0, 20).Draw(rt, "percent"), Absolute: rapid.Int64Range(0, 100).Draw(rt, "absolute")}
		s, err := simulator.Start(simulator.Config{Clock: clock, Rules: simulator.Rules{
			OverCapture: over, AsyncCapture: rapid.Bool().Draw(rt, "async capture"), AsyncRefund: rapid.Bool().Draw(rt, "async refund"),
			SingleCapture: rapid.Bool().Draw(rt, "single"), Reauthorize: rapid.Bool().Draw(rt, "reauthorize"), ExpiryGrace: time.Hour, Slow: time.Nanosecond,
		}})
		assert.NoError(t, err)
		defer func() { assert.NoError(t, s.Close()) }()
		m := &machine{b: &bundle{Server: s, t: t, http: client(), key: simulator.DefaultKey}, over: over}
		m.actions(rt)
	})
}

type machine struct {
	b    *bundle
	over simulator.OverCapture
	ids  []string
	keys int
	seen int // ledger entries that were there before
}

func (m *machine) post(path string, body any) {
	m.keys++
	m.b.do("POST", path, fmt.Sprintf("key-%d", m.keys), body)
}

func (m *machine) actions(rt *rapid.T) {
	pick := func(rt *rapid.T) string {
		if len(m.ids) == 0 {
			rt.Skip("no payment yet")
		}
		return rapid.SampledFrom(m.ids).Draw(rt, "payment")
	}
	// Few payments, mostly ordinary ones: long stories of one payment.
	token := rapid.OneOf(rapid.Just(simulator.TokenOK), rapid.SampledFrom(simulator.Tokens()))
	// Amounts are small, or beside what is allowed.
	value := func(rt *rapid.T, allowed int64) int64 {
		if rapid.Bool().Draw(rt, "small") {
			return rapid.Int64Range(1, 300).Draw(rt, "value")
		}
		return max(1, allowed+rapid.Int64Range(-1, 1).Draw(rt, "beside"))
	}
	capturable := func(a simulator.Amounts) int64 { return a.CaptureLimit - a.Captured - a.Capturing }
	refundable := func(a simulator.Amounts) int64 { return a.Captured - a.Refunded - a.Refunding - a.ChargedBack }
	capture := func(rt *rapid.T) {
		p := m.b.now(pick(rt))
		m.post("/v1/payments/"+p.ID+"/captures", object{
			"amount": eur(value(rt, capturable(p.Amounts))), "final": rapid.Bool().Draw(rt, "final") && rapid.Bool().Draw(rt, "really"),
		})
	}
	refund := func(rt *rapid.T) {
		p := m.b.now(pick(rt))
		body := object{"amount": eur(value(rt, refundable(p.Amounts)))}
		if len(p.Captures) > 0 && rapid.Bool().Draw(rt, "of a capture") {
			body["capture"] = p.Captures[len(p.Captures)-1].ID
		}
		m.post("/v1/payments/"+p.ID+"/refunds", body)
	}
	rt.Repeat(map[string]func(*rapid.T){
		"pay": func(rt *rapid.T) {
			if len(m.ids) == 2 {
				rt.Skip("enough payments")
			}
			m.post("/v1/payments", payment(token.Draw(rt, "token"), object{
				"amount": eur(rapid.Int64Range(1, 1300).Draw(rt, "authorized")), "capture": rapid.Bool().Draw(rt, "capture"),
			}))
			m.ids = m.ids[:0]
			for _, p := range m.b.Payments() {
				m.ids = append(m.ids, p.ID)
			}
		},
		"capture": capture, "capture more": capture, "capture again": capture,
		"refund": refund, "refund more": refund, "refund again": refund,
		"adjust": func(rt *rapid.T) {
			p := m.b.now(pick(rt))
			m.post("/v1/payments/"+p.ID+"/adjustments", object{"amount": eur(value(rt, p.Amounts.Captured+p.Amounts.Capturing))})
		},
		"hold anew": func(rt *rapid.T) {
			p := m.b.now(pick(rt))
			m.post("/v1/payments/"+p.ID+"/adjustments", object{"amount": eur(max(1, p.Amounts.Authorized))})
		},
		"release": func(rt *rapid.T) { m.post("/v1/payments/"+pick(rt)+"/releases", object{}) },
		"cancel":  func(rt *rapid.T) { m.post("/v1/payments/"+pick(rt)+"/cancel", object{}) },
		"confirm": func(rt *rapid.T) { m.post("/v1/payments/"+pick(rt)+"/confirm", object{}) },
		"outside": func(rt *rapid.T) {
			id := pick(rt)
			a := m.b.now(id).Amounts
			switch rapid.IntRange(0, 11).Draw(rt, "what") {
			case 0:
				_ = m.b.ReverseCapture(id)
			case 1:
				_ = m.b.ReverseRefund(id)
			case 2:
				_ = m.b.Recapture(id)
			case 3:
				_, _ = m.b.Chargeback(id, value(rt, refundable(a)))
			case 4:
				_ = m.b.ResolveDispute(id, rapid.Bool().Draw(rt, "won"))
			case 5:
				_ = m.b.ExpireAuthorization(id)
			case 6:
				_ = m.b.CompleteChallenge(id)
			case 7:
				_, _ = m.b.ReceiveTransfer(id, value(rt, a.Captured))
			case 8:
				_ = m.b.AcceptReview(id)
			case 9:
				_, _ = m.b.RefundInDashboard(id, value(rt, refundable(a)))
			case 10:
				_, _ = m.b.CaptureInDashboard(id, value(rt, capturable(a)), false)
			default:
				_ = m.b.SettlePending(id, rapid.Bool().Draw(rt, "success"))
			}
		},
		"time": func(rt *rapid.T) {
			m.b.Advance(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour, 8 * 24 * time.Hour}).Draw(rt, "passes"))
		},
		"": func(rt *rapid.T) { m.check(rt) },
	})
}

func (m *machine) check(rt *rapid.T) {
	ledger := m.b.Ledger()
	if len(ledger) < m.seen {
		rt.Fatalf("the ledger got shorter: %d after %d", len(ledger), m.seen)
	}
	m.seen = len(ledger)
	for i, e := range ledger {
		if e.Sequence != int64(i+1) || (e.Amount <= 0 && e.Kind != simulator.KindAdjust) {
			rt.Fatalf("bad entry %+v", e)
		}
	}
	for _, p := range m.b.Payments() {
		m.checkPayment(rt, p, sums(ledger, p.ID))
	}
}

func (m *machine) checkPayment(rt *rapid.T, p simulator.Payment, sum [5]int64) {
	a := p.Amounts
	extra := a.Authorized * m.over.Percent / 100
	if m.over.Absolute > 0 {
		extra = min(extra, m.over.Absolute)
	}
	var capturing, refunding, captured int64
	for _, c := range p.Captures {
		switch c.Status {
		case simulator.StatusPending:
			capturing += c.Amount.Value
		case simulator.StatusSucceeded:
			captured += c.Amount.Value
		}
		if c.Refunded < 0 || c.Refunded > c.Amount.Value {
			rt.Fatalf("capture over-refunded: %+v", c)
		}
	}
	for _, r := range p.Refunds {
		if r.Status == simulator.StatusPending {
			refunding += r.Amount.Value
		}
	}
	for name, bad := range map[string]bool{
		"ledger and balances differ":   sum != moved(a),
		"captures and balance differ":  captured != a.Captured || capturing != a.Capturing || refunding != a.Refunding,
		"captured beyond the limit":    a.Captured+a.Capturing > a.Authorized+extra-a.Released,
		"refunded beyond the captures": a.Refunded+a.Refunding+a.ChargedBack > a.Captured,
		"released beyond the hold":     a.Released > a.Authorized,
		"negative balance":             min(a.Released, a.Captured, a.Refunded, a.ChargedBack, a.Capturable) < 0,
		"capturable beyond the hold":   a.Capturable > a.Authorized-a.Released,
	} {
		if bad {
			rt.Fatalf("%s: %+v, ledger %v", name, p, sum)
		}
	}
}
