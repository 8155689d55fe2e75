package request

import (
	"context"
	"sync"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Lazy returns a builder that is made at the first build that needs it: for
// parts that are costly to make and seldom used. A failing make fails that build
// and is tried again at the next one.
func Lazy(make func(ctx context.Context) (Builder, error)) Builder { return &lazy{make: make} }

type lazy struct {
	make func(ctx context.Context) (Builder, error)
	mu   sync.RWMutex
	made Builder
}

func (l *lazy) Build(ctx context.Context, s gateway.Subject, doc *Document) error {
	b, err := l.get(ctx)
	if err != nil {
		return err
	}
	return b.Build(ctx, s, doc)
}

func (l *lazy) get(ctx context.Context) (Builder, error) {
	l.mu.RLock()
	b := l.made
	l.mu.RUnlock()
	if b != nil {
		return b, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.made != nil {
		return l.made, nil
	}
	b, err := l.make(ctx)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "the lazy builder's function returned nil")
	}
	l.made = b
	return b, nil
}

// Check refuses a Lazy without a function.
func (l *lazy) Check() error {
	if l.make == nil {
		return gateway.Errorf(gateway.CodeInternal, "Lazy has no function")
	}
	return nil
}

// String says that the builder is made late.
func (l *lazy) String() string { return "lazy" }
