package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Error is a refusal by the provider: what the API answers as {"error":{…}}, and
// what the methods of [Server] return when they are refused for the same reason.
// The table of codes is in the package documentation.
type Error struct {
	Status      int    `json:"-"`
	Type        string `json:"type"`
	Code        string `json:"code"`
	DeclineCode string `json:"decline_code"`
	Advice      string `json:"advice,omitempty"`
	Field       string `json:"field"`
	Message     string `json:"message"`
	Payment     string `json:"payment"`
}

// Error says the code and the message.
func (e *Error) Error() string { return "simulator: " + e.Code + ": " + e.Message }

// ErrClosed is returned by methods called after [Server.Close].
var ErrClosed = errors.New("simulator: server is closed")

// ErrJournal is returned by [Start] for a journal that is damaged before its last
// line, and wraps what went wrong when the journal can no longer be written.
var ErrJournal = errors.New("simulator: journal")

var errorTypes = map[int]string{
	http.StatusBadRequest:            "invalid_request",
	http.StatusUnauthorized:          "authentication",
	http.StatusPaymentRequired:       "declined",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "invalid_request",
	http.StatusConflict:              "conflict",
	http.StatusRequestEntityTooLarge: "invalid_request",
	http.StatusUnsupportedMediaType:  "invalid_request",
	http.StatusUnprocessableEntity:   "unprocessable",
	http.StatusTooManyRequests:       "rate_limited",
	http.StatusInternalServerError:   "server_error",
}

func refuse(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Type: errorTypes[status], Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) at(field string) *Error { e.Field = field; return e }

func (e *Error) about(payment string) *Error { e.Payment = payment; return e }

func notFound(what, id string) *Error {
	return refuse(http.StatusNotFound, "not_found", "no %s %q", what, id)
}

func conflict(code, format string, args ...any) *Error {
	return refuse(http.StatusConflict, code, format, args...)
}

func unprocessable(code, format string, args ...any) *Error {
	return refuse(http.StatusUnprocessableEntity, code, format, args...)
}

// errOverflow refuses money that does not fit into an int64.
func errOverflow() *Error {
	return unprocessable("amount_too_large", "the amount is beyond what the ledger can hold")
}

// errorAnswer turns any error into an answer; what is not an *Error is a 500.
func errorAnswer(err error) answer {
	var e *Error
	if !errors.As(err, &e) {
		e = refuse(http.StatusInternalServerError, "server_error", "%v", err)
	}
	body, _ := json.Marshal(map[string]*Error{"error": e}) // strings only: cannot fail
	return answer{status: e.Status, body: body}
}
