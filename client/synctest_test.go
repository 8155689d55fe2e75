package client_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// piped returns a config whose connections are pipes that serve has the other end of.
func piped(serve func(net.Conn)) client.Config {
	return client.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer func() { _ = theirs.Close() }()
			serve(theirs)
		}()
		return ours, nil
	}}
}

func TestTimeoutsOfTheRealClientTakeNoRealTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, piped(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })) // reads, and never answers
		for _, try := range []struct{ own, want time.Duration }{{0, client.DefaultTimeout}, {time.Hour, time.Hour}, {time.Millisecond, time.Millisecond}} {
			send := post(t, "http://localhost/pay", "{}")
			send.Timeout = try.own
			start := time.Now()
			e := refusal(t.Context(), t, h, send, gateway.CodeIndeterminate)
			require.ErrorIs(t, e, context.DeadlineExceeded)
			assert.Equal(t, try.want, time.Since(start))
		}
	})
}

func TestADripIsBoundedByTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, piped(func(c net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
				return
			}
			_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
			for err == nil {
				time.Sleep(time.Second)
				_, err = c.Write([]byte("x"))
			}
		}))
		start := time.Now()
		e := refusal(t.Context(), t, h, post(t, "http://localhost/pay", "{}"), gateway.CodeIndeterminate)
		assert.Contains(t, e.Detail, "timed out after 30s, before the answer was complete")
		assert.Equal(t, client.DefaultTimeout, time.Since(start))
		time.Sleep(2 * time.Second) // the other side notices
	})
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		closed := 0
		serve := func(c net.Conn) {
			r := bufio.NewReader(c)
			for {
				if _, err := http.ReadRequest(r); err != nil {
					mu.Lock()
					closed++
					mu.Unlock()
					return
				}
				_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
			}
		}
		count := func() int {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return closed
		}
		h := open(t, piped(serve))
		place(t, h, post(t, "http://localhost/pay", ""))
		time.Sleep(client.DefaultIdleTimeout - time.Second)
		assert.Equal(t, 0, count())
		time.Sleep(2 * time.Second)
		assert.Equal(t, 1, count(), "after the idle time")
		place(t, h, post(t, "http://localhost/pay", ""))
		require.NoError(t, h.Close())
		assert.Equal(t, 2, count(), "by Close")
		place(t, h, post(t, "http://localhost/pay", "")) // a closed client can still be used
	})
}

func TestADialerThatHangsIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, client.Config{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		start := time.Now()
		e := refusal(t.Context(), t, h, post(t, "http://localhost/pay", "{}"), gateway.CodeUnavailable)
		assert.Equal(t, "connecting timed out after 5s, before anything was sent", e.Detail)
		assert.Equal(t, client.DefaultDialTimeout, time.Since(start))
	})
}
