package simulator

import "net/http"

// Fault is what goes wrong with one call.
type Fault string

// The faults.
const (
	Honest        Fault = ""               // nothing
	ErrorBefore   Fault = "error before"   // 500, and nothing was done
	ErrorAfter    Fault = "error after"    // 500, and everything was done
	HangUpBefore  Fault = "hang up before" // the connection ends, and nothing was done
	HangUpAfter   Fault = "hang up after"  // the connection ends, and everything was done
	Refused       Fault = "refused"        // 400, and nothing was done
	Busy          Fault = "busy"           // 429, and nothing was done
	OK            Fault = "ok"             // 200 in place of 202, and nothing was done
	OtherSpelling Fault = "other spelling" // the names are those of the other version
)

// Next makes the next calls of an endpoint ([Transactions], [Prepares], ..., "Status")
// go wrong, one after another.
func (s *Server) Next(endpoint string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[endpoint] = append(s.faults[endpoint], faults...)
}

// Calm forgets the faults that have not happened yet.
func (s *Server) Calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = map[string][]Fault{}
}

// Requests returns how many calls of an endpoint have come, those that went wrong too.
func (s *Server) Requests(endpoint string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[endpoint]
}

func (s *Server) next(endpoint string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[endpoint]++
	queue := s.faults[endpoint]
	if len(queue) == 0 {
		return Honest
	}
	s.faults[endpoint] = queue[1:]
	return queue[0]
}

// before does what goes wrong before anything is done.
func (f Fault) before(w http.ResponseWriter) bool {
	switch f {
	case ErrorBefore:
		problem(w, http.StatusInternalServerError)
	case HangUpBefore:
		hangUp(w)
	case Refused:
		problem(w, http.StatusBadRequest)
	case Busy:
		w.Header().Set("Retry-After", "1")
		problem(w, http.StatusTooManyRequests)
	case OK:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"transactionId":"t-0","interactionId":"i-0"}`))
	case Honest, ErrorAfter, HangUpAfter, OtherSpelling:
		return false
	}
	return true
}

// after does what goes wrong when everything is done.
func (f Fault) after(w http.ResponseWriter) bool {
	switch f {
	case ErrorAfter:
		problem(w, http.StatusInternalServerError)
	case HangUpAfter:
		hangUp(w)
	case Honest, ErrorBefore, HangUpBefore, Refused, Busy, OK, OtherSpelling:
		return false
	}
	return true
}

func (f Fault) otherCase() bool { return f == OtherSpelling }

// hangUp ends the connection without an answer.
func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// fate is what the PSP makes of an interaction.
type fate int

const (
	fateUsual fate = iota
	fateFail
	fateWait
)

// Decline makes the PSP refuse the next interaction of an endpoint.
func (s *Server) Decline(endpoint string) { s.addFate(endpoint, fateFail) }

// Hold leaves the next interaction of an endpoint pending, until [Server.Finish].
func (s *Server) Hold(endpoint string) { s.addFate(endpoint, fateWait) }

func (s *Server) addFate(endpoint string, f fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fates[endpoint] = append(s.fates[endpoint], f)
}

func (s *Server) fate(endpoint string) fate {
	queue := s.fates[endpoint]
	if len(queue) == 0 {
		return fateUsual
	}
	s.fates[endpoint] = queue[1:]
	return queue[0]
}

// Finish ends the interactions of an endpoint that are pending, and tells it.
func (s *Server) Finish(transaction, endpoint string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.transactions[transaction]
	if t == nil {
		return
	}
	for _, i := range t.all {
		if i.endpoint == endpoint && i.status == Pending {
			s.finish(i, ok)
			s.tell(i)
		}
	}
}

// Happen does what no call of the shop asked for: a capture in the ERP system, an
// automatic void, a refund in the portal. It is told to the transaction's callback.
func (s *Server) Happen(transaction, endpoint string, amount int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.transactions[transaction]
	if t == nil {
		return
	}
	i := &interaction{id: s.id("i"), endpoint: endpoint, status: Pending, amount: amount, of: t, to: t.to}
	t.all = append(t.all, i)
	s.interactions[i.id] = i
	s.finish(i, true)
	s.tell(i)
}
