package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/outbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// terminal tells what happens, a line each.
type terminal struct {
	mu sync.Mutex
	w  io.Writer
}

func newTerminal(cfg Config) *terminal { return &terminal{w: cfg.Terminal} }

func (t *terminal) say(who, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = fmt.Fprintf(t.w, "%-10s %s\n", who, fmt.Sprintf(format, args...))
}

// tellEvents has the terminal told what the ledger writes down. Real shops send
// letters and ship books here: an event is told at least once, and in order.
func tellEvents(lc fx.Lifecycle, db *storage.DB, t *terminal) error {
	d, err := outbox.New(outbox.Config{Storage: db, Subscribers: []outbox.Subscriber{{
		Name: "terminal", Kinds: []string{"operation.*", "money.*", "capture.*"}, Handler: outbox.Func(func(ctx context.Context, e outbox.Event) error {
			var p gateway.Payment
			err := db.View(ctx, func(tx *storage.Tx) (err error) { p, err = tx.Payment(e.Store, e.Payment); return err })
			if err == nil {
				t.say(p.Order, "%s", words(e))
			}
			return err
		}),
	}}})
	if err != nil {
		return err
	}
	lc.Append(fx.Hook{OnStart: d.Register}) // before the first payment
	background(lc, d.Run)
	return nil
}

// words says an event in plain words.
func words(e outbox.Event) string {
	if kind, isMoney := strings.CutPrefix(e.Kind, "money."); isMoney {
		var m engine.MoneyTold
		if err := json.Unmarshal(e.Body, &m); err != nil {
			return e.Kind
		}
		how := map[gateway.Source]string{gateway.SourceAnswer: "it answered", gateway.SourceWebhook: "it told us", gateway.SourceReturn: "we asked when the shopper came back", gateway.SourcePoll: "we asked it"}
		return fmt.Sprintf("money: %s %s at %s (%s)", kind, m.Amount, m.Provider, how[m.Source])
	}
	var o engine.OperationTold
	if err := json.Unmarshal(e.Body, &o); err != nil || !strings.HasPrefix(e.Kind, "operation.") {
		return e.Kind
	}
	state := gateway.OperationState(strings.TrimPrefix(e.Kind, "operation."))
	said := map[gateway.OperationState]string{
		gateway.StateOpen:           "goes on with its next call",
		gateway.StateAwaiting:       "accepted; the result comes later",
		gateway.StateActionRequired: "the shopper has something to do",
		gateway.StateUnknown:        "the answer was lost: nobody knows, so it is asked",
		gateway.StateParked:         "nobody can find out: an operator has to",
		gateway.StateSucceeded:      "succeeded",
		gateway.StateFailed:         "certainly did not happen",
		gateway.StateCancelled:      "ended before it happened",
	}[state]
	switch {
	case state == gateway.StateActionRequired && o.Code == gateway.CodeDeclined:
		said = "declined for now; the shopper may choose again"
	case o.Code != "":
		said += " (" + strings.TrimSuffix(string(o.Code)+": "+o.Detail, ": ") + ")"
	}
	return fmt.Sprintf("%s at %s: %s", o.Kind, o.Provider, said)
}

// heard makes a reader of notifications that tells what it has read: by then the
// notification was verified.
func (t *terminal) heard(provider string, next webhook.Reader) webhook.Reader {
	return webhook.ReaderFunc(func(ctx context.Context, c webhook.Call) ([]webhook.Event, error) {
		events, err := next.Read(ctx, c)
		for _, e := range events {
			t.say(provider, "tells us: %s", e.Kind)
		}
		return events, err
	})
}
