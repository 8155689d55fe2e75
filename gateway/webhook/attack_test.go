package webhook_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook/webhooktest"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

func at(t time.Time) webhook.Window { return webhook.Window{Now: func() time.Time { return t }} }

func fixed(secrets ...string) webhook.Secrets {
	var all []gateway.Secret
	for _, s := range secrets {
		all = append(all, gateway.NewSecret(s))
	}
	return webhook.Fixed(all...)
}

const secret = "whsec_test_5f2b8e0c9a7d4136"

var key24 = "whsec_" + base64.StdEncoding.EncodeToString([]byte("abcdefghijklmnopqrstuvwxyz012345"))

// keys are RSA keys by name; making one takes a while.
var keys = sync.OnceValues(func() (map[string]*rsa.PrivateKey, error) {
	all := map[string]*rsa.PrivateKey{}
	for _, name := range []string{"true", "other", "third"} {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		all[name] = k
	}
	return all, nil
})

func pins(t *testing.T, names ...string) func(context.Context, gateway.StoreID) ([]webhook.Pin, error) {
	t.Helper()
	all, err := keys()
	require.NoError(t, err)
	var some []webhook.Pin
	for _, n := range names {
		some = append(some, webhook.Pin{Key: &all[n].PublicKey})
	}
	return func(context.Context, gateway.StoreID) ([]webhook.Pin, error) { return some, nil }
}

// attacked is a scheme, how it is verified and how it is attacked.
type attacked struct {
	verifier webhook.Verifier
	scheme   webhooktest.Scheme
	trust    webhook.Trust
}

func schemes(t *testing.T) map[string]attacked {
	t.Helper()
	all := map[string]attacked{}
	foreign := []string{"whsec_live_5f2b8e0c9a7d4136", "whsec_test_of_another_store"}
	for name, h := range map[string]webhook.HMAC{
		"HMAC-SHA256 hex":    {Header: "X-Signature"},
		"HMAC-SHA256 base64": {Header: "X-Signature", Encoding: webhook.Base64},
		"HMAC-SHA512 hex":    {Header: "X-Signature", Hash: webhook.SHA512, Prefix: "sha512="},
		"HMAC-SHA512 base64": {Header: "X-Signature", Hash: webhook.SHA512, Encoding: webhook.Base64},
	} {
		verifier := h
		verifier.Secrets = fixed(secret)
		all[name] = attacked{verifier, webhooktest.Scheme{
			Headers: []string{"X-Signature"}, Secret: secret, Foreign: foreign, Body: true,
			Sign: func(secret string, _ time.Time, c *webhook.Call) error {
				signer := h
				signer.Secrets = fixed(secret)
				return signer.Sign(t.Context(), c)
			},
		}, webhook.Proved}
	}
	all["timestamped"] = attacked{webhook.Timestamped{Secrets: fixed(secret), Header: "X-Signature", Window: at(now)}, webhooktest.Scheme{
		Headers: []string{"X-Signature"}, Secret: secret, Foreign: foreign, Body: true, Tolerance: webhook.DefaultTolerance,
		Sign: func(secret string, when time.Time, c *webhook.Call) error {
			return webhook.Timestamped{Secrets: fixed(secret), Header: "X-Signature", Window: at(when)}.Sign(t.Context(), c)
		},
	}, webhook.Proved}
	other := base64.StdEncoding.EncodeToString([]byte("543210abcdefghijklmnopqrstuvwxyz"))
	all["Standard Webhooks"] = attacked{webhook.Standard{Secrets: fixed(key24), Window: at(now)}, webhooktest.Scheme{
		Headers: []string{"Webhook-Signature", "Webhook-Timestamp", "Webhook-Id"}, Secret: key24, Foreign: []string{other}, Body: true, Tolerance: webhook.DefaultTolerance,
		Sign: func(secret string, when time.Time, c *webhook.Call) error {
			return webhook.Standard{Secrets: fixed(secret), Window: at(when)}.Sign(t.Context(), c)
		},
	}, webhook.Proved}
	private, err := keys()
	require.NoError(t, err)
	for name, pss := range map[string]bool{"RSA PKCS #1": false, "RSA PSS": true} {
		scheme := webhook.RSA{Pins: pins(t, "true"), PSS: pss, Header: "X-Signature", Now: clock}
		all[name] = attacked{scheme, webhooktest.Scheme{
			Headers: []string{"X-Signature"}, Foreign: []string{"other", "third"}, Body: true,
			Sign: func(name string, _ time.Time, c *webhook.Call) error {
				if name == "" {
					name = "true"
				}
				return scheme.SignWith(private[name], c)
			},
		}, webhook.Proved}
	}
	basic := func(password string) webhook.Basic {
		return webhook.Basic{Users: func(context.Context, gateway.StoreID) ([]webhook.User, error) {
			return []webhook.User{{Name: "provider", Password: gateway.NewSecret(password)}}, nil
		}}
	}
	all["basic"] = attacked{basic(secret), webhooktest.Scheme{
		Headers: []string{"Authorization"}, Secret: secret, Foreign: foreign,
		Sign: func(secret string, _ time.Time, c *webhook.Call) error { return basic(secret).Sign(t.Context(), c) },
	}, webhook.Proved}
	echo := func(secret string) webhook.Echoed {
		return webhook.Echoed{Secrets: fixed(secret), Read: func(c webhook.Call) (string, []string, error) {
			cart, merchant, _ := strings.Cut(string(c.Body), "&")
			mac, err := c.Value("M-Signature")
			return mac, []string{cart, merchant}, err
		}}
	}
	all["echoed"] = attacked{echo(secret), webhooktest.Scheme{
		Headers: []string{"M-Signature"}, Secret: secret, Foreign: foreign, Body: true,
		Sign: func(secret string, _ time.Time, c *webhook.Call) error {
			cart, merchant, _ := strings.Cut(string(c.Body), "&")
			mac, err := echo(secret).Of(t.Context(), c.Store, cart, merchant)
			c.Header.Set("M-Signature", mac)
			return err
		},
	}, webhook.Hint}
	return all
}

