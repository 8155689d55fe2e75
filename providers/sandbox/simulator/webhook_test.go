package simulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// signed checks a webhook as a shop must: two-sided time, any v1, constant time.
func signed(h hook, now time.Time, secret string) bool {
	var at string
	var macs []string
	for part := range strings.SplitSeq(h.header, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			at = value
		case "v1":
			macs = append(macs, value)
		}
	}
	unix, err := strconv.ParseInt(at, 10, 64)
	if err != nil || now.Sub(time.Unix(unix, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(at + "." + string(h.body)))
	want := hex.EncodeToString(mac.Sum(nil))
	return slices.ContainsFunc(macs, func(got string) bool { return hmac.Equal([]byte(got), []byte(want)) })
}

func hooked(t *testing.T, cfg simulator.Config) (*bundle, *receiver) {
	t.Helper()
	r := receive(t)
	cfg.Accounts = []simulator.Account{account(r.url)}
	return setup(t, cfg), r
}

func TestEventsArePostedSignedAndInOrder(t *testing.T) {
	t.Parallel()
	b, shop := hooked(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	c := b.capture(p.ID, 600, true)
	require.Eventually(t, func() bool { return len(shop.hooks()) == 3 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, []string{"payment.authorized", "capture.succeeded", "payment.released"}, shop.types())
	for i, h := range shop.hooks() {
		assert.True(t, signed(h, clock(), simulator.DefaultWebhookSecret))
		assert.Equal(t, int64(i+1), h.event.Sequence)
		assert.Equal(t, p.ID, h.event.Data.Payment.ID)
	}
	captured := shop.hooks()[1].event
	assert.Equal(t, c.ID, captured.Data.Subject)
	assert.Equal(t, c.ID, captured.Data.Movement.Reference)
	assert.Equal(t, "op-c", captured.Data.Movement.MerchantReference)
	assert.Equal(t, "key-2", captured.Key)
	require.Eventually(t, func() bool { return len(b.Pending()) == 0 }, 10*time.Second, time.Millisecond)
}

func TestRefusedWebhookIsSentAgainUntilItIsTaken(t *testing.T) {
	t.Parallel()
	b, shop := hooked(t, simulator.Config{Clock: time.Now, Rules: simulator.Rules{WebhookBackoff: 5 * time.Millisecond}})
	shop.mu.Lock()
	shop.status = []int{500, 302, 404, 200}
	shop.mu.Unlock()
	b.pay(simulator.TokenOK)
	require.Eventually(t, func() bool { return len(b.Pending()) == 0 }, 10*time.Second, time.Millisecond)
	assert.Len(t, shop.hooks(), 4)
}

func TestWebhookIsGivenUpAfterTenTries(t *testing.T) {
	t.Parallel()
	b, shop := hooked(t, simulator.Config{})
	shop.mu.Lock()
	for range 20 {
		shop.status = append(shop.status, 500)
	}
	shop.mu.Unlock()
	b.pay(simulator.TokenOK)
	require.Eventually(t, func() bool { b.Advance(time.Hour); return len(shop.hooks()) >= 10 }, 10*time.Second, 5*time.Millisecond)
	time.Sleep(50 * time.Millisecond)
	b.Advance(time.Hour)
	time.Sleep(50 * time.Millisecond)
	assert.Len(t, shop.hooks(), 10)
	assert.Len(t, b.Pending(), 1)
}

func TestManualDeliveryInAnyOrderWithDuplicates(t *testing.T) {
	t.Parallel()
	b, shop := hooked(t, simulator.Config{ManualWebhooks: true})
	p := b.pay(simulator.TokenOK)
	b.capture(p.ID, 600, true)
	assert.Empty(t, shop.hooks())
	pending := b.Pending()
	require.Len(t, pending, 3)
	deliveries, err := b.DeliverAll(simulator.Reversed, 1)
	require.NoError(t, err)
	assert.Len(t, deliveries, 6)
	assert.Equal(t, []string{
		"payment.released", "capture.succeeded", "payment.authorized", "payment.released", "capture.succeeded", "payment.authorized",
	}, shop.types())
	assert.Empty(t, b.Pending())
	assert.Equal(t, shop.hooks()[0].body, shop.hooks()[3].body, "a duplicate is the same event")

	replay, err := b.Deliver(pending[0].ID)
	require.NoError(t, err)
	assert.Equal(t, simulator.Delivery{Event: pending[0].ID, Status: 200}, replay)
	_, err = b.Deliver("evt_unknown")
	refused(t, err, "not_found")
	nothing, err := b.DeliverAll(nil, 0)
	require.NoError(t, err)
	assert.Empty(t, nothing)
}

func TestShuffledIsRepeatable(t *testing.T) {
	t.Parallel()
	events := func() []simulator.Event {
		return []simulator.Event{{ID: "1"}, {ID: "2"}, {ID: "3"}, {ID: "4"}, {ID: "5"}, {ID: "6"}}
	}
	one, two := simulator.Shuffled(3), simulator.Shuffled(3)
	first := one(events())
	assert.Equal(t, first, two(events()))
	assert.NotEqual(t, first, one(events()), "each round is another order")
	assert.ElementsMatch(t, events(), first)
}

func TestWebhookComesFirst(t *testing.T) {
	t.Parallel()
	b, shop := hooked(t, simulator.Config{ManualWebhooks: true})
	answered := make(chan struct{})
	before := false
	shop.mu.Lock()
	shop.meet = func() {
		assert.Equal(t, 200, b.get("/v1/ping").status, "the shop may call back")
		select {
		case <-answered:
		default:
			before = true
		}
	}
	shop.mu.Unlock()
	b.Next(simulator.OpCreatePayment, simulator.WebhookFirst)
	b.pay(simulator.TokenOK)
	close(answered)
	assert.True(t, before)
	assert.Equal(t, []string{"payment.authorized"}, shop.types())
	assert.Empty(t, b.Pending())
}

func TestEventsOfAnUnfinishedCallHoldBackYoungerOnes(t *testing.T) {
	t.Parallel()
	b, shop := hooked(t, simulator.Config{})
	var once sync.Once
	early := -1
	shop.mu.Lock()
	shop.meet = func() {
		once.Do(func() {
			_, _ = b.CaptureInDashboard(b.Payments()[0].ID, 600, false)
			time.Sleep(100 * time.Millisecond)
			early = len(shop.hooks())
		})
	}
	shop.mu.Unlock()
	b.Next(simulator.OpCreatePayment, simulator.WebhookFirst)
	b.pay(simulator.TokenOK)
	require.Eventually(t, func() bool { return len(b.Pending()) == 0 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, 1, early)
	assert.Equal(t, []string{"payment.authorized", "capture.succeeded"}, shop.types())
}

func TestWebhookOfAHungAnswerStillArrives(t *testing.T) {
	t.Parallel()
	b, shop := hooked(t, simulator.Config{})
	b.http.Timeout = 2 * time.Second
	b.Next("", simulator.TimeoutAfter)
	done := make(chan response)
	go func() { done <- b.payWith("k", payment(simulator.TokenOK)) }()
	require.Eventually(t, func() bool { return len(shop.hooks()) == 1 }, 10*time.Second, time.Millisecond)
	assert.Error(t, (<-done).err)
}

func TestTwoSecretsSignWhileTheyRotate(t *testing.T) {
	t.Parallel()
	b, shop := hooked(t, simulator.Config{ManualWebhooks: true})
	require.NoError(t, b.SetWebhook(simulator.DefaultAccount, shop.url, "new", "old"))
	b.pay(simulator.TokenOK)
	_, err := b.DeliverAll(nil, 0)
	require.NoError(t, err)
	h := shop.hooks()[0]
	assert.Equal(t, 2, strings.Count(h.header, "v1="))
	assert.True(t, signed(h, clock(), "new"))
	assert.True(t, signed(h, clock(), "old"))
	assert.False(t, signed(h, clock(), simulator.DefaultWebhookSecret))
	refused(t, b.SetWebhook("acct_unknown", ""), "not_found")
}

func TestEventsWithoutAWebhookAreOnlyListed(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	b.capture(p.ID, 600, true)
	assert.Empty(t, b.Pending())
	assert.Len(t, b.Events(), 3)
	_, err := b.Deliver(b.Events()[0].ID)
	require.ErrorIs(t, err, simulator.ErrNoWebhook)
	_, err = b.DeliverForged(b.Events()[0].ID, simulator.TamperedBody)
	require.ErrorIs(t, err, simulator.ErrNoWebhook)

	var page struct {
		Data    []simulator.Event `json:"data"`
		HasMore bool              `json:"has_more"`
		Next    string            `json:"next"`
	}
	b.get("/v1/events?limit=2").into(t, &page)
	assert.Len(t, page.Data, 2)
	assert.True(t, page.HasMore)
	b.get("/v1/events?after="+page.Next).into(t, &page)
	assert.Equal(t, "payment.released", page.Data[0].Type)
	assert.False(t, page.HasMore)
	assert.Equal(t, "query_invalid", b.get("/v1/events?after=evt_unknown").code(t))
}

func TestDeliveryToNobodyFails(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{ManualWebhooks: true, Accounts: []simulator.Account{account("http://127.0.0.1:1/")}})
	b.pay(simulator.TokenOK)
	deliveries, err := b.DeliverAll(nil, 0)
	require.NoError(t, err)
	assert.Error(t, deliveries[0].Err)
	require.NoError(t, b.SetWebhook(simulator.DefaultAccount, ":bad"))
	deliveries, err = b.DeliverAll(nil, 0)
	require.NoError(t, err)
	assert.Error(t, deliveries[0].Err)
	assert.Len(t, b.Pending(), 1)
}

func TestEveryForgeryIsWhatItSays(t *testing.T) {
	t.Parallel()
	for _, how := range simulator.Forgeries() {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			b, shop := hooked(t, simulator.Config{ManualWebhooks: true})
			p := b.pay(simulator.TokenOK)
			original := b.Pending()[0]
			d, err := b.DeliverForged(original.ID, how)
			require.NoError(t, err)
			assert.Equal(t, 200, d.Status)
			assert.Len(t, b.Pending(), 1, "the event itself is still pending")
			h := shop.hooks()[0]
			assert.Equal(t, strings.HasPrefix(string(how), "signed_"), signed(h, clock(), simulator.DefaultWebhookSecret))
			assert.Equal(t, how == simulator.EmptySecret, signed(h, clock(), ""))
			switch how {
			case simulator.SignedWrongAmount:
				assert.Equal(t, int64(1001), h.event.Data.Movement.Amount.Value)
			case simulator.SignedWrongCurrency:
				assert.Equal(t, "USD", h.event.Data.Movement.Amount.Currency)
			case simulator.SignedForeignPayment:
				assert.NotEqual(t, p.ID, h.event.Data.Payment.ID)
				assert.NotEqual(t, original.ID, h.event.ID)
				_, err := b.Payment(h.event.Data.Payment.ID)
				refused(t, err, "not_found")
			case simulator.SignedForeignAccount:
				assert.NotEqual(t, original.Account, h.event.Account)
			case simulator.MissingSignature:
				assert.Empty(t, h.header)
			case simulator.TamperedBody:
				assert.True(t, json.Valid(h.body))
			default:
				assert.Equal(t, original.ID, h.event.ID)
			}
		})
	}
	b := setup(t, simulator.Config{})
	_, err := b.DeliverForged("evt_unknown", simulator.OldScheme)
	refused(t, err, "not_found")
}

func TestSignIsTheDocumentedHMAC(t *testing.T) {
	t.Parallel()
	// echo -n '1700000000.{}' | openssl dgst -sha256 -hmac secret
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte("1700000000.{}"))
	want := "t=1700000000,v1=" + hex.EncodeToString(mac.Sum(nil))
	assert.Equal(t, want, simulator.Sign([]byte("{}"), time.Unix(1700000000, 0), "secret"))
	assert.Equal(t, http.CanonicalHeaderKey(simulator.SignatureHeader), simulator.SignatureHeader)
}
