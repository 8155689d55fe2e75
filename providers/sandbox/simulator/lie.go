package simulator

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Next makes the next calls of an operation go wrong, one fault for each call, in
// this order, after those scripted before. An empty operation means any. Calls
// that are not authenticated use no fault up.
func (s *Server) Next(op Operation, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next[op] = append(s.next[op], faults...)
}

// Lie asks a function about every call for which Next has scripted nothing; nil
// stops that. The function runs outside of the provider's lock, must be safe for
// concurrent use, and sees the call before it is executed.
func (s *Server) Lie(decide func(Call) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lie = decide
}

// Liar returns a function for [Server.Lie] that picks one of the faults (all, when
// none are named) with a probability between 0 and 1. It depends only on the seed
// and on what identifies a call (account, operation, path, key and try), not on the
// order in which concurrent calls arrive: a run can be repeated.
func Liar(seed uint64, probability float64, faults ...Fault) func(Call) Fault {
	if len(faults) == 0 {
		faults = Faults()
	}
	return func(c Call) Fault {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d|%q|%q|%q|%q|%d", seed, c.Account, c.Operation, c.Path, c.Key, c.Try))
		if float64(binary.BigEndian.Uint64(sum[:8]))/(1<<64) >= probability {
			return NoFault
		}
		return faults[binary.BigEndian.Uint64(sum[8:16])%uint64(len(faults))]
	}
}

// decide returns the fault of a call.
func (s *Server) decide(call Call) Fault {
	s.mu.Lock()
	for _, op := range []Operation{call.Operation, ""} {
		if queue := s.next[op]; len(queue) > 0 {
			s.next[op] = queue[1:]
			s.mu.Unlock()
			return queue[0]
		}
	}
	lie := s.lie
	s.mu.Unlock()
	if lie == nil {
		return NoFault
	}
	return lie(call)
}
