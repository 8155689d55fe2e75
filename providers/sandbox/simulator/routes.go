package simulator

import (
	"net/http"
	"net/url"
	"strings"
)

// handler executes one request inside a change, under the mutex. An error leaves
// nothing of the change behind.
type handler func(s *Server, c *change, q *request) (answer, error)

// route is one operation of the API. {id} in the pattern stands for one segment.
type route struct {
	method, pattern string
	op              Operation
	handle          handler
	open            bool // needs no authentication
	form            bool // reads a form instead of JSON
}

var routes = []route{
	{method: http.MethodPost, pattern: "/v1/payments", op: OpCreatePayment, handle: (*Server).createPayment},
	{method: http.MethodGet, pattern: "/v1/payments", op: OpListPayments, handle: (*Server).listPayments},
	{method: http.MethodGet, pattern: "/v1/payments/{id}", op: OpGetPayment, handle: (*Server).getPayment},
	{method: http.MethodPost, pattern: "/v1/payments/{id}/captures", op: OpCapture, handle: (*Server).createCapture},
	{method: http.MethodPost, pattern: "/v1/payments/{id}/releases", op: OpRelease, handle: (*Server).createRelease},
	{method: http.MethodPost, pattern: "/v1/payments/{id}/refunds", op: OpRefund, handle: (*Server).createRefund},
	{method: http.MethodPost, pattern: "/v1/payments/{id}/adjustments", op: OpAdjust, handle: (*Server).createAdjustment},
	{method: http.MethodPost, pattern: "/v1/payments/{id}/cancel", op: OpCancel, handle: (*Server).cancelPayment},
	{method: http.MethodPost, pattern: "/v1/payments/cancel_by_key", op: OpCancelByKey, handle: (*Server).cancelByKey},
	{method: http.MethodPost, pattern: "/v1/payments/{id}/accept", op: OpAccept, handle: (*Server).acceptPayment},
	{method: http.MethodPost, pattern: "/v1/payments/{id}/deny", op: OpDeny, handle: (*Server).denyPayment},
	{method: http.MethodPost, pattern: "/v1/payments/{id}/confirm", op: OpConfirm, handle: (*Server).confirmPayment},
	{method: http.MethodGet, pattern: "/v1/captures/{id}", op: OpGetCapture, handle: (*Server).getCapture},
	{method: http.MethodGet, pattern: "/v1/refunds/{id}", op: OpGetRefund, handle: (*Server).getRefund},
	{method: http.MethodPost, pattern: "/v1/instruments", op: OpCreateInstrument, handle: (*Server).createInstrument},
	{method: http.MethodGet, pattern: "/v1/instruments/{id}", op: OpGetInstrument, handle: (*Server).getInstrument},
	{method: http.MethodDelete, pattern: "/v1/instruments/{id}", op: OpDeleteInstrument, handle: (*Server).deleteInstrument},
	{method: http.MethodGet, pattern: "/v1/events", op: OpListEvents, handle: (*Server).listEvents},
	{method: http.MethodGet, pattern: "/v1/report", op: OpReport, handle: (*Server).report},
	{method: http.MethodPost, pattern: "/v1/oauth/token", op: OpToken, handle: (*Server).createToken, open: true, form: true},
	{method: http.MethodGet, pattern: "/v1/ping", op: OpPing, handle: (*Server).ping},
}

// unknownRoute stands for requests that meet no route.
var unknownRoute = &route{op: OpUnknown}

// keyed reports whether an idempotency key is required and used.
func (r *route) keyed() bool { return r.method == http.MethodPost && !r.form }

// match finds the route of a request and the id in its path. The path is compared
// as it came: neither cleaned nor decoded, so that "..%2f" reaches nothing.
func match(method string, u *url.URL) (*route, string, error) {
	var allowed []string
	for i := range routes {
		id, ok := matchPattern(routes[i].pattern, u.EscapedPath())
		if !ok {
			continue
		}
		if routes[i].method == method {
			return &routes[i], id, nil
		}
		allowed = append(allowed, routes[i].method)
	}
	if len(allowed) > 0 {
		return unknownRoute, strings.Join(allowed, ", "),
			refuse(http.StatusMethodNotAllowed, "method_not_allowed", "use %s", strings.Join(allowed, " or "))
	}
	return unknownRoute, "", refuse(http.StatusNotFound, "not_found", "no such route")
}

func matchPattern(pattern, path string) (string, bool) {
	before, rest, hasID := strings.Cut(pattern, "{id}")
	if !hasID {
		return "", pattern == path
	}
	id, ok := strings.CutPrefix(path, before)
	if !ok {
		return "", false
	}
	id, ok = strings.CutSuffix(id, rest)
	return id, ok && id != "" && !strings.Contains(id, "/")
}

// ping is GET /v1/ping.
func (s *Server) ping(_ *change, _ *request) (answer, error) {
	return jsonAnswer(http.StatusOK, map[string]bool{"ok": true}), nil
}
