package stripe

import (
	"cmp"
	"net/url"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
)

// What a zero [Config] means.
const (
	DefaultBaseURL = "https://api.stripe.com"
	// DefaultVersion is the version of the API that this package was written
	// and tested against. Another one may answer in another form
	// (https://docs.stripe.com/api/versioning): change it together with a test.
	DefaultVersion = "2026-08-26.dahlia"
)

// Config is what an operator sets.
type Config struct {
	Name    string // of the provider in the pools; "" means "stripe"
	BaseURL string // "" means DefaultBaseURL
	Version string // of the API; "" means DefaultVersion
	Keys    tenant.Credentials[Keys]
	HTTP    client.Config   // timeouts, proxies; the zero value is safe. No Hosts means the one of BaseURL
	Client  client.Client   // instead of HTTP, for tests; nil makes one from HTTP
	Policy  []client.Policy // around the client, the first listed outermost
}

// Keys are one store's credentials.
type Keys struct {
	Secret gateway.Secret // the secret or restricted API key, sk_... or rk_...
	// Account is the connected account that calls act for, "" for the key's own
	// (https://docs.stripe.com/connect/authentication).
	Account string
}

// API is what every command of this provider shares.
type API struct {
	cfg    Config
	client client.Client
}

// New returns the provider. It fails with [gateway.CodeInternal] when the
// configuration cannot work.
func New(cfg Config) (*API, error) {
	cfg.Name = cmp.Or(cfg.Name, "stripe")
	cfg.BaseURL = cmp.Or(cfg.BaseURL, DefaultBaseURL)
	cfg.Version = cmp.Or(cfg.Version, DefaultVersion)
	if cfg.Keys == nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "%s: Config.Keys is missing: say where a store's API key comes from", cfg.Name)
	}
	if len(cfg.HTTP.Hosts) == 0 {
		u, err := url.Parse(cfg.BaseURL)
		if err != nil || u.Host == "" {
			return nil, gateway.Errorf(gateway.CodeInternal, "%s: Config.BaseURL is not https://host", cfg.Name)
		}
		cfg.HTTP.Hosts = []string{u.Host} // a key goes nowhere else, whatever a transfer says
	}
	c := cfg.Client
	if c == nil {
		made, err := client.New(cfg.HTTP)
		if err != nil {
			return nil, gateway.Errorf(gateway.CodeInternal, "%s: %w", cfg.Name, err)
		}
		c = made
	}
	return &API{cfg, client.Apply(obedient{c}, cfg.Policy...)}, nil
}

// Provider returns the item for command.Assemble or gatewayfx.Provide.
func (a *API) Provider() command.Provider {
	return command.Provider{Name: a.cfg.Name, Commands: a.Commands}
}
