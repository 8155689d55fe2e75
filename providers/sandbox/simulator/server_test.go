package simulator_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func TestCloseCutsHungAndDrippingConnections(t *testing.T) {
	t.Parallel()
	s, err := simulator.Start(simulator.Config{})
	require.NoError(t, err)
	b := &bundle{Server: s, t: t, http: client(), key: simulator.DefaultKey}
	faults := []simulator.Fault{simulator.TimeoutBefore, simulator.TimeoutAfter, simulator.Drip, simulator.Slow}
	s.Next(simulator.OpPing, faults...)
	answers := make(chan response)
	for i := range faults {
		go func() { answers <- b.get("/v1/ping") }()
		require.Eventually(t, func() bool { return len(s.Calls()) == i+1 }, 10*time.Second, time.Millisecond)
	}
	start := time.Now()
	require.NoError(t, s.Close())
	assert.Less(t, time.Since(start), 2*time.Second)
	for range faults {
		assert.Error(t, (<-answers).err)
	}
	require.NoError(t, s.Close(), "closing twice is harmless")
	_, err = s.CaptureInDashboard("pay_x", 1, false)
	require.ErrorIs(t, err, simulator.ErrClosed)
}

func TestImpossibleConfigIsRefused(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]simulator.Config{
		"no id":              {Accounts: []simulator.Account{{Key: "k"}}},
		"no key":             {Accounts: []simulator.Account{{ID: "a"}}},
		"same id":            {Accounts: []simulator.Account{{ID: "a", Key: "k"}, {ID: "a", Key: "l"}}},
		"same key":           {Accounts: []simulator.Account{{ID: "a", Key: "k"}, {ID: "b", Key: "k"}}},
		"negative":           {Rules: simulator.Rules{OverCapture: simulator.OverCapture{Percent: -1}}},
		"unknown remainder":  {Rules: simulator.Rules{RemainderAfterPartial: "burnt"}},
		"address of others":  {Address: "0.0.0.0:0"},
		"address by name":    {Address: "localhost:0"},
		"unwritable journal": {Journal: "/nowhere/at/all"},
	} {
		_, err := simulator.Start(cfg)
		assert.Error(t, err, name)
	}
}

func TestSameSeedGivesTheSameIDs(t *testing.T) {
	t.Parallel()
	one, two, other := setup(t, simulator.Config{Seed: 1}), setup(t, simulator.Config{Seed: 1}), setup(t, simulator.Config{Seed: 2})
	id := one.pay(simulator.TokenOK).ID
	assert.Equal(t, id, two.pay(simulator.TokenOK).ID)
	assert.NotEqual(t, id, other.pay(simulator.TokenOK).ID)
}

func TestSixteenAtOnceNeverCaptureTooMuch(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	statuses := together(16, func(i int) int {
		return b.do(http.MethodPost, "/v1/payments/"+p.ID+"/captures", fmt.Sprintf("c%d", i), object{"amount": eur(300)}).status
	})
	assert.Equal(t, 3, statuses[http.StatusCreated])
	assert.Equal(t, int64(900), b.now(p.ID).Amounts.Captured)
	statuses = together(16, func(i int) int {
		return b.do(http.MethodPost, "/v1/payments/"+p.ID+"/refunds", fmt.Sprintf("r%d", i), object{"amount": eur(200)}).status
	})
	assert.Equal(t, 4, statuses[http.StatusCreated])
	assert.Equal(t, int64(800), b.now(p.ID).Amounts.Refunded)
}

func TestSixteenWithOneKeyHaveOneEffect(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{Slow: 20 * time.Millisecond}})
	for _, token := range []string{simulator.TokenOK, simulator.TokenSlow} {
		statuses := together(16, func(int) int { return b.payWith(token, payment(token)).status })
		assert.Equal(t, 16, statuses[http.StatusCreated]+statuses[http.StatusConflict], token)
		assert.NotZero(t, statuses[http.StatusCreated])
		assert.Equal(t, 1, b.Effects(token))
	}
	assert.Len(t, b.Ledger(), 2)
}

// together runs n functions at once and counts what they return.
func together(n int, do func(int) int) map[int]int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	counts := map[int]int{}
	for i := range n {
		wg.Go(func() {
			status := do(i)
			mu.Lock()
			defer mu.Unlock()
			counts[status]++
		})
	}
	wg.Wait()
	return counts
}

func TestReadersAndWritersDoNotRace(t *testing.T) {
	t.Parallel()
	shop := receive(t)
	b := setup(t, simulator.Config{Clock: time.Now, Accounts: []simulator.Account{account(shop.url)}})
	b.Lie(simulator.Liar(1, 0.3, simulator.WrongAmount, simulator.KilledAfter, simulator.LateEffect, simulator.WebhookFirst))
	together(16, func(i int) int {
		p, key := b.payWith(fmt.Sprintf("p%d", i), payment(simulator.TokenOK)), fmt.Sprintf("c%d", i)
		for _, known := range b.Payments() {
			b.do(http.MethodPost, "/v1/payments/"+known.ID+"/captures", key, object{"amount": eur(10)})
			_, _ = b.RefundInDashboard(known.ID, 1)
			break
		}
		b.Advance(time.Second)
		_, _, _, _ = b.Ledger(), b.Events(), b.Pending(), b.Calls()
		return p.status
	})
	for _, p := range b.Payments() {
		assert.Equal(t, sums(b.Ledger(), p.ID), moved(p.Amounts))
	}
}
