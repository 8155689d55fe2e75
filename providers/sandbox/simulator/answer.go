package simulator

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// answer is what the API says.
type answer struct {
	status   int
	body     []byte
	csv      bool // instead of JSON
	replayed bool
	effect   bool
	events   []*event // of this call, held back until the answer is out
}

func jsonAnswer(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return errorAnswer(err)
	}
	return answer{status: status, body: body}
}

func (a answer) header(h http.Header) {
	h.Set("Cache-Control", "no-store")
	if len(a.body) > 0 {
		h.Set("Content-Type", "application/json")
	}
	if a.csv {
		h.Set("Content-Type", "text/csv; charset=utf-8")
	}
	if a.replayed {
		h.Set("Idempotent-Replayed", "true")
	}
}

// write sends an answer to the end, so that what follows comes after it.
func (s *Server) write(w http.ResponseWriter, a answer) {
	a.header(w.Header())
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a caller who is gone has the effect all the same
	_ = http.NewResponseController(w).Flush()
}

// letGo hands the events of a call to the delivery.
func (s *Server) letGo(events []*event) {
	if len(events) == 0 {
		return
	}
	s.mu.Lock()
	for _, e := range events {
		e.held = false
	}
	s.mu.Unlock()
	s.poke()
}
