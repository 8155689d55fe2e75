package main

import (
	"context"
	"log/slog"
	"time"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// plug is what the shop needs of a provider beside its commands.
type plug struct {
	provider string
	receiver webhook.Receiver // reads its notifications
	frames   []string         // the origins of its pages that may be shown in a frame
	gate     inbox.Gate       // what must be done before it is answered; nil is nothing
}

// plugs are those of all providers; in no order, as fx has it.
type plugs struct {
	fx.In

	All []plug `group:"plugs"`
}

func (p plugs) frames() (all []string) {
	for _, one := range p.All {
		all = append(all, one.frames...)
	}
	return all
}

// newInbox makes what takes the providers' notifications.
func newInbox(lc fx.Lifecycle, p plugs, db *storage.DB, e *engine.Engine, t *terminal, log *slog.Logger) (*inbox.Inbox, error) {
	receivers, gates := map[string]webhook.Receiver{}, map[string]inbox.Gate{}
	for _, one := range p.All {
		if one.gate != nil {
			gates[one.provider] = one.gate
		}
		one.receiver.Reader = t.heard(one.provider, one.receiver.Reader)
		receivers[one.provider] = one.receiver
	}
	box, err := inbox.New(inbox.Config{Storage: db, Engine: e, Receivers: receivers, Gates: gates, Log: log})
	if err != nil {
		return nil, err
	}
	lc.Append(fx.Hook{OnStop: func(ctx context.Context) error { return wait(ctx, box.Wait) }})
	background(lc, func(ctx context.Context) error { return box.Run(ctx, time.Second) })
	return box, nil
}
