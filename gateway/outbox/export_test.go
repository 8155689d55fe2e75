package outbox

import (
	"net"
	"net/http"
)

// SetResolver makes the webhook ask another server for names.
func (w *Webhook) SetResolver(r *net.Resolver) { w.dialer.Resolver = r }

// Transport returns what the webhook connects with.
func (w *Webhook) Transport() *http.Transport {
	return w.client.Transport.(*http.Transport) //nolint:forcetypeassert // newClient made it
}
