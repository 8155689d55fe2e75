package outbox_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/outbox"
)

// names is a name server that answers every question with an address that the
// test may change.
type names struct {
	conn net.PacketConn

	mu sync.Mutex
	ip netip.Addr
}

func newNames(t *testing.T) *names {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &names{conn: conn}
	wait := background(n.serve)
	t.Cleanup(func() {
		assert.NoError(t, conn.Close())
		wait()
	})
	return n
}

func (n *names) answer(ip netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ip = ip
}

func (n *names) serve() {
	buf := make([]byte, 1500)
	for {
		size, from, err := n.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var q dnsmessage.Message
		if q.Unpack(buf[:size]) != nil || len(q.Questions) != 1 {
			continue
		}
		n.mu.Lock()
		ip := n.ip
		n.mu.Unlock()
		q.Response, q.RecursionAvailable, q.Additionals = true, true, nil
		head := dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 0}
		switch kind := q.Questions[0].Type; {
		case kind == dnsmessage.TypeA && ip.Is4():
			q.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: ip.As4()}}}
		case kind == dnsmessage.TypeAAAA && ip.Is6():
			q.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}}}
		}
		if out, err := q.Pack(); err == nil {
			_, _ = n.conn.WriteTo(out, from)
		}
	}
}

func (n *names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", n.conn.LocalAddr().String())
	}}
}

// hostile are addresses that must not be reached.
var hostile = []string{
	"127.0.0.1", "127.8.8.8", // loopback
	"0.0.0.0", "0.1.2.3", // unspecified, this network
	"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", // private
	"169.254.169.254", "169.254.170.2", "169.254.0.1", // link-local and metadata
	"100.64.0.1", "100.100.100.200", // shared between customers, and a metadata address in it
	"168.63.129.16", "192.0.0.192", // metadata
	"192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.88.99.1", // documentation, benchmarks, relays
	"224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", // multicast, reserved, broadcast
	"::", "::1", // unspecified, loopback
	"fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", // link-local, site-local, unique local, metadata
	"ff02::1", "ff0e::1", // multicast
	"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", // IPv4 within
	"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", // NAT64
	"2002:7f00:1::", "2002:a9fe:a9fe::1", // 6to4
	"2001::1", "2001:0:7f00:1::", "2001:db8::1", "100::1", "5f00::1", // Teredo, documentation, discard, segments
}

// hostileURLs are what the address list does not say: other schemes, users,
// other spellings of an address, names.
var hostileURLs = []string{
	"", "example.com", "//example.com/", "http://example.com/", "HTTP://example.com", "ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "unix:///run/docker.sock",
	"https:", "https://", "https:///hook", "https:example.com", "https://?x", "https://user@example.com/", "https://user:canary@example.com/", "https://example.com@127.0.0.1/", "https://:@example.com/",
	"https://example.com/#part", "https://example.com:0/", "https://example.com:65536/", "https://example.com:-1/", "https://example.com:http/", "https://exa mple.com/", "https://[::1", "https://[fe80::1%25eth0]/",
	"https://[::ffff:7f00:1]/", "https://[0:0:0:0:0:0:0:1]/", "https://[0000::0001]:8443/", "https://127.0.0.1:8443/canary",
}

// dialled are URLs of which only the resolver knows where they lead.
var dialled = []string{
	"https://localhost/", "https://localhost.:8443/", "https://LOCALHOST/", "https://metadata.google.internal/", "https://kubernetes.default.svc/",
	"https://127.0.0.1.example.com/", "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/",
}

// spelled are spellings of 127.0.0.1 that some resolvers understand and others refuse.
var spelled = []string{"https://localhost/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://017700000001/"}

func hook(t *testing.T, url string, change ...func(c *outbox.WebhookConfig)) (*outbox.Webhook, error) {
	t.Helper()
	cfg := outbox.WebhookConfig{URL: url, Secrets: []gateway.Secret{gateway.NewSecret(oldSecret)}}
	for _, c := range change {
		c(&cfg)
	}
	return outbox.NewWebhook(cfg)
}

func TestAHostileURLIsRefusedBeforeAnybodyConnects(t *testing.T) {
	t.Parallel()
	all := hostileURLs
	for _, ip := range hostile {
		if strings.Contains(ip, ":") {
			ip = "[" + ip + "]"
		}
		all = append(all, "https://"+ip+"/hook")
	}
	require.Greater(t, len(all), 70)
	for _, url := range all {
		_, err := hook(t, url)
		require.ErrorIs(t, err, gateway.CodeInvalid, url)
		assert.NotContains(t, err.Error(), "canary", url)
	}
	for _, url := range []string{"https://example.com", "https://example.com:8443/x?y=z", "https://93.184.216.34/", "https://[2606:2800:220:1::1]/"} {
		_, err := hook(t, url)
		assert.NoError(t, err, url)
	}
}

func TestANameThatLeadsInsideIsRefusedWhenItIsDialled(t *testing.T) {
	t.Parallel()
	server := newNames(t)
	refused := func(url string, ip netip.Addr) {
		server.answer(ip)
		w, err := hook(t, url)
		require.NoError(t, err, url)
		w.SetResolver(server.resolver())
		err = w.Handle(t.Context(), anEvent())
		require.ErrorIs(t, err, gateway.CodeUnavailable, "%s %s", url, ip)
		if ip.Is4() { // a machine without IPv6 does not even try
			require.ErrorContains(t, err, "not allowed", "%s %s", url, ip)
		}
		assert.NotContains(t, err.Error(), ip.String(), "where names lead is nobody's business")
	}
	for _, ip := range hostile {
		refused("https://hook.example.com/", netip.MustParseAddr(ip))
	}
	for _, url := range dialled {
		refused(url, netip.MustParseAddr("127.0.0.1"))
	}
}

func TestOtherSpellingsOfAnAddressLeadNowhere(t *testing.T) {
	t.Parallel()
	for _, url := range spelled {
		w, err := hook(t, url)
		require.NoError(t, err, url)
		err = w.Handle(t.Context(), anEvent()) // the machine's own resolver
		require.ErrorIs(t, err, gateway.CodeUnavailable, url)
		require.Regexp(t, "not allowed|cannot be resolved", err.Error(), url)
	}
}

func TestANameThatChangesItsMindReachesNothingInside(t *testing.T) {
	t.Parallel()
	allowed := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	_, port, err := net.SplitHostPort(allowed.Listener.Addr().String())
	require.NoError(t, err)
	inside, err := net.Listen("tcp", net.JoinHostPort("127.0.0.2", port))
	require.NoError(t, err)
	victim := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") }))
	require.NoError(t, victim.Listener.Close())
	victim.Listener, victim.TLS = inside, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: allowed.TLS.Certificates}
	victim.StartTLS()
	defer victim.Close()

	server := newNames(t)
	w := webhook(t, allowed, func(c *outbox.WebhookConfig) { c.URL = "https://example.com:" + port + "/" })
	w.SetResolver(server.resolver())
	server.answer(netip.MustParseAddr("127.0.0.1"))
	require.NoError(t, w.Handle(t.Context(), anEvent()), "this one address was allowed")
	server.answer(netip.MustParseAddr("127.0.0.2"))
	require.ErrorContains(t, w.Handle(t.Context(), anEvent()), "not allowed")
	assert.Len(t, allowed.requests(), 1)
}

func TestNoProxyConnectsForAWebhook(t *testing.T) {
	t.Parallel()
	w, err := hook(t, "https://example.com")
	require.NoError(t, err)
	assert.Nil(t, w.Transport().Proxy)
}
