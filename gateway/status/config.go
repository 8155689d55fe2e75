package status

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Config is what a service needs. Zero values get the defaults.
type Config struct {
	Storage *storage.DB
	Tokens  *Tokens // may be nil when Access is there

	// Access says which payment a request may see, by the id in it. The default
	// takes the id for one of the Tokens. Shops whose shoppers have a session
	// check that instead. An error that is not [gateway.CodeNotFound] is one of the shop's.
	Access func(r *http.Request, id string) (storage.PaymentKey, error)

	Hold      time.Duration // how long a request is held; default 30 s
	Heartbeat time.Duration // between comments in a stream of events; default 15 s
	Stream    time.Duration // how long a stream lasts until the browser connects again; default 10 min
	Poll      time.Duration // between looks for changes that nobody told of, one for the whole process; default 10 s
	Write     time.Duration // how long a client may take to take its answer; default 5 s

	MaxWaiters    int // requests held in this process; default 20,000
	MaxPerPayment int // of one payment; default 50
	MaxURL        int // bytes of path and query; default 2,048
	MaxHeader     int // bytes of all headers; default 16,384

	// Schemes are what the URLs of actions may begin with beside https and http,
	// such as a banking app's, in lower case and without the colon.
	Schemes []string
	// Message says what the shopper reads; the view has the message it would have
	// without. It must depend on nothing but its argument. Nil: English.
	Message func(v View) string

	Log *slog.Logger // default: nothing is logged
}

func (c Config) complete() (Config, error) {
	if c.Storage == nil || c.Tokens == nil && c.Access == nil {
		return c, gateway.Errorf(gateway.CodeInternal, "a status service needs a storage, and tokens or Access")
	}
	for _, d := range []struct {
		at  *time.Duration
		def time.Duration
	}{
		{&c.Hold, 30 * time.Second},
		{&c.Heartbeat, 15 * time.Second},
		{&c.Stream, 10 * time.Minute},
		{&c.Poll, 10 * time.Second},
		{&c.Write, 5 * time.Second},
	} {
		if *d.at < 0 {
			return c, gateway.Errorf(gateway.CodeInternal, "a status service needs times that are not negative")
		}
		if *d.at == 0 {
			*d.at = d.def
		}
	}
	for _, n := range []struct {
		at  *int
		def int
	}{{&c.MaxWaiters, 20_000}, {&c.MaxPerPayment, 50}, {&c.MaxURL, 2048}, {&c.MaxHeader, 16_384}} {
		if *n.at < 0 {
			return c, gateway.Errorf(gateway.CodeInternal, "a status service needs limits that are not negative")
		}
		if *n.at == 0 {
			*n.at = n.def
		}
	}
	if c.Access == nil {
		tokens, now := c.Tokens, c.Storage.Now
		c.Access = func(_ *http.Request, id string) (storage.PaymentKey, error) { return tokens.Open(id, now()) }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