// W1: at least 60 forgeries against each scheme, and every one is refused, with an
// error that the sender may see.
func TestW1EveryForgeryIsRefused(t *testing.T) {
	t.Parallel()
	total := 0
	for name, a := range schemes(t) {
		honest := webhook.Call{Store: "es", Header: http.Header{}, Body: []byte(`{"id":"evt_1", "type":"captured","amount":{"value":1000,"currency":"EUR"},"text":"ñ&ñ"}`)}
		require.NoError(t, a.scheme.Sign(a.scheme.Secret, now, &honest))
		receiver := webhook.Receiver{Verifier: a.verifier}
		trust, err := receiver.Verify(t.Context(), honest)
		require.NoError(t, err, name)
		require.Equal(t, a.trust, trust)

		attacks := webhooktest.Attacks(a.scheme, honest, now)
		assert.GreaterOrEqual(t, len(attacks), 60, name)
		for _, forged := range attacks {
			trust, err := receiver.Verify(t.Context(), forged.Call)
			assert.Equal(t, webhook.Refused, trust, "%s: %s", name, forged)
			assert.Equal(t, webhook.CaseRefused, webhook.CaseOf(err), "%s: %s", name, forged)
			if err != nil {
				assert.NotContains(t, err.Error(), secret)
				assert.NotContains(t, err.Error(), "evt_1")
			}
		}
		total += len(attacks)
	}
	t.Logf("schemes: %d, forgeries: %d, believed: 0", len(schemes(t)), total)
}

