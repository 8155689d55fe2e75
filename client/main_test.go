package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // net/http reports what servers send unasked
	goleak.VerifyTestMain(m)
}

// open returns a client that is closed when the test ends.
func open(tb testing.TB, c client.Config) *client.HTTP {
	tb.Helper()
	h, err := client.New(c)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = h.Close() })
	return h
}

// post returns a transfer that POSTs body.
func post(tb testing.TB, address, body string) *transfer.Transfer {
	tb.Helper()
	return to(tb, http.MethodPost, address, body)
}

func to(tb testing.TB, method, address, body string) *transfer.Transfer {
	tb.Helper()
	u, err := url.Parse(address)
	require.NoError(tb, err)
	t := &transfer.Transfer{Store: "shop", Method: method, URL: u, Header: http.Header{}}
	if body != "" {
		t.Body = []byte(body)
		t.Header.Set("Content-Type", "application/json")
	}
	return t
}

// place sends a transfer that must be answered.
func place(tb testing.TB, c client.Client, t *transfer.Transfer) *transfer.Response {
	tb.Helper()
	r, err := c.PlaceRequest(tb.Context(), t)
	require.NoError(tb, err)
	return r
}

// refusal sends a transfer that must fail with code.
func refusal(ctx context.Context, tb testing.TB, c client.Client, t *transfer.Transfer, code gateway.Code) *gateway.Error {
	tb.Helper()
	r, err := c.PlaceRequest(ctx, t)
	require.Error(tb, err)
	require.Nil(tb, r)
	require.Equal(tb, code, gateway.CodeOf(err), err)
	return gateway.AsError(err, "")
}

// ok is an answer with a JSON body.
func ok(body string) string { return answer("200 OK", body) }

func answer(status, body string, headers ...string) string {
	h := append([]string{"HTTP/1.1 " + status, "Content-Type: application/json"}, headers...)
	return strings.Join(h, "\r\n") + "\r\nContent-Length: " + big.NewInt(int64(len(body))).String() + "\r\n\r\n" + body
}

// authority is a certificate authority of the tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(tb testing.TB) *authority {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(tb, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(tb, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(tb, err)
	a := &authority{cert: cert, key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

// certificate returns one for 127.0.0.1, changed by edit.
func (a *authority) certificate(tb testing.TB, edit func(*x509.Certificate)) tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(tb, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if edit != nil {
		edit(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	require.NoError(tb, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) server(tb testing.TB) *tls.Config {
	tb.Helper()
	return &tls.Config{Certificates: []tls.Certificate{a.certificate(tb, nil)}} //nolint:gosec // the client's minimum is under test
}
