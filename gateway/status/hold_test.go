package status_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

func TestAVersionIsHeldUntilAnotherOneComes(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, w *world) {
		token := w.pay("pay_17")
		path := "/v1/payments/" + token
		first := w.get(path)
		v := first.view(t)
		assert.Equal(t, `"`+v.Version+`"`, first.header.Get("Etag"))
		assert.Equal(t, "private, no-cache", first.header.Get("Cache-Control"))
		assert.Equal(t, "no-referrer", first.header.Get("Referrer-Policy"))
		assert.Contains(t, first.body, `"poll":{"wait":30,"after":0}`)

		assert.Equal(t, http.StatusNoContent, w.get(path+"?wait=0&known="+v.Version).status, "it need not be held")
		assert.Equal(t, http.StatusNotModified, w.get(path, "If-None-Match", `"`+v.Version+`"`).status)
		assert.Equal(t, http.StatusNotModified, w.get(path, "If-None-Match", `W/"`+v.Version+`"`).status)
		assert.Equal(t, first.body, w.get(path, "If-None-Match", `"another"`).body)
		assert.Equal(t, http.StatusBadRequest, w.get(path+"?wait=-1").status)

		held, conditional := w.later(path+"?known="+v.Version), w.later(path+"?wait=20", "If-None-Match", `"`+v.Version+`"`)
		w.held(2)
		w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionRedirect, URL: "https://bank.example/1"})
		second := await(t, held).view(t)
		assert.Equal(t, second, await(t, conditional).view(t))
		assert.Equal(t, "https://bank.example/1", second.Action.URL)

		held = w.later(path + "?known=" + second.Version)
		w.held(1)
		w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionRedirect, URL: "https://bank.example/2"})
		assert.Equal(t, "https://bank.example/2", await(t, held).view(t).Action.URL, "another action is another version")
		w.move("pay_17", gateway.StateSucceeded)
		assert.Contains(t, w.get(path).body, `"poll":null`, "nothing more will change")
	})
}

func TestAVersionThatStaysIsAnsweredInTheEnd(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, w *world) {
		path := "/v1/payments/" + w.pay("pay_17")
		v := w.get(path).view(t)
		a := w.get(path + "?known=" + v.Version)
		assert.Equal(t, http.StatusNoContent, a.status)
		assert.Empty(t, a.body)
		assert.Equal(t, `"`+v.Version+`"`, a.header.Get("Etag"))
		assert.Equal(t, http.StatusNotModified, w.get(path+"?wait=10", "If-None-Match", `"`+v.Version+`"`).status)
	}, func(c *status.Config) { c.Hold = 50 * time.Millisecond })
}

func TestOneChangeWakesAThousandAndIsReadOnce(t *testing.T) {
	t.Parallel()
	var reads sync.Map // of a storage → how often a payment was read
	ways(t, func(t *testing.T, w *world) {
		token := w.pay("pay_17")
		var all []<-chan answer
		for range 1000 {
			all = append(all, w.later(poll(token, "processing")))
		}
		w.held(1000)
		w.settled(token)
		count := func() int64 { n, _ := reads.Load(w.db); return n.(*atomic.Int64).Load() }
		before := count()
		w.move("pay_17", gateway.StateSucceeded)
		for _, a := range all {
			got := await(t, a)
			require.Equal(t, http.StatusOK, got.status)
			require.Contains(t, got.body, `"code":"succeeded"`)
		}
		w.held(0)
		assert.Equal(t, before+1, count())
	}, func(c *status.Config) {
		n := &atomic.Int64{}
		reads.Store(c.Storage, n)
		c.MaxPerPayment = 1001
		c.Message = func(v status.View) string { n.Add(1); return v.Message } // asked at every reading
	})
}

// Whatever happens between the reading and the waiting, nobody sleeps through a
// change: many clients follow many changes, each from its own pace.
func TestNoChangeIsSleptThrough(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, w *world) {
		token := w.pay("pay_17")
		const last = "step.40"
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				for known := ""; known != last; {
					a, err := w.try(t.Context(), http.MethodGet, poll(token, known))
					if !assert.NoError(t, err) || !assert.Equal(t, http.StatusOK, a.status) {
						return
					}
					var got struct {
						Update  bool
						Payload struct{ Status struct{ Code string } }
					}
					a.decode(t, &got)
					if !assert.True(t, got.Update, "it was held for its whole time, from %q", known) {
						return
					}
					known = got.Payload.Status.Code
				}
			})
		}
		for i := range 41 {
			w.phase("pay_17", fmt.Sprintf("step.%d", i))
		}
		all.Wait()
		w.held(0)
	}, func(c *status.Config) { c.Hold = 20 * time.Second })
}

