package status_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

var (
	key  = storage.PaymentKey{Store: "es", Payment: "pay_17"}
	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

func tokens(t testing.TB, keys ...gateway.Secret) *status.Tokens {
	t.Helper()
	all, err := status.NewTokens(keys...)
	require.NoError(t, err)
	return all
}

func TestATokenNamesItsPaymentUntilItExpires(t *testing.T) {
	t.Parallel()
	all := tokens(t, newKey)
	forever, hour := all.Make(key, time.Time{}), all.Make(key, noon.Add(time.Hour))
	for _, token := range []string{forever, hour} {
		found, err := all.Open(token, noon)
		require.NoError(t, err)
		assert.Equal(t, key, found)
		assert.Regexp(t, `^[A-Za-z0-9_-]{50,120}$`, token, "it may stand in a URL")
	}
	_, err := all.Open(hour, noon.Add(time.Hour-time.Second))
	require.NoError(t, err)
	_, err = all.Open(hour, noon.Add(time.Hour))
	require.ErrorIs(t, err, gateway.CodeNotFound)
	_, err = all.Open(forever, noon.AddDate(50, 0, 0))
	require.NoError(t, err)
}

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	before, during, after := tokens(t, oldKey), tokens(t, newKey, oldKey), tokens(t, newKey)
	old := before.Make(key, time.Time{})
	_, err := during.Open(old, noon)
	require.NoError(t, err, "what the old key signed is accepted")
	_, err = after.Open(old, noon)
	require.ErrorIs(t, err, gateway.CodeNotFound)
	_, err = after.Open(during.Make(key, time.Time{}), noon)
	require.NoError(t, err, "the new key signs")
}

// bad are tokens that name nothing, one of every sort.
func bad(t testing.TB) map[string]string {
	t.Helper()
	good := tokens(t, newKey).Make(key, noon.Add(time.Hour))
	raw, err := base64.RawURLEncoding.DecodeString(good)
	require.NoError(t, err)
	flip := func(at int) string {
		forged := append([]byte(nil), raw...)
		forged[at] ^= 1
		return base64.RawURLEncoding.EncodeToString(forged)
	}
	return map[string]string{
		"nothing":           "",
		"a bare id":         "pay_17",
		"no base64":         "!!!" + good,
		"a line break":      good[:8] + "\n" + good[8:],
		"a line's end":      good + "\r\n",
		"another version":   flip(0),
		"another expiry":    flip(1),
		"another payment":   flip(12),
		"a forged end":      flip(len(raw) - 1),
		"cut off":           good[:len(good)-4],
		"prolonged":         good + "AAAA",
		"expired":           tokens(t, newKey).Make(key, noon.Add(-time.Second)),
		"of another shop":   tokens(t, gateway.NewSecret(strings.Repeat("z", 32))).Make(key, time.Time{}),
		"of a dropped key":  tokens(t, oldKey).Make(key, time.Time{}),
		"much too long":     strings.Repeat("A", 4000),
		"a signature alone": base64.RawURLEncoding.EncodeToString(raw[len(raw)-32:]),
	}
}

func TestForgedAndExpiredTokensAreAllRefusedAlike(t *testing.T) {
	t.Parallel()
	all := tokens(t, newKey)
	var texts []string
	for name, token := range bad(t) {
		found, err := all.Open(token, noon)
		require.ErrorIs(t, err, gateway.CodeNotFound, name)
		assert.Zero(t, found, name)
		texts = append(texts, err.Error())
	}
	for _, text := range texts {
		assert.Equal(t, texts[0], text, "the error does not tell what is wrong")
	}
}

// Every byte of the token matters.
func TestNoByteOfATokenMayBeChanged(t *testing.T) {
	t.Parallel()
	all := tokens(t, newKey, oldKey)
	raw, err := base64.RawURLEncoding.DecodeString(all.Make(key, time.Time{}))
	require.NoError(t, err)
	for i := range raw {
		for bit := range 8 {
			forged := append([]byte(nil), raw...)
			forged[i] ^= 1 << bit
			_, err := all.Open(base64.RawURLEncoding.EncodeToString(forged), noon)
			require.ErrorIs(t, err, gateway.CodeNotFound, "byte %d bit %d", i, bit)
		}
	}
}

// The same work is done whatever is wrong: every key is tried for every token, and
// signatures are compared whole. Work is counted in allocations, since times tell
// little on a busy machine.
func TestATokenIsRefusedInConstantTime(t *testing.T) { //nolint:paralleltest // it counts allocations
	all := tokens(t, newKey, oldKey, gateway.NewSecret(strings.Repeat("k", 40)))
	work := func(token string) float64 {
		return testing.AllocsPerRun(100, func() { _, _ = all.Open(token, noon) })
	}
	good := tokens(t, newKey).Make(key, noon.Add(time.Hour))
	raw, err := base64.RawURLEncoding.DecodeString(good)
	require.NoError(t, err)
	want := work(tokens(t, gateway.NewSecret(strings.Repeat("z", 32))).Make(key, noon.Add(time.Hour)))
	for at := range raw {
		forged := append([]byte(nil), raw...)
		forged[at] ^= 1
		assert.InDelta(t, want, work(base64.RawURLEncoding.EncodeToString(forged)), 0.5, "byte %d", at)
	}
	assert.InDelta(t, want, work(tokens(t, newKey).Make(key, noon.Add(-time.Hour))), 0.5, "an expired one")
	for i := range 3 {
		k := []gateway.Secret{newKey, oldKey, gateway.NewSecret(strings.Repeat("k", 40))}[i]
		assert.InDelta(t, want+2, work(tokens(t, k).Make(key, noon.Add(time.Hour))), 0.5, "it does not tell which key signed (%d); a good one costs its two names", i)
	}
}

func TestAWeakKeyIsRefusedAndNotQuoted(t *testing.T) {
	t.Parallel()
	for _, keys := range [][]gateway.Secret{nil, {gateway.NewSecret("canary")}, {newKey, {}}} {
		_, err := status.NewTokens(keys...)
		require.ErrorIs(t, err, gateway.CodeInternal)
		assert.NotContains(t, err.Error(), "canary")
	}
	assert.NotContains(t, fmt.Sprintf("%+v %#v", tokens(t, newKey), *tokens(t, newKey)), newKey.Reveal())
}

func TestEveryWayAsksForTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pay("pay_17")
	for name, token := range bad(t) {
		if name == "expired" {
			token = w.tokens.Make(key, time.Now().Add(-time.Second))
		}
		if token == "" || len(token) > 1000 {
			continue
		}
		own := "/v1/payments/" + url.PathEscape(token)
		for _, path := range []string{poll(token, ""), poll(token, "processing"), own, own + "?known=x", own + "/events"} {
			assert.Equal(t, http.StatusNotFound, w.get(path).status, "%s: %s", name, path)
		}
	}
}

// Only what was made is opened. Of those that are refused some are one that is good,
// and a little more: that may be found in them.
func FuzzOpen(f *testing.F) {
	all := tokens(f, newKey)
	good := all.Make(key, noon.Add(time.Hour))
	for _, token := range bad(f) {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		found, err := all.Open(token, noon)
		if err == nil && token != good && token != all.Make(found, time.Time{}) {
			t.Fatalf("%q names %v", token, found)
		}
	})
}
