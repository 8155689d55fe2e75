package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// The clock is compared with the server's so often, and at once when the machine's
// own has been moved or has slept by more than this.
const (
	compareEvery = time.Minute
	jump         = time.Second
)

// clock tells the server's time: all processes that share a database share its
// clock, however wrong their machines' are. Leases, deadlines and horizons that one
// process writes are judged by another. It is safe for concurrent use.
type clock struct {
	wall    func() time.Time     // the machine's
	elapsed func() time.Duration // since some moment, whatever the wall clock does

	mu       sync.Mutex
	server   time.Time     // what the server said
	at       time.Duration // when it said so
	compared time.Duration // when it was asked last
	offset   time.Duration // of wall and elapsed then
}

func newClock() *clock {
	start := time.Now()
	return &clock{wall: time.Now, elapsed: func() time.Duration { return time.Since(start) }}
}

// now returns the server's time as far as it is known.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server.Add(c.elapsed() - c.at)
}

// away is where the machine's two clocks stand to each other. It changes when the
// wall clock is moved, and when the machine has slept.
func (c *clock) away(elapsed time.Duration) time.Duration {
	return time.Duration(c.wall().UnixNano()) - elapsed
}

func (c *clock) stale() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.elapsed()
	return c.server.IsZero() || now-c.compared > compareEvery || (c.away(now)-c.offset).Abs() > jump
}

// compare asks the server for its time when that is due.
func (c *clock) compare(ctx context.Context, conn *pgx.Conn) error {
	if !c.stale() {
		return nil
	}
	asked := c.elapsed()
	var said time.Time
	if err := conn.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&said); err != nil {
		return err
	}
	c.take(said, asked, c.elapsed())
	return nil
}

// take believes what the server said at some moment between two. Where the machine's
// own clock fits that, it is taken, so that machines whose clocks are kept right agree
// to the last digit; and else what is known already, where that fits: an answer that
// took long does not move the time.
func (c *clock) take(said time.Time, asked, answered time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compared, c.offset = answered, c.away(answered)
	earliest, latest := said.Add(-answered+asked), said.Add(answered-asked) // of the middle, generously
	middle := asked + (answered-asked)/2
	fits := func(t time.Time) bool { return !t.Before(earliest) && !t.After(latest) }
	own, known := c.wall().Add(middle-answered), c.server.Add(middle-c.at)
	switch {
	case fits(own):
		c.server, c.at = own.Round(0), middle
	case c.server.IsZero() || !fits(known):
		c.server, c.at = said, middle
	}
}