// What is signed for one store is not believed for another.
func TestAnotherStoresSecretProvesNothing(t *testing.T) {
	t.Parallel()
	secrets := webhook.SecretsFunc(func(_ context.Context, store gateway.StoreID) ([]gateway.Secret, error) {
		if store == "xx" {
			return nil, gateway.Errorf(gateway.CodeAuthentication, "no such store")
		}
		return []gateway.Secret{gateway.NewSecret(secret + string(store))}, nil
	})
	s := webhook.Timestamped{Secrets: secrets, Header: "S", Window: at(now)}
	c := webhook.Call{Store: "fr", Body: []byte("{}")}
	require.NoError(t, s.Sign(t.Context(), &c))
	for store, want := range map[gateway.StoreID]webhook.Trust{"fr": webhook.Proved, "es": webhook.Refused, "": webhook.Refused, "xx": webhook.Refused} {
		c.Store = store
		trust, _ := s.Verify(t.Context(), c)
		assert.Equal(t, want, trust, store)
	}
	echo := webhook.Echoed{Secrets: fixed(secret), Read: func(c webhook.Call) (string, []string, error) { return string(c.Body), []string{"17"}, nil }}
	mac, err := echo.Of(t.Context(), "fr", "17")
	require.NoError(t, err)
	_, err = echo.Verify(t.Context(), webhook.Call{Store: "es", Body: []byte(mac)})
	require.ErrorIs(t, err, gateway.CodeAuthentication, "the store is part of what is signed")
	joined, err := echo.Of(t.Context(), "fr", "1", "7")
	require.NoError(t, err)
	assert.NotEqual(t, mac, joined, "parts are told apart")
}

// Whatever is not set refuses: a receiver, a verifier, a scheme without secrets,
// with empty ones, and a verifier that says nothing.
func TestWhatIsNotSetRefuses(t *testing.T) {
	t.Parallel()
	c := webhook.Call{Store: "es", Header: http.Header{"S": {"x"}}, Body: []byte("{}")}
	silent := webhook.VerifierFunc(func(context.Context, webhook.Call) (webhook.Trust, error) { return webhook.Refused, nil })
	odd := webhook.VerifierFunc(func(context.Context, webhook.Call) (webhook.Trust, error) { return 7, nil })
	none := webhook.Fixed(gateway.Secret{}, gateway.NewSecret(""))
	for _, v := range []webhook.Verifier{
		nil, webhook.VerifierFunc(nil), silent, odd,
		webhook.HMAC{},
		webhook.Timestamped{},
		webhook.Standard{},
		webhook.RSA{},
		webhook.Basic{},
		webhook.Echoed{},
		webhook.HMAC{Secrets: none, Header: "S"},
		webhook.Timestamped{Secrets: none, Header: "S"},
		webhook.Standard{Secrets: none},
	} {
		r := webhook.Receiver{Verifier: v}
		trust, err := r.Verify(t.Context(), c)
		assert.Equal(t, webhook.Refused, trust)
		require.Error(t, err)
		_, err = r.Read(t.Context(), c, trust)
		require.ErrorIs(t, err, gateway.CodeAuthentication)
	}
	for _, s := range []webhook.Signer{webhook.HMAC{Secrets: none}, webhook.Timestamped{Secrets: none}, webhook.Standard{Secrets: none}, webhook.Basic{}} {
		require.Error(t, s.Sign(t.Context(), &webhook.Call{}))
	}
	short := fixed(base64.StdEncoding.EncodeToString([]byte("short")))
	require.Error(t, webhook.Standard{Secrets: short}.Sign(t.Context(), &webhook.Call{}), "the library would take it")
}

// A signature that is right under another scheme's name proves nothing.
func TestAnOlderSchemeProvesNothing(t *testing.T) {
	t.Parallel()
	s := webhook.Timestamped{Secrets: fixed(secret), Header: "S", Window: at(now)}
	c := webhook.Call{Body: []byte("{}")}
	require.NoError(t, s.Sign(t.Context(), &c))
	good := c.Header.Get("S")
	for _, name := range []string{"v0=", "v2=", "V1=", "v1 =", "v11="} {
		c.Header.Set("S", strings.Replace(good, "v1=", name, 1))
		_, err := s.Verify(t.Context(), c)
		require.ErrorIs(t, err, gateway.CodeAuthentication, name)
	}
	c.Header.Set("S", good+",v0="+strings.Repeat("0", 64))
	_, err := s.Verify(t.Context(), c)
	require.NoError(t, err, "an older one beside it does no harm")
}
