package outbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/davecgh/go-spew/spew"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/outbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

func TestNoSecretOfAWebhookIsSeenInErrorsLogsOrTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, status(http.StatusOK))
	const canary = "canary-in-the-path"
	secret := gateway.NewSecret(oldSecret)
	cfg := outbox.WebhookConfig{URL: r.URL + "/" + canary + "?token=" + canary, Secrets: []gateway.Secret{secret}, Timeout: 200 * time.Millisecond, AllowPrefixes: loopback, RootCAs: r.roots()}
	hook, err := outbox.NewWebhook(cfg)
	require.NoError(t, err)
	defer hook.Close()
	refused := cfg
	refused.AllowPrefixes, refused.URL = nil, "https://localhost/"+canary
	inside, err := outbox.NewWebhook(refused)
	require.NoError(t, err)
	server := newNames(t)
	server.answer(loopback[0].Addr())
	inside.SetResolver(server.resolver())

	var seen bytes.Buffer
	subscriber := outbox.Subscriber{Name: "one", Handler: hook}
	for _, v := range []any{hook, *hook, subscriber, []any{hook}, outbox.Config{Subscribers: []outbox.Subscriber{subscriber}}} { //nolint:govet // a copy prints, too
		fmt.Fprintf(&seen, "%v %+v %#v %s %q %x %d\n", v, v, v, v, v, v, v)
		spew.Fdump(&seen, v)
		raw, _ := json.Marshal(v) //nolint:errchkjson // what cannot be written shows nothing
		seen.Write(raw)
		slog.New(slog.NewTextHandler(&seen, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&seen, nil)).Info("x", "v", v)
	}
	logged := func(c *outbox.Config) {
		c.Log = slog.New(slog.NewTextHandler(&seen, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.MaxTries = 2
	}
	d := w.dispatcher([]outbox.Subscriber{subscriber, {Name: "inside", Handler: inside}}, logged)
	for i, answer := range []http.HandlerFunc{
		status(http.StatusInternalServerError), status(http.StatusFound), status(http.StatusTooManyRequests),
		func(rw http.ResponseWriter, q *http.Request) { // it echoes everything it got
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(rw, q.URL, q.Header, oldSecret)
		},
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() },
		status(http.StatusGone),
	} {
		r.answers(answer)
		w.tell(gateway.PaymentID(fmt.Sprint("p", i)), "e")
		w.once(d)
		err := hook.Handle(t.Context(), anEvent())
		require.Error(t, err)
		fmt.Fprintf(&seen, "%v %+v %#v\n", err, err, err)
		slog.New(slog.NewJSONHandler(&seen, nil)).Info("x", "v", err)
		w.clock.Advance(2 * time.Minute)
	}
	for _, one := range w.deliveries(d, storage.DeliveryQuery{}) {
		fmt.Fprintln(&seen, one)
	}
	backlogs, err := d.Backlogs(t.Context())
	require.NoError(t, err)
	fmt.Fprintln(&seen, backlogs)
	assert.Contains(t, seen.String(), "is parked", "something was logged")
	for _, bad := range []string{"canary", oldSecret[6:], oldSecret[10:30], "Y2FuYXJ5", "63616e617279"} {
		assert.NotContains(t, seen.String(), bad)
	}
}
