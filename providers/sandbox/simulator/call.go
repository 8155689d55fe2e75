package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"time"
)

// Operation names a route of the API.
type Operation string

// The operations of the API. OpUnknown is a request that met no route.
const (
	OpCreatePayment    Operation = "create_payment"
	OpCapture          Operation = "capture"
	OpRelease          Operation = "release"
	OpRefund           Operation = "refund"
	OpAdjust           Operation = "adjust"
	OpCancel           Operation = "cancel"
	OpCancelByKey      Operation = "cancel_by_key"
	OpAccept           Operation = "accept"
	OpDeny             Operation = "deny"
	OpConfirm          Operation = "confirm"
	OpGetPayment       Operation = "get_payment"
	OpListPayments     Operation = "list_payments"
	OpGetCapture       Operation = "get_capture"
	OpGetRefund        Operation = "get_refund"
	OpCreateInstrument Operation = "create_instrument"
	OpGetInstrument    Operation = "get_instrument"
	OpDeleteInstrument Operation = "delete_instrument"
	OpListEvents       Operation = "list_events"
	OpReport           Operation = "report"
	OpToken            Operation = "token"
	OpPing             Operation = "ping"
	OpUnknown          Operation = "unknown"
)

// Call is one request that reached the API since Start.
type Call struct {
	Number    int       // 1, 2, 3 … in order of arrival
	Time      time.Time // by the provider's clock
	RequestID string    // the Request-Id header of the answer
	Account   string    // empty when not authenticated
	Operation Operation
	Method    string
	Path      string // with the query
	Key       string // idempotency key
	Try       int    // 1 for the first call of this account, operation, path and key
	Bytes     int    // of the body
	Digest    string // hex SHA-256 of the body
	Fault     Fault
	Status    int  // of the true answer; 0 when the call was not executed
	Replayed  bool // the answer was saved under the key
	Effect    bool // this call itself changed something at the provider; a decline changes nothing
}

// Calls returns what reached the API since Start, in order of arrival. A call that
// is still being answered is there, without a status.
func (s *Server) Calls() []Call {
	s.lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Effects returns how many calls with this idempotency key had an effect, over all
// accounts. It survives a restart on the same journal.
func (s *Server) Effects(key string) int {
	s.lock()
	defer s.mu.Unlock()
	return s.effects[key]
}

// arrived notes a call and returns a copy of the note.
func (s *Server) arrived(r *http.Request, q *request) Call {
	s.lock()
	defer s.mu.Unlock()
	sum := sha256.Sum256(q.body)
	call := Call{
		Number: len(s.calls) + 1, Time: s.now(), RequestID: q.requestID, Account: q.account, Operation: q.route.op,
		Method: r.Method, Path: r.URL.RequestURI(), Key: q.key, Bytes: len(q.body), Digest: hex.EncodeToString(sum[:]),
	}
	try := q.account + "\x00" + string(call.Operation) + "\x00" + call.Path + "\x00" + q.key
	s.tries[try]++
	call.Try = s.tries[try]
	s.calls = append(s.calls, call)
	return call
}

// note writes to the note of a call. The caller holds the mutex. Number 0 is a late
// effect of a call before the restart: it has no note.
func (s *Server) note(number int, write func(*Call)) {
	if number > 0 {
		write(&s.calls[number-1])
	}
}
