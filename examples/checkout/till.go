package main

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/returns"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// till is all that the shop has to say to the engine.
type till struct {
	engine   *engine.Engine
	keys     *keys
	url      string
	terminal *terminal
	patience time.Duration // how long a shopper looks at a page that does not change

	running sync.WaitGroup
}

func newTill(lc fx.Lifecycle, e *engine.Engine, k *keys, at address, t *terminal) *till {
	made := &till{engine: e, keys: k, url: at.url, terminal: t, patience: 700 * time.Millisecond}
	lc.Append(fx.Hook{OnStop: func(ctx context.Context) error { return wait(ctx, made.running.Wait) }})
	return made
}

// newCart returns the name of a cart, which becomes the name of an order.
func newCart() string { return rand.Text() }

// isCart reports whether a text may be the name of a cart. A part of it becomes the
// order's number, and stands in mails, logs and addresses.
func isCart(text string) bool {
	return len(text) == len(newCart()) && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// order makes the payment of a cart: the same cart, the same payment, however
// often the shopper presses the button.
func (t *till) order(ctx context.Context, cart string, order gateway.Order) (gateway.Payment, error) {
	total, err := gateway.LinesTotal(order.Lines)
	if err != nil {
		return gateway.Payment{}, err
	}
	order.Number = cart[:8]
	p, err := t.engine.Create(ctx, engine.NewPayment{Store: store, Key: "cart/" + cart, Amount: total, Order: &order})
	if err == nil {
		t.terminal.say(p.Order, "ordered: %s for %s", order.Description, p.Due)
	}
	return p, err
}

// try returns the number of the next try to pay. It is in the form that the
// shopper sends: two tabs, or two clicks, send the same one.
func (t *till) try(ctx context.Context, key storage.PaymentKey) (int, error) {
	operations, _, err := t.engine.History(ctx, key.Store, key.Payment)
	n := 1
	for _, o := range operations {
		if o.Kind == gateway.OpPurchase || o.Kind == gateway.OpAuthorize {
			n++
		}
	}
	return n, err
}

// pay begins to pay. The number of the try names the command: one that is made
// twice is one, and whoever chooses differently while a try is under way is refused.
func (t *till) pay(ctx context.Context, key storage.PaymentKey, try int, m Method) (begun bool, err error) {
	back, err := t.keys.back.Make(key.Store, key.Payment, returns.Return)
	if err != nil {
		return false, err
	}
	away, err := t.keys.back.Make(key.Store, key.Payment, returns.Cancel)
	if err != nil {
		return false, err
	}
	r := engine.Request{
		Store: key.Store, Payment: key.Payment, Provider: m.Provider, Key: "pay/" + string(key.Payment) + "/" + strconv.Itoa(try),
		All: true, ReturnURL: t.url + "/return/" + back, CancelURL: t.url + "/cancel/" + away,
		NotifyURL: t.url + "/webhooks/" + m.Provider + "/" + string(key.Store),
	}
	m.Fill(&r)
	t.terminal.say("shopper", "pays by %q, try %d", m.Label, try)
	return t.run(ctx, func(ctx context.Context) (engine.Result, error) {
		done, err := t.engine.Pay(ctx, r)
		if done.Operation.State != gateway.StateOpen || !gateway.CodeOf(err).Retryable() {
			return done, err
		}
		// Nothing was sent: the provider cannot be reached. The engine would try for an
		// hour; this shopper stands by, and has other ways to pay.
		if ended, _ := t.engine.Cancel(ctx, engine.Request{Store: r.Store, Payment: r.Payment, Provider: r.Provider, Key: "unreachable/" + string(done.Operation.ID)}); ended.Operation.State == gateway.StateSucceeded {
			done.Operation.ID = "" // as if it had not been begun
		}
		return done, err
	})
}

// cancel ends a try to pay that waits for the shopper, who wants another way.
func (t *till) cancel(ctx context.Context, key storage.PaymentKey) error {
	operations, _, err := t.engine.History(ctx, key.Store, key.Payment)
	if err != nil || len(operations) == 0 {
		return err
	}
	last := operations[len(operations)-1]
	_, err = t.run(ctx, func(ctx context.Context) (engine.Result, error) {
		return t.engine.Cancel(ctx, engine.Request{Store: key.Store, Payment: key.Payment, Provider: last.Provider, Key: "cancel/" + string(last.ID)})
	})
	return err
}

// run does something at a provider. A slow one does not hold up the shopper, who
// watches the payment's page meanwhile; and a shopper who goes away stops nothing
// that was begun. begun is false when it was refused before anything was written.
func (t *till) run(ctx context.Context, do func(ctx context.Context) (engine.Result, error)) (begun bool, err error) {
	type done struct {
		engine.Result

		err error
	}
	answer := make(chan done, 1)
	t.running.Go(func() {
		r, err := do(context.WithoutCancel(ctx))
		answer <- done{r, err}
	})
	select {
	case d := <-answer:
		if d.Operation.ID != "" {
			return true, nil // the payment's page says how it stands, also when it failed
		}
		return false, d.err
	case <-time.After(t.patience):
		return true, nil
	}
}
