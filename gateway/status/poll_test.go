package status_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

func TestC24NoIDIsABadRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/status", "/status?transactionId=", "/status?status=create.done"} {
		a := w.get(path)
		assert.Equal(t, http.StatusBadRequest, a.status)
		assert.JSONEq(t, `{"message": "say the transactionId"}`, a.body)
	}
}

func TestC24AnUnknownIDIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger := w.tokens.Make(storage.PaymentKey{Store: "es", Payment: "pay_nobody"}, time.Time{})
	w.pay("pay_1")
	for _, id := range []string{"17", "pay_1", stranger} {
		for _, known := range []string{"", "create.done"} {
			a := w.get(poll(id, known))
			assert.Equal(t, http.StatusNotFound, a.status)
			assert.Contains(t, a.body, `{"message":"there is no`)
		}
	}
}

func TestC24WhatBreaksHereIsAnErrorWithAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *status.Config) {
		c.Access = func(*http.Request, string) (storage.PaymentKey, error) {
			return storage.PaymentKey{}, errors.New("canary: the session store is down")
		}
	})
	a := w.get(poll("17", ""))
	assert.Equal(t, http.StatusInternalServerError, a.status)
	assert.JSONEq(t, `{"message": "Internal Server Error"}`, a.body, "what broke is for the log")

	ways(t, func(t *testing.T, w *world) {
		token := w.pay("pay_1")
		require.NoError(t, w.db.Close())
		for _, known := range []string{"", "processing"} {
			a := w.get(poll(token, known))
			assert.Equal(t, http.StatusInternalServerError, a.status)
			assert.JSONEq(t, `{"message": "Internal Server Error"}`, a.body)
		}
	})
}

func TestC24WithoutAStatusTheCurrentOneComesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_1")
	a := w.get(poll(token, ""))
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, "application/json", a.header.Get("Content-Type"))
	assert.Equal(t, "no-store", a.header.Get("Cache-Control"), "C25: no cache stands between")
	assert.JSONEq(t, `{"update": true, "payload": {"status": {"code": "processing", "message": "Your payment is being processed."}, "action": {"code": "", "payload": null}}}`, a.body)

	w.phase("pay_1", "prepare.pending")
	w.move("pay_1", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionIframe, URL: "https://psp.example/frame"})
	assert.JSONEq(t, `{"update": true, "payload": {"status": {"code": "prepare.pending", "message": "Please go on with your payment."},
		"action": {"code": "iframe", "payload": "https://psp.example/frame"}}}`, w.get(poll(token, "")).body)

	w.move("pay_1", gateway.StateSucceeded)
	assert.JSONEq(t, `{"update": true, "payload": {"status": {"code": "succeeded", "message": "Thank you, your payment is complete."},
		"action": {"code": "success", "payload": null}}}`, w.get(poll(token, "")).body)
}

func TestC24AStatusThatDiffersIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, w *world) {
		token := w.pay("pay_1")
		a := w.get(poll(token, "create.done"))
		assert.Equal(t, http.StatusOK, a.status)
		assert.Contains(t, a.body, `"update":true`)
		assert.Contains(t, a.body, `"code":"processing"`)
	})
}

func TestC24AnEqualStatusIsHeldUntilItDiffers(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, w *world) {
		token := w.pay("pay_1")
		held := w.later(poll(token, "processing"))
		w.held(1)
		w.update(func(tx *storage.Tx) error { return tx.AppendEvent("es", "pay_1", "something.else", nil) })
		w.move("pay_1", gateway.StateAwaiting) // another state, the same for the shopper
		w.held(1)
		w.phase("pay_1", "reserve.pending")
		a := await(t, held)
		assert.Equal(t, http.StatusOK, a.status)
		assert.JSONEq(t, `{"update": true, "payload": {"status": {"code": "reserve.pending", "message": "Your payment is being processed."}, "action": {"code": "", "payload": null}}}`, a.body)
		assert.Equal(t, "application/json", a.header.Get("Content-Type"))
		assert.Equal(t, "no-store", a.header.Get("Cache-Control"))
		assert.NotEmpty(t, a.header.Get("Date"))
		w.held(0)
	})
}

func TestC24WhatStaysEqualIsAnsweredWithoutAnUpdate(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, w *world) {
		token := w.pay("pay_1")
		a := w.get(poll(token, "processing"))
		assert.Equal(t, http.StatusOK, a.status)
		assert.JSONEq(t, `{"update": false, "payload": null}`, a.body)
		w.held(0)
	}, func(c *status.Config) { c.Hold = 100 * time.Millisecond })
}

func TestC25TheStatusIsReadFromTheDatabaseEachTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_1")
	held := w.later(poll(token, "processing")) // keeps what was read before in memory
	w.held(1)
	other := newService(t, w.db) // hears the same changes
	w.move("pay_1", gateway.StateFailed)
	a := w.get(poll(token, ""))
	assert.Contains(t, a.body, `"code":"failed"`)
	assert.Contains(t, await(t, held).body, `"code":"failed"`)
	assert.Zero(t, other.service.Waiters())
}

func TestOnlyGETIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_1")
	assert.Equal(t, http.StatusMethodNotAllowed, w.do(t.Context(), http.MethodPost, poll(token, "")).status)
	a := w.do(t.Context(), http.MethodHead, poll(token, "processing"))
	assert.Equal(t, http.StatusOK, a.status, "a HEAD does not wait")
	assert.Empty(t, a.body)
}

func TestWhatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *status.Config) { c.MaxURL, c.MaxHeader = 300, 300 })
	long := string(make([]byte, 0, 400)) + "x"
	for len(long) < 400 {
		long += long
	}
	assert.Equal(t, http.StatusRequestURITooLong, w.get("/status?transactionId="+long).status)
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, w.get(poll("17", ""), "X-Much", long).status)
	assert.Equal(t, http.StatusRequestURITooLong, w.get("/v1/payments/"+long).status)
}

func TestAServiceNeedsWhatItNeeds(t *testing.T) {
	t.Parallel()
	db := openSQLite(t)
	tokens, err := status.NewTokens(newKey)
	require.NoError(t, err)
	for _, cfg := range []status.Config{
		{},
		{Storage: db},
		{Tokens: tokens},
		{Storage: db, Tokens: tokens, Hold: -1},
		{Storage: db, Tokens: tokens, MaxWaiters: -1},
	} {
		_, err := status.New(cfg)
		require.ErrorIs(t, err, gateway.CodeInternal)
	}
	s, err := status.New(status.Config{Storage: db, Tokens: tokens})
	require.NoError(t, err)
	require.NoError(t, s.Shutdown(context.Background()))
}
