package webhook_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	ours "github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// W2: the test cases 1 to 4, 6 and 7 of RFC 4231.
func TestW2TheVectorsOfRFC4231(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("aa", 131)
	for _, v := range []struct{ key, data, sha256, sha512 string }{
		{
			strings.Repeat("0b", 20), hex.EncodeToString([]byte("Hi There")),
			"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
			"87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
		},
		{
			hex.EncodeToString([]byte("Jefe")), hex.EncodeToString([]byte("what do ya want for nothing?")),
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
			"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
		},
		{
			strings.Repeat("aa", 20), strings.Repeat("dd", 50),
			"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
			"fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
		},
		{
			"0102030405060708090a0b0c0d0e0f10111213141516171819", strings.Repeat("cd", 50),
			"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
			"b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
		},
		{
			long, hex.EncodeToString([]byte("Test Using Larger Than Block-Size Key - Hash Key First")),
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
			"80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
		},
		{
			long, hex.EncodeToString([]byte("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.")),
			"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
			"e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
		},
	} {
		key, data := unhex(t, v.key), unhex(t, v.data)
		for h, want := range map[ours.Hash]string{ours.SHA256: v.sha256, ours.SHA512: v.sha512} {
			assert.True(t, ours.Equal(unhex(t, want), h.Sum(key, data)))
			_, err := ours.HMAC{Secrets: fixed(string(key)), Header: "S", Hash: h}.Verify(t.Context(), ours.Call{Header: http.Header{"S": {want}}, Body: data})
			require.NoError(t, err)
		}
	}
}

