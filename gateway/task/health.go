package task

import "time"

// LongRunning is when a running task begins to count as long-running.
const LongRunning = 300 * time.Second

// Verdict is how a queue is doing.
type Verdict string

// The verdicts, worst first.
const (
	VerdictCritical Verdict = "CRITICAL" // more than 5 tasks are long-running
	VerdictWarning  Verdict = "WARNING"  // more than 10 have failed
	VerdictBusy     Verdict = "BUSY"     // more than 100 wait
	VerdictHealthy  Verdict = "HEALTHY"
)

// Health is what a store's queues hold, and how that is judged.
type Health struct {
	Count       map[State]int64  // every state has an entry
	LongRunning int64            // running for more than [LongRunning]
	FailedKinds map[string]int64 // kind → how many have failed
	Retries     map[int64]int64  // failed attempts → how many items had so many
	Verdict     Verdict
}

// Judge sets the verdict. The order matters: the first threshold that is passed says it.
func (h Health) Judge() Health {
	switch {
	case h.LongRunning > 5:
		h.Verdict = VerdictCritical
	case h.Count[Failed] > 10:
		h.Verdict = VerdictWarning
	case h.Count[Queued] > 100:
		h.Verdict = VerdictBusy
	default:
		h.Verdict = VerdictHealthy
	}
	return h
}
