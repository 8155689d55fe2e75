package outbox

import (
	"log/slog"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// DefaultBackoff is the schedule of a dispatcher that was told none.
var DefaultBackoff = task.Backoff{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 4 * time.Hour, 8 * time.Hour}

// Config is what a dispatcher needs. Zero values get the defaults.
type Config struct {
	Storage     *storage.DB
	Subscribers []Subscriber // their order says nothing

	Workers   int           // how many deliveries of one subscriber are made at once; default 8
	Timeout   time.Duration // how long one delivery may take; default 30 s
	Lease     time.Duration // after which a delivery of a dispatcher that died is made by another; more than Timeout, default twice that
	Backoff   task.Backoff  // default [DefaultBackoff]
	MaxTries  int64         // after which a delivery is parked; default 20
	MaxAge    time.Duration // since its first try, after which a failing delivery is parked; default 3 days
	Poll      time.Duration // how often Run looks for what other processes wrote, and for what is due again; default 1 s
	Retention time.Duration // how long Run keeps events that everybody was told; 0 means for ever
	Log       *slog.Logger  // default: nothing is logged
}

func (c Config) complete() (Config, error) {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Timeout, 30*time.Second)
	def(&c.Lease, 2*c.Timeout)
	def(&c.MaxAge, 72*time.Hour)
	def(&c.Poll, time.Second)
	if c.Workers == 0 {
		c.Workers = 8
	}
	if c.MaxTries == 0 {
		c.MaxTries = 20
	}
	if c.Backoff == nil {
		c.Backoff = DefaultBackoff
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Storage == nil || c.Workers < 0 || c.MaxTries < 0 || c.Timeout < 0 || c.MaxAge < 0 || c.Poll < 0 || c.Retention < 0 {
		return c, gateway.Errorf(gateway.CodeInternal, "a dispatcher needs a storage, and nothing negative")
	}
	if c.Lease <= c.Timeout {
		return c, gateway.Errorf(gateway.CodeInternal, "the lease (%s) must be longer than a delivery may take (%s)", c.Lease, c.Timeout)
	}
	names := map[string]bool{}
	for _, s := range c.Subscribers {
		if err := s.validate(); err != nil {
			return c, err
		}
		if names[s.Name] {
			return c, gateway.Errorf(gateway.CodeInternal, "there are two subscribers %q: every one needs a name of its own", s.Name)
		}
		names[s.Name] = true
	}
	return c, nil
}
