package simulator

import "net/http"

// Operation is one kind of call.
type Operation string

// The operations.
const (
	OpSolicit     Operation = "solicit"
	OpAcknowledge Operation = "acknowledge" // PUT orders/<ref>
	OpUpdate      Operation = "update"      // PUT merchants/<merchant>/orders/<order_ref_1>
	OpForm        Operation = "form"
	OpMethods     Operation = "methods"
	OpCredentials Operation = "credentials"
	OpDeployments Operation = "deployments"
	OpReport      Operation = "report"
	OpIntegrate   Operation = "integrate"
)

// Fault is what goes wrong with one call.
type Fault string

// The faults.
const (
	NoFault          Fault = ""
	ServerError      Fault = "500, not executed"
	ServerErrorAfter Fault = "500, executed"
	Hang             Fault = "no answer, not executed"
	LostAnswer       Fault = "cut off, executed"
	CutBefore        Fault = "cut off, not executed"
	RateLimited      Fault = "429, not executed"
	Garbage          Fault = "200 with HTML, executed"
)

// Faults lists every fault.
func Faults() []Fault {
	return []Fault{ServerError, ServerErrorAfter, Hang, LostAnswer, CutBefore, RateLimited, Garbage}
}

// Next makes the next calls of an operation go wrong, one fault each.
func (s *Server) Next(op Operation, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[op] = append(s.faults[op], faults...)
}

// Calls returns how many calls of an operation came, those that went wrong too.
func (s *Server) Calls(op Operation) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[op]
}

func (s *Server) fault(op Operation) (f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[op]++
	if all := s.faults[op]; len(all) > 0 {
		f, s.faults[op] = all[0], all[1:]
	}
	return f
}

// cut ends a connection without an answer.
func cut(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// discard is an answer that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// faulty lets a call go wrong when it is its turn.
func (s *Server) faulty(op Operation, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		executed := func() { next(discard{http.Header{}}, r) }
		switch s.fault(op) {
		case ServerError:
			refuse(w, http.StatusInternalServerError)
		case ServerErrorAfter:
			executed()
			refuse(w, http.StatusInternalServerError)
		case Hang:
			select {
			case <-r.Context().Done():
			case <-s.ctx.Done():
			}
			cut(w)
		case LostAnswer:
			executed()
			cut(w)
		case CutBefore:
			cut(w)
		case RateLimited:
			w.Header().Set("Retry-After", "1")
			refuse(w, http.StatusTooManyRequests)
		case Garbage:
			executed()
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html><body>It works!</body></html>"))
		default:
			next(w, r)
		}
	}
}
