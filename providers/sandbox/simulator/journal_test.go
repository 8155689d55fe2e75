package simulator_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func journaled(t *testing.T) simulator.Config {
	t.Helper()
	return simulator.Config{Journal: filepath.Join(t.TempDir(), "provider.jsonl"), Rules: simulator.Rules{LateEffect: time.Minute}}
}

// copyOf is what a crash leaves: the journal of a server that still runs.
func copyOf(t *testing.T, cfg simulator.Config) simulator.Config {
	t.Helper()
	data, err := os.ReadFile(cfg.Journal)
	require.NoError(t, err)
	cfg.Journal = filepath.Join(t.TempDir(), "copy.jsonl")
	require.NoError(t, os.WriteFile(cfg.Journal, data, 0o600))
	return cfg
}

func TestRestartHasTheSameState(t *testing.T) {
	t.Parallel()
	cfg := journaled(t)
	b := setup(t, cfg)
	p := b.pay(simulator.TokenOK, object{"save_instrument": true, "metadata": object{"a": "b"}})
	b.capture(p.ID, 600, true)
	b.refund(p.ID, 100)
	pending := b.pay(simulator.TokenPending)
	b.pay(simulator.TokenChallenge)
	declined := b.payWith("declined", payment(simulator.TokenDeclined))
	b.do(http.MethodDelete, "/v1/instruments/"+store(b, simulator.TokenOK).ID, "", nil)
	b.Advance(30 * time.Second)
	_, err := b.Chargeback(p.ID, 50)
	require.NoError(t, err)

	again := setup(t, copyOf(t, cfg))
	assert.Equal(t, b.Payments()[0], again.Payments()[0])
	assert.Equal(t, b.Ledger(), again.Ledger())
	assert.Equal(t, b.Events(), again.Events())
	assert.Equal(t, b.Now(), again.Now())
	assert.Equal(t, 1, again.Effects("key-1"))
	replayed := again.payWith("declined", payment(simulator.TokenDeclined))
	assert.Equal(t, declined.body, replayed.body)
	assert.Equal(t, "true", replayed.header.Get("Idempotent-Replayed"))
	assert.Equal(t, http.StatusOK, again.get("/v1/instruments/"+p.Instrument.ID).status)
	require.NoError(t, again.ResolveDispute(p.ID, true))
	fresh := again.payWith("fresh", payment(p.Instrument.ID))
	assert.Equal(t, http.StatusCreated, fresh.status)
	assert.NotContains(t, string(fresh.body), p.ID, "ids are never given out twice")

	again.Advance(31 * time.Second)
	assert.Equal(t, simulator.StatusAuthorized, again.now(pending.ID).Status, "what was due later still comes")
	b.Advance(31 * time.Second)
	assert.Equal(t, simulator.StatusAuthorized, b.now(pending.ID).Status)
}

func TestRestartOnTheSameAddressKeepsTheBankPage(t *testing.T) {
	t.Parallel()
	cfg := journaled(t)
	b := setup(t, cfg)
	p := b.pay(simulator.TokenChallenge)
	require.NoError(t, b.Close())
	cfg.Address = strings.TrimPrefix(b.URL(), "http://")
	again := setup(t, cfg)
	assert.Equal(t, b.URL(), again.URL())
	assert.Equal(t, http.StatusOK, choose(again, p, "approve").status)
	assert.Equal(t, []string{"hold 1000"}, again.kinds())
}

func TestLateEffectComesAfterARestart(t *testing.T) {
	t.Parallel()
	cfg := journaled(t)
	b := setup(t, cfg)
	b.Next("", simulator.LateReset)
	b.payWith("k", payment(simulator.TokenOK))
	again := setup(t, copyOf(t, cfg))
	assert.Equal(t, "idempotency_in_flight", again.payWith("k", payment(simulator.TokenOK)).code(t))
	again.Advance(time.Hour)
	assert.Equal(t, []string{"hold 1000"}, again.kinds())
	assert.Equal(t, clock().Add(time.Minute), again.Ledger()[0].Time, "at its own time")
	assert.Equal(t, 1, again.Effects("k"))
	assert.Equal(t, "true", again.payWith("k", payment(simulator.TokenOK)).header.Get("Idempotent-Replayed"))
}

func TestLateEffectThatCameIsNotInFlightAfterARestart(t *testing.T) {
	t.Parallel()
	cfg := journaled(t)
	b := setup(t, cfg)
	b.Next("", simulator.LateEffect)
	b.payWith("k", payment(simulator.TokenOK))
	b.Advance(time.Minute)
	again := setup(t, copyOf(t, cfg))
	assert.Equal(t, "true", again.payWith("k", payment(simulator.TokenOK)).header.Get("Idempotent-Replayed"))
	again.Advance(time.Hour)
	assert.Equal(t, []string{"hold 1000"}, again.kinds(), "it comes once")
}

func TestTornLastLineIsCutOff(t *testing.T) {
	t.Parallel()
	cfg := journaled(t)
	b := setup(t, cfg)
	b.pay(simulator.TokenOK)
	b.pay(simulator.TokenOK)
	require.NoError(t, b.Close())
	data, err := os.ReadFile(cfg.Journal)
	require.NoError(t, err)
	first := strings.IndexByte(string(data), '\n') + 1
	for _, cut := range []int{first, first + 1, (first + len(data)) / 2, len(data) - 1, len(data)} {
		torn := cfg
		torn.Journal = filepath.Join(t.TempDir(), "torn.jsonl")
		require.NoError(t, os.WriteFile(torn.Journal, data[:cut], 0o600))
		want := 1
		if cut == len(data) {
			want = 2
		}
		again := setup(t, torn)
		assert.Len(t, again.Ledger(), want, "cut at %d", cut)
		assert.Equal(t, http.StatusCreated, again.payWith("fresh", payment(simulator.TokenOK)).status)
		assert.Len(t, setup(t, copyOf(t, torn)).Ledger(), want+1, "what follows a torn line is readable")
	}
}

func TestDamagedJournalIsRefused(t *testing.T) {
	t.Parallel()
	cfg := journaled(t)
	require.NoError(t, os.WriteFile(cfg.Journal, []byte("{\"counter\":1}\n{garbage}\n{\"counter\":2}\n"), 0o600))
	_, err := simulator.Start(cfg)
	require.ErrorIs(t, err, simulator.ErrJournal)
	assert.ErrorContains(t, err, "line 2")
	cfg.Journal = t.TempDir() // a directory
	_, err = simulator.Start(cfg)
	require.ErrorIs(t, err, simulator.ErrJournal)
}

func TestAcknowledgedEventsStayAcknowledged(t *testing.T) {
	t.Parallel()
	shop := receive(t)
	cfg := journaled(t)
	cfg.ManualWebhooks, cfg.Accounts = true, []simulator.Account{account(shop.url)}
	b := setup(t, cfg)
	p := b.pay(simulator.TokenOK)
	_, err := b.DeliverAll(nil, 0)
	require.NoError(t, err)
	b.capture(p.ID, 600, false)
	again := setup(t, copyOf(t, cfg))
	require.Len(t, again.Pending(), 1)
	assert.Equal(t, "capture.succeeded", again.Pending()[0].Type)
	assert.Equal(t, int64(2), again.Pending()[0].Sequence)
}
