package clienttest_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
)

func TestFaultsTellWhatReallyArrived(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) {
		for c.Request() != nil {
			c.Send("HTTP/1.1 204 No Content\r\n\r\n")
		}
	})
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.URL(), "http://")) //nolint:noctx // loopback
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	const sent = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
	_, err = io.WriteString(conn, sent+"POST /half HTTP/1.1\r\n")
	require.NoError(t, err)
	assert.Eventually(t, func() bool { return strings.HasSuffix(string(f.Received()), "/half HTTP/1.1\r\n") }, 5*time.Second, time.Millisecond)
	assert.Equal(t, sent+"POST /half HTTP/1.1\r\n", string(f.Received()))
	require.Len(t, f.Requests(), 1, "the second is not complete")
	body, _ := io.ReadAll(f.Requests()[0].Body)
	assert.Equal(t, "{}", string(body))
	assert.Equal(t, 1, f.Conns())
}

func TestFaultsDripAndReset(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) {
		if c.Head() {
			c.Drip("abc", time.Millisecond)
			c.Reset()
		}
	})
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.URL(), "http://")) //nolint:noctx // loopback
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	require.NoError(t, err)
	got, err := io.ReadAll(conn)
	require.ErrorContains(t, err, "reset")
	assert.LessOrEqual(t, len(got), 3)
}