// W2: the example of the Standard Webhooks specification and its library's test,
// whose time is long ago.
func TestW2TheVectorOfStandardWebhooks(t *testing.T) {
	t.Parallel()
	c := ours.Call{Body: []byte(`{"test": 2432232314}`), Header: http.Header{
		"Webhook-Id": {"msg_p5jXN8AQM9LWM0D4loKWxJek"}, "Webhook-Timestamp": {"1614265330"}, "Webhook-Signature": {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	}}
	s := ours.Standard{Secrets: fixed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Window: at(time.Unix(1614265330, 0))}
	trust, err := s.Verify(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, ours.Proved, trust)
	s.Secrets = fixed("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	_, err = s.Verify(t.Context(), c)
	require.NoError(t, err, "without its prefix")
	s.Window = ours.Window{}
	_, err = s.Verify(t.Context(), c)
	require.ErrorIs(t, err, gateway.CodeAuthentication, "by today's clock it is too old")
}

// W2: what Stripe's own library signs is believed, and what ours signs is by theirs.
func TestW2StripesLibraryAgrees(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"evt_1","object":"event"}`)
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: now})
	s := ours.Timestamped{Secrets: fixed(secret), Header: "Stripe-Signature", Window: at(now)}
	trust, err := s.Verify(t.Context(), ours.Call{Header: http.Header{"Stripe-Signature": {signed.Header}}, Body: body})
	require.NoError(t, err)
	assert.Equal(t, ours.Proved, trust)

	c := ours.Call{Body: body}
	require.NoError(t, s.Sign(t.Context(), &c))
	require.NoError(t, webhook.ValidatePayloadIgnoringTolerance(body, c.Header.Get("Stripe-Signature"), secret))
}

// W2: while a secret is rotated, either side may be first.
func TestW2TwoSecretsWhileOneIsRotated(t *testing.T) {
	t.Parallel()
	old, fresh := "the-old-secret-0123456789", "the-new-secret-0123456789"
	for _, theirs := range [][]string{{old}, {fresh}, {old, fresh}, {fresh, old}} {
		for _, have := range [][]string{{old, fresh}, {fresh, old}, {"", fresh, old}} {
			c := ours.Call{Body: []byte("{}")}
			require.NoError(t, ours.Timestamped{Secrets: fixed(theirs...), Header: "S", Window: at(now)}.Sign(t.Context(), &c))
			_, err := ours.Timestamped{Secrets: fixed(have...), Header: "S", Window: at(now)}.Verify(t.Context(), c)
			require.NoError(t, err)
		}
	}
	c := ours.Call{Body: []byte("{}")}
	require.NoError(t, ours.Timestamped{Secrets: fixed(old), Header: "S", Window: at(now)}.Sign(t.Context(), &c))
	_, err := ours.Timestamped{Secrets: fixed(fresh), Header: "S", Window: at(now)}.Verify(t.Context(), c)
	require.Error(t, err, "the old one is out of use")

	one := key24
	two := "whsec_bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleQ=="
	for _, have := range [][]string{{one, two}, {two, one}} {
		for _, theirs := range [][]string{{one}, {two}, {one, two}} {
			c := ours.Call{Body: []byte("{}")}
			require.NoError(t, ours.Standard{Secrets: fixed(theirs...), Window: at(now)}.Sign(t.Context(), &c))
			_, err := ours.Standard{Secrets: fixed(have...), Window: at(now)}.Verify(t.Context(), c)
			require.NoError(t, err)
		}
	}
	private, err := keys()
	require.NoError(t, err)
	rsa := ours.RSA{Pins: pins(t, "true", "other"), Header: "S"}
	for _, name := range []string{"true", "other"} {
		c := ours.Call{Body: []byte("{}")}
		require.NoError(t, rsa.SignWith(private[name], &c))
		_, err = rsa.Verify(t.Context(), c)
		require.NoError(t, err)
	}
}

// The time is tolerated to the second, either way.
func TestTheWindowHasTwoSides(t *testing.T) {
	t.Parallel()
	for offset, good := range map[time.Duration]bool{
		0: true, ours.DefaultTolerance: true, -ours.DefaultTolerance: true, ours.DefaultTolerance + time.Second: false, -ours.DefaultTolerance - time.Second: false,
	} {
		c := ours.Call{Body: []byte("{}")}
		require.NoError(t, ours.Timestamped{Secrets: fixed(secret), Header: "S", Window: at(now.Add(offset))}.Sign(t.Context(), &c))
		_, err := ours.Timestamped{Secrets: fixed(secret), Header: "S", Window: at(now)}.Verify(t.Context(), c)
		assert.Equal(t, good, err == nil, offset)
	}
}

// A certificate is believed within its time; what a notification says of where
// its certificate is, is not even looked at.
func TestPinnedCertificates(t *testing.T) {
	t.Parallel()
	private, err := keys()
	require.NoError(t, err)
	made := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "provider"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, made, made, &private["true"].PublicKey, private["true"])
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(&private["other"].PublicKey)
	require.NoError(t, err)
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})...)
	all, err := ours.Pins(text)
	require.NoError(t, err)
	require.Len(t, all, 2)
	s := ours.RSA{Header: "S", Pins: func(context.Context, gateway.StoreID) ([]ours.Pin, error) { return all, nil }}
	c := ours.Call{Body: []byte("{}")}
	require.NoError(t, s.SignWith(private["true"], &c))
	for offset, good := range map[time.Duration]bool{0: true, 2 * time.Hour: false, -2 * time.Hour: false} {
		s.Now = func() time.Time { return now.Add(offset) }
		_, err := s.Verify(t.Context(), c)
		assert.Equal(t, good, err == nil, offset)
	}
	s.Now = clock
	require.NoError(t, s.SignWith(private["third"], &c))
	for _, where := range []string{
		"https://api.provider.example/cert.pem", "https://api.provider.example@evil.example/cert.pem", "https://api.provider.example.evil.example/", "https://api.provider.example:444/",
		"http://169.254.169.254/latest", "file:///etc/passwd", "//evil.example", "https://evil.example/#api.provider.example",
	} {
		c.Header.Set("Paypal-Cert-Url", where)
		_, err := s.Verify(t.Context(), c)
		require.ErrorIs(t, err, gateway.CodeAuthentication, "nothing is fetched, so nothing is believed")
	}
	for _, bad := range []string{"", "no PEM", string(text) + "rest", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))} {
		_, err := ours.Pins([]byte(bad))
		require.ErrorIs(t, err, gateway.CodeInternal)
	}
}
