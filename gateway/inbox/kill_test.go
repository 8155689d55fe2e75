package inbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

const victimVariable = "INBOX_VICTIM"

// orders tell a process what to serve and where to die.
type orders struct {
	Provider, Duty string
	File, Postgres string // either: where the shop's books are
	Crash          string
	Later          time.Duration // of its clock
}

// shopOf opens a shop's engine on its books.
func shopOf(ctx context.Context, o orders) (db *storage.DB, eng *engine.Engine, err error) {
	now := func() time.Time { return time.Now().Add(o.Later) }
	if o.Postgres != "" {
		db, err = postgres.Open(ctx, o.Postgres, postgres.Options{Now: now})
	} else {
		db, err = sqlite.Open(ctx, o.File, sqlite.Options{Now: now})
	}
	if err != nil {
		return nil, nil, err
	}
	api, err := sandbox.New(sandbox.Config{BaseURL: o.Provider, Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)}), HTTP: client.Config{Timeout: 5 * time.Second}})
	if err != nil {
		return nil, nil, err
	}
	pools, err := command.Assemble(api.Provider())
	if err != nil {
		return nil, nil, err
	}
	eng, err = engine.New(engine.Config{Pools: pools, Storage: db})
	return db, eng, err
}

// victim serves an inbox until it is killed.
func victim(raw string) error {
	var o orders
	if err := json.Unmarshal([]byte(raw), &o); err != nil {
		return err
	}
	inbox.CrashAt(func(name string) {
		if name == o.Crash {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal arrives
		}
	})
	db, eng, err := shopOf(context.Background(), o)
	if err != nil {
		return err
	}
	keys := sandbox.WebhookConfig{Keys: tenant.Single(sandbox.WebhookKeys{Secrets: []gateway.Secret{gateway.NewSecret(simulator.DefaultWebhookSecret)}})}
	receiver := sandbox.Webhook(keys)
	receiver.Reader = gated{receiver.Reader}
	box, err := inbox.New(inbox.Config{
		Storage: db, Engine: eng, Receivers: map[string]webhook.Receiver{"sandbox": receiver},
		Gates: map[string]inbox.Gate{"sandbox": inbox.GateFunc(func(ctx context.Context, d inbox.Duty) error {
			r, err := http.NewRequestWithContext(ctx, http.MethodPut, o.Duty+"/"+d.Event.ID, nil)
			if err != nil {
				return err
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				return err
			}
			return resp.Body.Close()
		})},
	})
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, _ = os.Stdout.WriteString("http://" + l.Addr().String() + "\n")
	server := &http.Server{Handler: box.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second}
	return errors.Join(errors.New("it was not killed"), server.Serve(l))
}

// process starts a shop's process and returns its address, its number, and how to end it.
func process(t *testing.T, o orders) (url string, pid int, end func()) {
	t.Helper()
	raw, err := json.Marshal(o)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimVariable+"="+string(raw))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "it says where it is")
	return lines.Text(), cmd.Process.Pid, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
}

// points returns every crash point that is compiled in.
func points(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`\bpoint\("([^"]+)"\)`).FindAllStringSubmatch(string(raw), -1) {
			all = append(all, m[1])
		}
	}
	require.Len(t, all, 6)
	return all
}

// W6: a process that is killed at any point has not answered with success; the
// next one goes on when the provider comes again, loses nothing and books nothing
// twice. Every point that is compiled in is visited.
func TestW6AKilledProcessNeverSaidYes(t *testing.T) {
	t.Parallel()
	for _, at := range points(t) {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, on option) { killedAt(t, at, on) })
		})
	}
}

// killedAt kills a process at one point.
func killedAt(t *testing.T, at string, on option) {
	t.Helper()
	var duties atomic.Int64
	duty := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { duties.Add(1) }))
	t.Cleanup(duty.Close)
	provider, err := simulator.Start(simulator.Config{ManualWebhooks: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, provider.Close()) })
	o := orders{Provider: provider.URL(), Duty: duty.URL, File: filepath.Join(t.TempDir(), "shop.db"), Crash: at}
	if on.postgres {
		o.File, o.Postgres = "", postgrestest.Database(t)
	}
	db, eng, err := shopOf(t.Context(), orders{Provider: o.Provider, File: o.File, Postgres: o.Postgres})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	url, _, end := process(t, o)
	require.NoError(t, provider.SetWebhook(simulator.DefaultAccount, url+"/webhooks/sandbox/es", simulator.DefaultWebhookSecret))

	p, err := eng.Create(t.Context(), engine.NewPayment{Store: "es", Key: "k", Amount: enginetest.EUR(1000)})
	require.NoError(t, err)
	r := enginetest.Authorization(p, "k")
	r.Instrument = &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenChallenge)}
	got, err := eng.Authorize(t.Context(), r)
	require.NoError(t, err)
	require.NoError(t, provider.CompleteChallenge(got.Payment.Refs.Get("payment")))
	events := provider.Events()
	last := events[len(events)-1].ID

	d, err := provider.Deliver(last)
	end()
	require.NoError(t, err)
	require.Error(t, d.Err, "it was killed before it answered")
	assert.Zero(t, d.Status)
	var items []storage.InboxItem
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		ctx, q := tx.SQL()
		n := 0
		require.NoError(t, q.QueryRowContext(ctx, "SELECT count(*) FROM inbox").Scan(&n))
		assert.Equal(t, at != "after the verification", n == 1)
		return nil
	}))

	o.Crash, o.Later = "", time.Hour
	url, _, end = process(t, o)
	t.Cleanup(end)
	require.NoError(t, provider.SetWebhook(simulator.DefaultAccount, url+"/webhooks/sandbox/es", simulator.DefaultWebhookSecret))
	for range 2 {
		d, err = provider.Deliver(last)
		require.NoError(t, err)
		assert.Equal(t, 200, d.Status)
	}
	p, err = eng.Payment(t.Context(), "es", p.ID)
	require.NoError(t, err)
	assert.Equal(t, enginetest.EUR(1000), p.Balances.Authorized)
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) (err error) {
		items, err = tx.Inbox("es", storage.InboxQuery{State: storage.InboxDone})
		return err
	}))
	assert.Len(t, items, 1)
	most := int64(1)
	if at == "after the gate" { // it was done, and that was not written down
		most = 2
	}
	assert.Equal(t, most, duties.Load(), "how often the duty was done")
}
