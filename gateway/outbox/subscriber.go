package outbox

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// Subscriber is who is told events.
type Subscriber struct {
	Name          string            // its identity in the database: never change it, never give it to another
	Kinds         []string          // "money.capture", "money.*" for all that begin with "money.", or "*"; empty means all
	Stores        []gateway.StoreID // empty means all: name them where the receiver may see only some
	FromBeginning bool              // a name that is new starts with the oldest event that is kept, not with its registration
	Handler       Handler
}

// maxName is the longest name of a subscriber, in bytes.
const maxName = 100

func (s Subscriber) validate() error {
	switch {
	case s.Name == "" || len(s.Name) > maxName || strings.TrimSpace(s.Name) != s.Name:
		return gateway.Errorf(gateway.CodeInternal, "the subscriber's name %q must have 1 to %d bytes and no space around it", s.Name, maxName)
	case s.Handler == nil:
		return gateway.Errorf(gateway.CodeInternal, "subscriber %s has no handler", s.Name)
	case slices.Contains(s.Stores, ""):
		return gateway.Errorf(gateway.CodeInternal, "subscriber %s asks for a store without a name; leave Stores empty for all", s.Name)
	}
	for _, kind := range s.Kinds {
		prefix, open := strings.CutSuffix(kind, "*")
		if kind == "" || strings.Contains(prefix, "*") || open && prefix != "" && !strings.HasSuffix(prefix, ".") {
			return gateway.Errorf(gateway.CodeInternal, "subscriber %s asks for %q: a kind, a kind's beginning as in \"money.*\", or \"*\"", s.Name, kind)
		}
	}
	return nil
}

func (s Subscriber) subscription() storage.Subscription {
	return storage.Subscription{Name: s.Name, Kinds: s.Kinds, Stores: s.Stores}
}

// lane is a subscriber with what its dispatcher needs for it.
type lane struct {
	Subscriber

	wake   chan struct{}
	caught atomic.Bool // it has what is older than its registration
}

// asks reports whether this process's version of the subscriber asks for an
// event. What only another version asks for is left to the processes that run it.
func (l *lane) asks(e storage.Event) bool { return l.subscription().Wants(e) }

// call tells the handler, and contains its panics.
func (l *lane) call(ctx context.Context, e Event) (err error) {
	defer func() {
		if p := recover(); p != nil { // its text may quote anything
			err = gateway.Errorf(gateway.CodeInternal, "the subscriber panicked with a %T", p)
		}
	}()
	return l.Handler.Handle(task.WithStore(ctx, e.Store), e)
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is awake already
	}
}
