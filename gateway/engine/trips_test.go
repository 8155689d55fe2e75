package engine_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
)

// mostTrips is how often an authorization and a capture wait for the database
// together. With a network between, each costs as much as all their statements.
const mostTrips = 22

func TestAPaymentWaitsForItsDatabaseAFewTimes(t *testing.T) {
	t.Parallel()
	at, err := url.Parse(postgrestest.Database(t))
	require.NoError(t, err)
	counted := countTrips(t, at.Host)
	at.Host = counted.address
	db, err := postgres.Open(t.Context(), at.String(), postgres.Options{MaxConns: 1, Quiet: true})
	require.NoError(t, err)
	defer db.Close()
	eng, err := engine.New(engine.Config{Pools: nullProvider(t), Storage: db})
	require.NoError(t, err)
	c := till{db, eng}
	pay := func(key string) {
		p, err := c.create(key)
		require.NoError(t, err)
		counted.trips.Store(0)
		require.NoError(t, c.pay(p.ID))
	}
	pay("17") // prepares the statements
	pay("18")
	trips := counted.trips.Load()
	assert.Positive(t, trips)
	assert.LessOrEqual(t, trips, int64(mostTrips))
	t.Logf("an authorization and a capture: %d round trips", trips)
}

// tripCounter stands between a client and PostgreSQL and counts what the client
// waits for: each Sync and each simple query is answered by one ReadyForQuery
// (PostgreSQL's documentation, "Message Flow").
type tripCounter struct {
	address string
	trips   atomic.Int64
}

func countTrips(t *testing.T, server string) *tripCounter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &tripCounter{address: listener.Addr().String()}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); all.Wait() })
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { c.relay(client, server) })
		}
	})
	return c
}

func (c *tripCounter) relay(client net.Conn, server string) {
	defer client.Close()
	up, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer up.Close()
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(client, up)
	}()
	c.count(client, up)
	_ = up.Close()
	<-back
}

// count passes on what a client sends. The first message has no type.
func (c *tripCounter) count(client io.Reader, up io.Writer) {
	for kind := make([]byte, 0, 1); ; kind = make([]byte, 1) {
		var length [4]byte
		if _, err := io.ReadFull(client, kind); err != nil {
			return
		}
		if _, err := io.ReadFull(client, length[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(length[:])-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return
		}
		if string(kind) == "S" || string(kind) == "Q" {
			c.trips.Add(1)
		}
		if _, err := up.Write(append(append(kind, length[:]...), body...)); err != nil {
			return
		}
	}
}
