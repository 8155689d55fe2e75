package outbox_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/outbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

func TestAnAbandonedDeliveryIsMadeByAnotherAndTheLateWordDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began, free := make(chan outbox.Event), make(chan struct{})
	hangs := w.one(outbox.Func(func(_ context.Context, e outbox.Event) error {
		began <- e
		<-free
		return outbox.Permanent(errNo)
	}))
	var r recorder
	other := w.one(&r)
	w.tell("p", "e1", "e2")
	wait := background(func() { w.once(hangs) })
	first := await(t, began)
	assert.Zero(t, w.once(other), "the lease holds, and what follows waits")
	w.clock.Advance(2 * time.Minute)
	assert.Equal(t, 2, w.once(other))
	assert.Equal(t, []string{"e1", "e2"}, r.kinds(""))
	assert.Equal(t, first.Delivery, r.told[0].Delivery, "by which the receiver knows that it is the same")
	assert.Equal(t, int64(2), r.told[0].Try)
	close(free)
	wait()
	for _, one := range w.deliveries(other, storage.DeliveryQuery{}) {
		assert.Equal(t, storage.DeliveryDelivered, one.State)
	}
}

func TestWhatKillsWhoDeliversItIsParked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.one(&recorder{}, func(c *outbox.Config) { c.MaxTries = 2 })
	w.tell("p", "e")
	require.NoError(t, w.db.Update(t.Context(), func(tx *storage.Tx) error { _, err := tx.ShareEvents(10); return err }))
	for range 2 { // claimed, and never heard of again
		require.NoError(t, w.db.Update(t.Context(), func(tx *storage.Tx) error {
			due, err := tx.DueDeliveries("one", 1)
			require.Len(t, due, 1)
			won, cerr := tx.ClaimDelivery(&due[0], tx.Now().Add(time.Minute))
			assert.True(t, won)
			return errors.Join(err, cerr)
		}))
		w.clock.Advance(2 * time.Minute)
	}
	assert.Zero(t, w.once(d))
	one := w.only(d)
	assert.Equal(t, storage.DeliveryParked, one.State)
	assert.Equal(t, int64(2), one.Tries)
	assert.Contains(t, one.Failure, "never came back")
}

const victimFile = "OUTBOX_VICTIM_FILE"

// victim is the process that TestAKilledProcessLosesNoEvent kills: TestMain runs
// it instead of the tests. It ends by itself only when something is wrong.
func victim(file string) error {
	db, err := sqlite.Open(context.Background(), file)
	if err != nil {
		return err
	}
	d, err := outbox.New(outbox.Config{Storage: db, Subscribers: []outbox.Subscriber{{Name: "one", Handler: outbox.Func(func(context.Context, outbox.Event) error {
		_, _ = os.Stdout.WriteString("told\n")
		select {} // until it is killed
	})}}})
	if err != nil {
		return err
	}
	return errors.Join(errors.New("the victim was not killed"), d.Run(context.Background()))
}

func TestAKilledProcessLosesNoEvent(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	later := time.Duration(0)
	db, err := sqlite.Open(t.Context(), file, sqlite.Options{Now: func() time.Time { return time.Now().Add(later) }})
	require.NoError(t, err)
	defer db.Close()
	w := &world{T: t, db: db}
	var r recorder
	d := w.one(&r)
	w.tell("p", "e")
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), victimFile+"="+file)
	out, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	line := ""
	for lines := bufio.NewScanner(out); line != "told" && lines.Scan(); {
		line = lines.Text()
	}
	require.Equal(t, "told", line)
	require.NoError(t, process.Process.Kill())
	require.Error(t, process.Wait())
	assert.Zero(t, w.once(d), "its lease has not passed")
	later = 2 * time.Minute
	assert.Equal(t, 1, w.once(d))
	assert.Equal(t, []string{"e"}, r.kinds(""))
}