func TestAClientThatIsGoneLeavesNothing(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, w *world) {
		token := w.pay("pay_17")
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 200 {
			path := poll(token, "processing")
			if i%3 == 0 {
				path = "/v1/payments/" + token + "/events"
			}
			all.Go(func() {
				_, err := w.try(ctx, http.MethodGet, path)
				assert.Error(t, err)
			})
		}
		w.held(200)
		leave()
		all.Wait()
		w.held(0) // at once, and not when their time is over
	}, func(c *status.Config) { c.MaxPerPayment = 200; c.Hold = time.Hour })
}

func TestAShutdownAnswersEverybody(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, w *world) {
		token := w.pay("pay_17")
		v := w.view(token)
		polls, versions := []<-chan answer{}, []<-chan answer{}
		for range 20 {
			polls = append(polls, w.later(poll(token, "processing")))
			versions = append(versions, w.later("/v1/payments/"+token+"?known="+v.Version))
		}
		stream := w.later("/v1/payments/" + token + "/events")
		w.held(41)
		w.settled(token)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		require.NoError(t, w.service.Shutdown(ctx))
		for i := range polls {
			assert.JSONEq(t, `{"update": false, "payload": null}`, await(t, polls[i]).body)
			assert.Equal(t, http.StatusNoContent, await(t, versions[i]).status)
		}
		assert.Contains(t, await(t, stream).body, "event: status")
		for _, path := range []string{poll(token, ""), poll(token, "processing"), "/v1/payments/" + token, "/v1/payments/" + token + "/events"} {
			a := w.get(path)
			assert.Equal(t, http.StatusServiceUnavailable, a.status, "whoever comes later is to come again")
			assert.NotEmpty(t, a.header.Get("Retry-After"))
		}
		require.NoError(t, w.service.Shutdown(ctx), "once more does no harm")
	}, func(c *status.Config) { c.MaxPerPayment = 50; c.Hold = time.Hour })
}

// settled waits until those who are held were read for: a read that begins now ends after theirs.
func (w *world) settled(token string) {
	w.Helper()
	require.Equal(w, http.StatusOK, w.get(poll(token, "")).status)
	require.Equal(w, http.StatusOK, w.get(poll(token, "")).status)
}

func TestAShutdownIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	blocked, stop := make(chan struct{}), make(chan struct{})
	w.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.service.Poll(stuck{rw, blocked, stop}, r)
	}))
	held := w.later(poll(token, "processing"))
	w.held(1)
	w.settledDirectly()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-blocked
		cancel()
	}()
	require.ErrorIs(t, w.service.Shutdown(ctx), gateway.CodeUnavailable)
	close(stop)
	await(t, held)
}

func (w *world) settledDirectly() {
	w.Helper()
	w.update(func(tx *storage.Tx) error { _, err := tx.LockPayment("es", "pay_17"); return err })
}

// stuck is a writer whose client takes nothing.
type stuck struct {
	http.ResponseWriter
	blocked, stop chan struct{}
}

func (s stuck) Write(b []byte) (int, error) {
	close(s.blocked)
	<-s.stop
	return s.ResponseWriter.Write(b)
}

func TestTooManyWaitersAreSentAway(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, w *world) {
		one, two := w.pay("pay_1"), w.pay("pay_2")
		a, b := w.later(poll(one, "processing")), w.later(poll(one, "processing"))
		w.held(2)
		refused := w.get(poll(one, "processing"))
		assert.Equal(t, http.StatusServiceUnavailable, refused.status, "of one payment")
		assert.Equal(t, "2", refused.header.Get("Retry-After"))
		assert.Contains(t, refused.body, `"message"`)
		c := w.later(poll(two, "processing"))
		w.held(3)
		assert.Equal(t, http.StatusServiceUnavailable, w.get(poll(two, "processing")).status, "of the process")
		w.move("pay_1", gateway.StateFailed)
		await(t, a)
		await(t, b)
		w.move("pay_2", gateway.StateFailed)
		assert.Equal(t, http.StatusOK, await(t, c).status)
	}, func(c *status.Config) { c.MaxPerPayment, c.MaxWaiters = 2, 3 })
}

// Word of a change may be lost; one look for the whole process finds what changed.
func TestAChangeThatNobodyToldOfIsFound(t *testing.T) {
	t.Parallel()
	db := openSQLite(t)
	w := newWorldOn(t, db, func(c *status.Config) { c.Poll = 20 * time.Millisecond })
	token := w.pay("pay_17")
	held := w.later(poll(token, "processing"))
	w.held(1)
	w.update(func(tx *storage.Tx) error { // as another process would: this one's storage hears nothing
		ctx, q := tx.SQL()
		if _, err := q.ExecContext(ctx, `UPDATE operation SET state = 'failed'`); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `UPDATE payment SET version = version + 1`)
		return err
	})
	assert.Contains(t, await(t, held).body, `"code":"failed"`)
}

