package engine_test

import (
	"context"
	"sync"
	"time"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// hurry gives up on calls that will not be answered as soon as the provider has
// done what it does with them, where a shop would wait for its timeout: nothing
// else happens in that time, and three quarters of a campaign would be waiting. A
// call that is given up is the same thing at either time: it left, and nobody knows.
type hurry struct {
	server *simulator.Server
	mu     sync.Mutex
	calls  []context.CancelFunc // under way, the newest last
}

// policy makes it possible to give calls up.
func (h *hurry) policy(next client.Client) client.Client {
	return client.Func(func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		h.mu.Lock()
		h.calls = append(h.calls, cancel)
		h.mu.Unlock()
		defer func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.calls = h.calls[:len(h.calls)-1] // calls are nested, not concurrent
		}()
		return next.PlaceRequest(ctx, t)
	})
}

// lie is for [simulator.Server.Lie]: it decides as told, and gives up on what is not answered.
func (h *hurry) lie(decide func(simulator.Call) simulator.Fault) func(simulator.Call) simulator.Fault {
	return func(call simulator.Call) simulator.Fault {
		h.mu.Lock()
		giveUp := h.calls[len(h.calls)-1]
		h.mu.Unlock()
		fault := decide(call)
		switch fault {
		case simulator.TimeoutBefore:
			giveUp()
		case simulator.TimeoutAfter, simulator.Drip:
			go func() {
				for h.server.Calls()[call.Number-1].Status == 0 { // it is not executed yet
					time.Sleep(100 * time.Microsecond)
				}
				giveUp()
			}()
		}
		return fault
	}
}
