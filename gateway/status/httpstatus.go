package status

import (
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// HTTPStatus returns the HTTP status for a code, for handlers that answer with
// what a command or the engine returned: 200 for "", 500 for one that is not known.
func HTTPStatus(c gateway.Code) int {
	switch c {
	case "":
		return http.StatusOK
	case gateway.CodeInvalid:
		return http.StatusBadRequest
	case gateway.CodeDeclined:
		return http.StatusPaymentRequired
	case gateway.CodeNotFound:
		return http.StatusNotFound
	case gateway.CodeConflict:
		return http.StatusConflict
	case gateway.CodeRateLimited:
		return http.StatusTooManyRequests
	case gateway.CodeUnavailable:
		return http.StatusServiceUnavailable
	case gateway.CodeIndeterminate:
		return http.StatusAccepted // it is being found out: it neither failed nor succeeded
	case gateway.CodeUnsupported:
		return http.StatusNotImplemented
	case gateway.CodeAuthentication: // the shop's own keys, not the caller's
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError
}