// Whoever waits goes on waiting while the database does not answer.
func TestADatabaseThatFailsForAWhileFreesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	held := w.later(poll(token, "processing"))
	w.held(1)
	w.settled(token)
	breakIt := func(from, to string) {
		w.update(func(tx *storage.Tx) error {
			ctx, q := tx.SQL()
			_, err := q.ExecContext(ctx, "ALTER TABLE "+from+" RENAME TO "+to)
			return err
		})
	}
	breakIt("operation", "elsewhere")
	w.settledDirectly()
	assert.Equal(t, http.StatusInternalServerError, w.get(poll(token, "")).status)
	w.held(1)
	breakIt("elsewhere", "operation")
	w.move("pay_17", gateway.StateFailed)
	assert.Contains(t, await(t, held).body, `"code":"failed"`)
}

func raw(t *testing.T, w *world, requests string) (conn net.Conn) {
	t.Helper()
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, requests)
	require.NoError(t, err)
	return conn
}

// A client that sends more while it is held gets an answer, and its connection ends.
func TestAClientThatTalksWhileItIsHeldIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	request := "GET " + poll(token, "processing") + " HTTP/1.1\r\nHost: shop\r\n\r\n"
	conn := raw(t, w, request)
	w.held(1)
	w.settled(token)
	_, err := io.WriteString(conn, request)
	require.NoError(t, err)
	w.held(0)
	head := make([]byte, 17)
	_, err = io.ReadFull(conn, head)
	if err == nil { // unless the reset was faster
		assert.Equal(t, "HTTP/1.1 200 OK\r\n", string(head))
	}
	pipelined := raw(t, w, request+request)
	answer, _ := io.ReadAll(pipelined)
	assert.Contains(t, string(answer), "503", "two at once: come again")
	w.held(0)
}

func TestABareConnectionIsAnsweredAndClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inner := w.service.Handler()
	w.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Outer", "kept")
		rw.Header().Set("Cache-Control", "public")
		inner.ServeHTTP(rw, r)
	}))
	token := w.pay("pay_17")
	conn := raw(t, w, "GET "+poll(token, "processing")+" HTTP/1.1\r\nHost: shop\r\n\r\n")
	w.held(1)
	w.move("pay_17", gateway.StateFailed)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err, "it is closed")
	text := string(answer)
	assert.True(t, strings.HasPrefix(text, "HTTP/1.1 200 OK\r\n"), text)
	assert.Contains(t, text, "\r\nConnection: close\r\n")
	assert.Contains(t, text, "\r\nX-Outer: kept\r\n", "what others set stays")
	assert.Contains(t, text, "\r\nCache-Control: no-store\r\n")
	assert.NotContains(t, text, "public", "what is ours is ours")
}

// A client that takes nothing holds up no other, and is given up.
func TestASlowClientHoldsUpNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *status.Config) { c.Write = 3 * time.Second })
	big := map[string]string{"code": strings.Repeat("x", 8<<20)}
	token := w.pay("pay_17")
	request := "GET " + poll(token, "processing") + " HTTP/1.1\r\nHost: shop\r\n\r\n"
	for range 10 {
		raw(t, w, request) // never read
	}
	held := w.later(poll(token, "processing"))
	w.held(11)
	w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionDisplay, Fields: big})
	assert.Equal(t, http.StatusOK, await(t, held).status)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, w.service.Shutdown(ctx), "those who did not read were given up")
}

// The server's own limits for reading and writing do not end a request that is held:
// whoever reads meets the end of their own patience, and not that of the connection.
func TestTheServersTimeLimitsDoNotEndWhatIsHeld(t *testing.T) {
	t.Parallel()
	const limit = time.Second // more than a busy machine needs until the handler begins
	w := newService(t, openSQLite(t))
	server := &http.Server{Handler: w.service.Handler(), ReadTimeout: limit, WriteTimeout: limit}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	token := w.pay("pay_17")
	for _, path := range []string{poll(token, "processing"), "/v1/payments/" + token + "/events"} {
		conn, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: shop\r\n\r\n")
		require.NoError(t, err)
		w.held(1)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(2*limit)))
		_, err = io.Copy(io.Discard, conn)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		w.held(1) // a stream has told its first event meanwhile
		_ = conn.Close()
		w.held(0)
	}
}

func TestHTTP2IsHeldTheUsualWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Close()
	w.server = nil
	w.startTLS()
	token := w.pay("pay_17")
	held := w.later(poll(token, "processing"))
	w.held(1)
	w.move("pay_17", gateway.StateFailed)
	a := await(t, held)
	assert.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, `"code":"failed"`)
}
