package outbox

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"

	"code.dny.dev/ssrf"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// metadata are addresses within the public internet's range at which clouds
// answer their machines.
var metadata = []netip.Prefix{netip.MustParsePrefix("168.63.129.16/32")}

// newGuard returns what every connection must pass, right before it is made.
func newGuard(allow []netip.Prefix) *ssrf.Guardian {
	var v4, v6 []netip.Prefix
	for _, p := range allow {
		if p.Addr().Is4() {
			v4 = append(v4, p.Masked())
		} else {
			v6 = append(v6, p.Masked())
		}
	}
	return ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(metadata...), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
}

// refused reports whether the guard refused to connect.
func refused(err error) bool {
	return errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork) || errors.Is(err, ssrf.ErrInvalidHostPort)
}

// checkURL refuses what can be seen to be wrong before anybody connects. Its
// errors do not quote the URL.
func checkURL(raw string, guard *ssrf.Guardian) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "":
		return gateway.Invalid("the webhook's URL cannot be read")
	case u.Scheme != "https":
		return gateway.Invalid("the webhook's URL is not https")
	case u.User != nil:
		return gateway.Invalid("the webhook's URL has a user or a password: receivers know us by the signature")
	case u.Hostname() == "":
		return gateway.Invalid("the webhook's URL has no host")
	case u.Fragment != "":
		return gateway.Invalid("the webhook's URL has a fragment, which would not be sent")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return gateway.Invalid("the webhook's URL has a port that does not exist")
		}
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && guard.SafeAddr(ip) != nil {
		return gateway.Invalid("the webhook's URL has an address that is not allowed: it is not on the public internet")
	}
	return nil
}
