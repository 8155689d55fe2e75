package collana

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
)

// Sandbox is Collana's test environment. Environments are separate: each has keys of its own.
const Sandbox = "https://sandbox.collanapay.com"

// The versions of the API. V1 is the previous one; it spells names in upper case.
const (
	V1 = "api"
	V2 = "api/v2"
)

// Config is what an operator sets.
type Config struct {
	Name    string // of the provider in the pools; "" means "collana"
	BaseURL string // of the environment; "" means [Sandbox]
	Version string // [V1] or [V2]; "" means V2
	Keys    tenant.Credentials[Keys]

	// Callback is the URL that Collana calls, public and on this shop:
	// "https://shop.example/webhooks/collana/{store}", with the store's name in place
	// of {store}. A request's NotifyURL comes before it. The name of the operation is
	// added to its query, so that a callback says whose it is.
	Callback string
	// Method is the method of payments that name none (see [Method]).
	Method string
	// AutoCapture are the methods whose PSP captures with the reservation: those for
	// which PspAutoCaptureEnabled is set at Collana (Provider Account, configuration
	// settings). A reservation of theirs is a hold and a capture.
	AutoCapture []string
	// Patience is how long a callback may stay away before a person is asked to see
	// to it; 0 means three days. The state is looked at by then all the same.
	Patience time.Duration

	HTTP   client.Config   // timeouts, proxies; the zero value is safe
	Client client.Client   // instead of HTTP, for tests; nil makes one from HTTP
	Policy []client.Policy // around the client, the first listed outermost
}

// Keys are one store's credentials.
type Keys struct {
	APIKey gateway.Secret // one per tenant
	// Authentication is the id, made in Collana's portal, of the credentials that
	// its callbacks bring; "" asks for none, and callbacks are then refused here
	// unless [WebhookConfig].Unauthenticated says otherwise.
	Authentication string
}

// API is what every command of this provider shares.
type API struct {
	cfg    Config
	client client.Client
}

// New returns the provider. It fails with [gateway.CodeInternal] when the
// configuration cannot work.
func New(cfg Config) (*API, error) {
	if cfg.Name == "" {
		cfg.Name = "collana"
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = Sandbox
	}
	if cfg.Version == "" {
		cfg.Version = V2
	}
	if cfg.Patience == 0 {
		cfg.Patience = 3 * 24 * time.Hour
	}
	switch {
	case cfg.Keys == nil:
		return nil, gateway.Errorf(gateway.CodeInternal, "%s: Config.Keys is missing: say where a store's API key comes from", cfg.Name)
	case cfg.Version != V1 && cfg.Version != V2:
		return nil, gateway.Errorf(gateway.CodeInternal, "%s: Config.Version is %q, and the API has %q and %q", cfg.Name, cfg.Version, V1, V2)
	case cfg.Patience < 0:
		return nil, gateway.Errorf(gateway.CodeInternal, "%s: Config.Patience is negative", cfg.Name)
	case cfg.Callback != "":
		u, err := url.Parse(strings.ReplaceAll(cfg.Callback, "{store}", "store"))
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
			return nil, gateway.Errorf(gateway.CodeInternal, "%s: Config.Callback must be https://host/path, with the store's name as {store} and without credentials", cfg.Name)
		}
	}
	cfg.AutoCapture = slices.Clone(cfg.AutoCapture)
	c := cfg.Client
	if c == nil {
		made, err := client.New(cfg.HTTP)
		if err != nil {
			return nil, gateway.Errorf(gateway.CodeInternal, "%s: %w", cfg.Name, err)
		}
		c = made
	}
	return &API{cfg, client.Apply(c, cfg.Policy...)}, nil
}

// Provider returns the item for command.Assemble or gatewayfx.Provide.
func (a *API) Provider() command.Provider {
	return command.Provider{Name: a.cfg.Name, Commands: a.Commands, Flows: flows()}
}
