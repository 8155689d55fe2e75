package status_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
)

const roleVariable = "STATUS_TEST_ROLE"

// play is what another process of a test does.
func play(role string) error {
	if role != "change" {
		return park(role)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := postgres.Open(ctx, os.Getenv("STATUS_TEST_DATABASE"))
	if err != nil {
		return err
	}
	err = db.Update(ctx, func(tx *storage.Tx) error {
		p, err := tx.LockPayment("es", "pay_17")
		if err != nil {
			return err
		}
		p.Phase = "from elsewhere"
		return tx.SetBalances(p)
	})
	return errors.Join(err, db.Close())
}

func onPostgres(t *testing.T, url string, change ...func(c *status.Config)) *world {
	t.Helper()
	db, err := postgres.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return newWorldOn(t, db, change...)
}

func TestAChangeInAnotherProcessWakesWhoWaitsHere(t *testing.T) {
	t.Parallel()
	url := postgrestest.Database(t)
	w := onPostgres(t, url) // its own looks are an hour apart
	token := w.pay("pay_17")
	held := w.later(poll(token, "processing"))
	_, stream := w.stream(token, "")
	told(t, stream)
	w.held(2)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"=change", "STATUS_TEST_DATABASE="+url)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, await(t, held).body, `"code":"from elsewhere"`)
	_, v := told(t, stream)
	assert.Equal(t, "from elsewhere", v.Phase)
}

// Two processes answer shoppers while both change payments: each shopper sees
// every payment reach its end, whichever process is asked.
func TestTwoProcessesAnswerForOneAnother(t *testing.T) {
	t.Parallel()
	url := postgrestest.Database(t)
	here, there := onPostgres(t, url), onPostgres(t, url)
	var waiting []<-chan answer
	for i := range 20 {
		id := gateway.PaymentID(fmt.Sprintf("pay_%d", i))
		token := here.pay(id)
		waiting = append(waiting, here.later(poll(token, "processing")), there.later(poll(token, "processing")))
	}
	here.held(20)
	there.held(20)
	for i := range 20 {
		[]*world{here, there}[i%2].move(gateway.PaymentID(fmt.Sprintf("pay_%d", i)), gateway.StateSucceeded)
	}
	for _, c := range waiting {
		a := await(t, c)
		assert.Equal(t, http.StatusOK, a.status)
		assert.Contains(t, a.body, `"code":"succeeded"`)
	}
}

// What was announced while the listening connection was down is found as soon as it is up again.
func TestAChangeWhileNobodyListenedIsFoundWhenItListensAgain(t *testing.T) {
	t.Parallel()
	url := postgrestest.Database(t)
	w := onPostgres(t, url)
	quiet, err := postgres.Open(t.Context(), url, postgres.Options{Quiet: true}) // its word is lost
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, quiet.Close()) })
	token := w.pay("pay_17")
	held := w.later(poll(token, "processing"))
	w.held(1)
	w.settled(token)
	require.NoError(t, quiet.Update(t.Context(), func(tx *storage.Tx) error {
		p, err := tx.LockPayment("es", "pay_17")
		if err != nil {
			return err
		}
		p.Phase = "unheard"
		return tx.SetBalances(p)
	}))
	w.held(1)
	require.NoError(t, quiet.View(t.Context(), func(tx *storage.Tx) error {
		ctx, q := tx.SQL()
		var cut int
		err := q.QueryRowContext(ctx, `SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`).Scan(&cut)
		assert.Equal(t, 1, cut, "one connection listens for the whole process")
		return err
	}))
	var got struct {
		Payload struct{ Status struct{ Code string } }
	}
	require.NoError(t, json.Unmarshal([]byte(await(t, held).body), &got))
	assert.Equal(t, "unheard", got.Payload.Status.Code)
}
