package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
)

// machine is one whose clocks are moved by hand.
type machine struct {
	wall    time.Time
	elapsed time.Duration
}

func (m *machine) clock() *clock {
	return &clock{wall: func() time.Time { return m.wall }, elapsed: func() time.Duration { return m.elapsed }}
}

// pass lets time go by: both clocks go on.
func (m *machine) pass(d time.Duration) { m.wall, m.elapsed = m.wall.Add(d), m.elapsed+d }

func TestTheTimeIsTheServers(t *testing.T) {
	t.Parallel()
	server := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := &machine{wall: server.Add(-5 * time.Hour), elapsed: time.Hour}
	c := m.clock()
	assert.True(t, c.stale(), "it was never asked")
	c.take(server, m.elapsed, m.elapsed)
	assert.False(t, c.stale())
	assert.Equal(t, server, c.now())

	m.pass(10 * time.Second)
	assert.Equal(t, server.Add(10*time.Second), c.now())
	assert.False(t, c.stale())
	m.wall = m.wall.Add(24 * time.Hour)
	assert.Equal(t, server.Add(10*time.Second), c.now(), "somebody set the machine's clock")
	assert.True(t, c.stale(), "it may have slept as well: the server is asked")
	c.take(server.Add(10*time.Second), m.elapsed, m.elapsed)
	assert.False(t, c.stale())

	m.wall = m.wall.Add(time.Hour) // the machine slept, and its count stood still
	assert.True(t, c.stale())
	c.take(server.Add(time.Hour+10*time.Second), m.elapsed, m.elapsed)
	assert.Equal(t, server.Add(time.Hour+10*time.Second), c.now())

	m.pass(compareEvery + 1)
	assert.True(t, c.stale(), "clocks drift")
}

// An answer says what time it was at some moment while it was waited for.
func TestASlowAnswerDoesNotMoveTheTime(t *testing.T) {
	t.Parallel()
	server := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := &machine{wall: server}
	c := m.clock()
	c.take(server, 0, 0)
	for _, try := range []struct {
		what  string
		said  time.Duration // after the known time in the middle
		takes time.Duration
		want  time.Duration
	}{
		{"it fits", 400 * time.Millisecond, time.Second, 0},
		{"it fits as well", -time.Second, time.Second, 0},
		{"the server's clock is ahead by now", 3 * time.Second, time.Second, 3 * time.Second},
		{"and was set back", -10 * time.Second, 2 * time.Second, -10 * time.Second},
		{"at once", 50 * time.Millisecond, 0, 50 * time.Millisecond},
	} {
		before, asked := c.now(), m.elapsed
		m.pass(try.takes)
		c.take(before.Add(try.takes/2+try.said), asked, m.elapsed)
		assert.Equal(t, before.Add(try.takes+try.want), c.now(), try.what)
	}
}

// Whatever the machines' clocks say, a time that one process writes means the same
// to another, and to the server.
func TestProcessesShareTheServersClock(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(postgrestest.Database(t))
	require.NoError(t, err)
	times := make([]time.Time, 3)
	for i, off := range []time.Duration{-24 * time.Hour, 0, 5 * time.Minute} {
		start := time.Now()
		c := &clock{wall: func() time.Time { return time.Now().Add(off) }, elapsed: func() time.Duration { return time.Since(start) }}
		d := driver{db: stdlib.OpenDB(*config), config: config, clock: c}
		db := storage.New(d, c.now)
		require.NoError(t, db.Update(t.Context(), func(tx *storage.Tx) error {
			ctx, q := tx.SQL()
			var server time.Time
			err := q.QueryRowContext(ctx, `SELECT clock_timestamp()`).Scan(&server)
			assert.WithinDuration(t, server, tx.Now(), 20*time.Second)
			times[i] = tx.Now()
			return err
		}))
		require.NoError(t, db.Close())
	}
	assert.WithinDuration(t, times[0], times[2], 30*time.Second)
}
