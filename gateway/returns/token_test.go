package returns_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/returns"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func tokens(secrets ...string) returns.Tokens {
	t := returns.Tokens{Now: func() time.Time { return now }}
	for _, s := range secrets {
		t.Secrets = append(t.Secrets, gateway.NewSecret(strings.Repeat(s, 8)))
	}
	return t
}

func TestATokenNamesItsPayment(t *testing.T) {
	t.Parallel()
	token, err := tokens("old-").Make("es", "pay_1", returns.Return)
	require.NoError(t, err)
	assert.Regexp(t, `^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`, token)
	want := returns.Claim{Kind: returns.Return, Store: "es", Payment: "pay_1", Expires: now.Add(7 * 24 * time.Hour).Local()}
	for _, have := range []returns.Tokens{tokens("old-"), tokens("new-", "old-"), tokens("old-", "new-")} {
		got, err := have.Verify(token, returns.Return)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err = tokens("new-").Verify(token, returns.Return)
	require.ErrorIs(t, err, gateway.CodeAuthentication, "its secret is out of use")
	_, err = tokens("old-").Verify(token, returns.Cancel)
	require.ErrorIs(t, err, gateway.CodeAuthentication, "it is for something else")
	late := tokens("old-")
	late.Now = func() time.Time { return now.Add(7 * 24 * time.Hour) }
	_, err = late.Verify(token, returns.Return)
	require.ErrorIs(t, err, gateway.CodeAuthentication, "it has expired")
}

// Every change of every character is refused.
func TestAForgedTokenIsRefused(t *testing.T) {
	t.Parallel()
	good, secret := tokens("key-"), "key-"
	token, err := good.Make("es", "pay_1", returns.Return)
	require.NoError(t, err)
	other, err := good.Make("es", "pay_2", returns.Return)
	require.NoError(t, err)
	foreign, err := tokens("yek-").Make("es", "pay_1", returns.Return)
	require.NoError(t, err)
	body, mac, _ := strings.Cut(token, ".")
	otherBody, _, _ := strings.Cut(other, ".")
	forged := []string{
		"", ".", body, body + ".", "." + mac, mac + "." + body, otherBody + "." + mac, foreign, token + "=", token + ".", token + "A", token + "\n", " " + token, token + token,
		strings.ToUpper(token), strings.Repeat("A", 2000) + "." + mac, base64.RawURLEncoding.EncodeToString([]byte(secret)) + "." + mac, "pay_1", "null",
	}
	for at := range len(token) {
		b := []byte(token)
		if b[at] ^= 1; b[at] == '.' {
			b[at] = 'x'
		}
		forged = append(forged, string(b))
	}
	assert.Greater(t, len(forged), 60)
	for _, f := range forged {
		_, err := good.Verify(f, returns.Return)
		require.ErrorIs(t, err, gateway.CodeAuthentication, "%q", f)
	}
}

func TestTokensNeedAGoodSecret(t *testing.T) {
	t.Parallel()
	negative := tokens("key-")
	negative.TTL = -1
	for _, bad := range []returns.Tokens{{}, {Secrets: []gateway.Secret{{}}}, {Secrets: []gateway.Secret{gateway.NewSecret("short")}}, negative} {
		_, err := bad.Make("es", "pay_1", returns.Return)
		require.ErrorIs(t, err, gateway.CodeInternal)
		_, err = bad.Verify("x", returns.Return)
		require.ErrorIs(t, err, gateway.CodeInternal)
	}
}

// Whatever a browser brings, nothing that was not signed here is taken.
func FuzzTokens(f *testing.F) {
	token, err := tokens("key-").Make("es", "pay_1", returns.Return)
	require.NoError(f, err)
	f.Add(token)
	f.Add("e30.e30")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := tokens("key-").Verify(text, returns.Return); err == nil {
			assert.Equal(t, token, text)
			assert.Equal(t, gateway.PaymentID("pay_1"), c.Payment)
		}
	})
}
