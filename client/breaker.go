package client

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// BreakerOptions set up [Breaker]. The zero value means one circuit per host,
// opened by 5 failures in a row, for 30 s.
type BreakerOptions struct {
	Failures int           // in a row that open the circuit; 0 means 5
	Open     time.Duration // how long nothing is sent; 0 means 30 s
	Probes   int           // how many calls then try it, all of which must succeed; 0 means 1
	// Key says which circuit a transfer belongs to; nil means [ByHost]. It must
	// have few values: a circuit is kept for ever.
	Key func(t *transfer.Transfer) string
	// OnChange is told when a circuit becomes "open", "half-open" or "closed". It
	// runs outside the breaker's lock; a panic in it is contained.
	OnChange func(key, from, to string)
}

// ByHost is a key for [Breaker] and [RateLimit]: the host that a transfer goes to.
func ByHost(t *transfer.Transfer) string {
	if t.URL == nil {
		return ""
	}
	return t.URL.Host
}

// ByStore is a key for [Breaker] and [RateLimit]: the host and the store.
func ByStore(t *transfer.Transfer) string { return ByHost(t) + "/" + string(t.Store) }

// Breaker returns a policy that stops sending to a provider that keeps failing:
// calls then fail at once with [gateway.CodeUnavailable], "circuit open".
//
// Failures are calls without an answer, sent or not, and answers of 500 and
// more. Every other answer is a success, a decline too. Calls that the caller
// ended and requests refused before sending count as neither. All clients that
// one policy value wraps share its circuits.
func Breaker(o BreakerOptions) Policy {
	if o.Failures < 0 || o.Open < 0 || o.Probes < 0 {
		panic("client: BreakerOptions hold a negative value")
	}
	if o.Failures == 0 {
		o.Failures = 5
	}
	if o.Open == 0 {
		o.Open = 30 * time.Second
	}
	if o.Probes == 0 {
		o.Probes = 1
	}
	if o.Key == nil {
		o.Key = ByHost
	}
	circuits := &sync.Map{}
	return func(next Client) Client { return &breaker{next, o, circuits} }
}

type breaker struct {
	next     Client
	o        BreakerOptions
	circuits *sync.Map // key → *circuit
}

type circuit struct {
	*gobreaker.CircuitBreaker[*transfer.Response]
	key    string
	opened atomic.Int64 // unix nanoseconds of the last opening

	mu      sync.Mutex
	changes [][2]gobreaker.State // not yet told
}

var (
	errFailed  = errors.New("failed")
	errNeither = errors.New("neither")
)

func (b *breaker) circuit(key string) *circuit {
	if c, ok := b.circuits.Load(key); ok {
		return c.(*circuit)
	}
	c := &circuit{key: key}
	c.CircuitBreaker = gobreaker.NewCircuitBreaker[*transfer.Response](gobreaker.Settings{
		MaxRequests:  uint32(min(b.o.Probes, math.MaxInt32)), //nolint:gosec // positive
		Timeout:      b.o.Open,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return int64(n.ConsecutiveFailures) >= int64(b.o.Failures) },
		IsSuccessful: func(err error) bool { return err == nil },
		IsExcluded:   func(err error) bool { return errors.Is(err, errNeither) },
		// It runs under gobreaker's lock, where asking for the state would
		// deadlock. It notes the change; tell passes it on.
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				c.opened.Store(time.Now().UnixNano())
			}
			c.mu.Lock()
			c.changes = append(c.changes, [2]gobreaker.State{from, to})
			c.mu.Unlock()
		},
	})
	first, _ := b.circuits.LoadOrStore(key, c)
	return first.(*circuit)
}

func (b *breaker) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	c := b.circuit(b.o.Key(t))
	var resp *transfer.Response
	var err error
	called := false
	_, refused := c.Execute(func() (*transfer.Response, error) {
		b.tell(c)
		called = true
		resp, err = b.next.PlaceRequest(ctx, t)
		return nil, verdict(ctx, resp, err)
	})
	b.tell(c)
	if called {
		return resp, err
	}
	e := gateway.Errorf(gateway.CodeUnavailable, "circuit open: the provider kept failing, nothing was sent")
	if errors.Is(refused, gobreaker.ErrTooManyRequests) {
		e.Detail = "circuit half-open: another call is trying the provider, nothing was sent"
	}
	e.Stage = stage
	e.RetryAfter = max(0, b.o.Open-time.Since(time.Unix(0, c.opened.Load())))
	return nil, e
}

// verdict says what a call's end means for the circuit.
func verdict(ctx context.Context, resp *transfer.Response, err error) error {
	switch code := gateway.CodeOf(err); {
	case err == nil:
		if status(resp) >= 500 {
			return errFailed
		}
		return nil
	case ctx.Err() != nil:
		return errNeither // the caller's clock ran out, or the caller left
	case code == gateway.CodeUnavailable, code == gateway.CodeIndeterminate:
		return errFailed
	}
	return errNeither // refused before sending: says nothing about the provider
}

// tell passes changes on, in order and outside every lock of gobreaker's.
func (b *breaker) tell(c *circuit) {
	c.mu.Lock()
	changes := c.changes
	c.changes = nil
	c.mu.Unlock()
	if b.o.OnChange == nil {
		return
	}
	for _, change := range changes {
		contain(func() { b.o.OnChange(c.key, change[0].String(), change[1].String()) })
	}
}

func (b *breaker) Unwrap() Client { return b.next }

func (b *breaker) String() string {
	return fmt.Sprintf("breaker(%d failures, %s)", b.o.Failures, brief(b.o.Open))
}
