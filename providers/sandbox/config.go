package sandbox

import (
	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
)

// Config is what an operator sets.
type Config struct {
	Name    string // of the provider in the pools; "" means "sandbox"
	BaseURL string // of the simulator
	Keys    tenant.Credentials[Keys]
	// Reauthorizes says that an adjustment makes a new authorization, whose name then
	// stands for what is held (simulator.Rules.Reauthorize). An adjustment to the same
	// amount then renews the hold.
	Reauthorizes bool
	HTTP         client.Config   // timeouts, proxies; the zero value is safe
	Client       client.Client   // instead of HTTP, for tests; nil makes one from HTTP
	Policy       []client.Policy // around the client, the first listed outermost
}

// Keys are one store's credentials.
type Keys struct {
	Secret gateway.Secret // the API key
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
		cfg.Name = "sandbox"
	}
	if cfg.Keys == nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "%s: Config.Keys is missing: say where a store's API key comes from", cfg.Name)
	}
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
	return command.Provider{Name: a.cfg.Name, Commands: a.Commands}
}
