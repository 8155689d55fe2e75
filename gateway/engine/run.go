package engine

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Run resolves what is due, as [Engine.Resolve] does, every so often until ctx ends;
// it then ends what it has begun and returns nil. Providers do not wait for each
// other: one that hangs holds up its own payments only. Errors are logged, and what
// failed is tried again by itself. Any number of processes may run it.
func (e *Engine) Run(ctx context.Context, every time.Duration) error {
	if every <= 0 {
		return gateway.Errorf(gateway.CodeInternal, "an engine looks after what is due at an interval of more than nothing")
	}
	l := &lanes{busy: map[string]bool{}}
	defer l.wait()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := e.fill(ctx, l); err != nil && ctx.Err() == nil {
			e.log.ErrorContext(ctx, "what is due could not be read", "code", gateway.CodeOf(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// lanes are the providers whose operations are being looked after; "" is the lane
// of what policies have planned.
type lanes struct {
	mu      sync.Mutex
	busy    map[string]bool
	running sync.WaitGroup
}

func (l *lanes) taken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.busy))
}

// take works in a lane, which is free again afterwards.
func (l *lanes) take(lane string, work func()) {
	l.mu.Lock()
	l.busy[lane] = true
	l.mu.Unlock()
	l.running.Go(func() {
		defer func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			delete(l.busy, lane)
		}()
		work()
	})
}

func (l *lanes) wait() { l.running.Wait() }

// atOnce is how many operations of a provider, or plans, are looked after in one go.
const atOnce = 100

// fill begins to look after what is due in the lanes that are free.
func (e *Engine) fill(ctx context.Context, l *lanes) error {
	busy := l.taken()
	due, plans := map[string][]storage.Due{}, []storage.Plan(nil)
	err := e.db.View(ctx, func(tx *storage.Tx) error {
		all, err := tx.DueOperations(tx.Now(), atOnce, busy...)
		for _, d := range all {
			due[d.Provider] = append(due[d.Provider], d)
		}
		if err == nil && !slices.Contains(busy, "") {
			plans, err = tx.DuePlans(tx.Now(), atOnce)
		}
		return err
	})
	if err != nil {
		return err
	}
	log := func(err error, about ...any) {
		if err != nil && ctx.Err() == nil {
			e.log.ErrorContext(ctx, "what is due could not be looked after", append(about, "code", gateway.CodeOf(err))...)
		}
	}
	for provider, some := range due {
		l.take(provider, func() {
			for _, d := range some {
				if ctx.Err() != nil {
					return
				}
				log(e.ResolveOne(ctx, d.Store, d.Operation), "store", d.Store, "operation", d.Operation)
			}
		})
	}
	if len(plans) > 0 {
		l.take("", func() {
			for _, plan := range plans {
				if ctx.Err() != nil {
					return
				}
				log(e.carryOut(ctx, plan), "store", plan.Store, "payment", plan.Payment, "plan", plan.Name)
			}
		})
	}
	return nil
}
