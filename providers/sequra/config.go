package sequra

import (
	"context"
	"net"
	"net/url"
	"time"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
)

// Mode says whether money is real.
type Mode string

// The modes.
const (
	Sandbox Mode = "sandbox"
	Live    Mode = "live"
)

// Deployment is one installation of SeQura's service, with its two addresses.
type Deployment struct {
	Name    string
	Live    string
	Sandbox string
}

// The deployments that SeQura lists at GET /deployments. [OpDeployments] asks.
var (
	SeQura = Deployment{"sequra", "https://live.sequrapi.com", "https://sandbox.sequrapi.com"}
	Svea   = Deployment{"svea", "https://live.sequra.svea.com", "https://next-sandbox.sequra.svea.com"}
)

// Config is what an operator sets. A shop with accounts at two deployments installs
// the provider twice, under two names.
type Config struct {
	Name       string     // of the provider in the pools; "" means "sequra"
	Mode       Mode       // sandbox or live; nothing else starts
	Deployment Deployment // zero means [SeQura]
	// SandboxURL replaces the sandbox's address, such as by a simulator's. It is an
	// error in live mode, so that no forgotten variable leads real orders elsewhere.
	SandboxURL string
	Keys       tenant.Credentials[Keys]
	Platform   Platform // the zero value tells of this library

	HTTP   client.Config   // timeouts, proxies; the zero value is safe: certificates are verified
	Client client.Client   // instead of HTTP, for tests; nil makes one from HTTP
	Policy []client.Policy // around the client, the first listed outermost; see [Retries]
}

// Keys are one store's credentials.
type Keys struct {
	Username string
	Password gateway.Secret
	Previous []gateway.Secret // passwords that orders under way were begun with
	Merchant string           // the merchant's reference
}

// API is what every command of this provider shares.
type API struct {
	cfg    Config
	base   string
	client client.Client
}

// New returns the provider. It fails with [gateway.CodeInternal] when the
// configuration cannot work.
func New(cfg Config) (*API, error) {
	if cfg.Name == "" {
		cfg.Name = "sequra"
	}
	if cfg.Keys == nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "%s: Config.Keys is missing: say where a store's credentials come from", cfg.Name)
	}
	if cfg.Deployment == (Deployment{}) {
		cfg.Deployment = SeQura
	}
	if cfg.Platform == (Platform{}) {
		cfg.Platform = Platform{Name: "gatewaycommand", Version: "1"}
	}
	base, err := cfg.url()
	if err != nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "%s: %w", cfg.Name, err)
	}
	c := cfg.Client
	if c == nil {
		made, err := client.New(cfg.HTTP)
		if err != nil {
			return nil, gateway.Errorf(gateway.CodeInternal, "%s: %w", cfg.Name, err)
		}
		c = made
	}
	return &API{cfg, base, client.Apply(c, cfg.Policy...)}, nil
}

// url returns the address of the API.
func (c Config) url() (string, error) {
	base := map[Mode]string{Sandbox: c.Deployment.Sandbox, Live: c.Deployment.Live}[c.Mode]
	switch {
	case c.Mode != Sandbox && c.Mode != Live:
		return "", gateway.Invalid("Config.Mode is %q: say sandbox or live", c.Mode)
	case c.SandboxURL != "" && c.Mode == Live:
		return "", gateway.Invalid("Config.SandboxURL is set in live mode")
	case c.SandboxURL != "":
		base = c.SandboxURL
	case base == "":
		return "", gateway.Invalid("deployment %q has no address for %s", c.Deployment.Name, c.Mode)
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !net.ParseIP(u.Hostname()).IsLoopback()) {
		return "", gateway.Invalid("the address of %s must be https://host, without credentials", c.Mode)
	}
	return base, nil
}

// Provider returns the item for command.Assemble or gatewayfx.Provide.
func (a *API) Provider() command.Provider {
	return command.Provider{
		Name: a.cfg.Name, Commands: a.Commands,
		Flows: map[gateway.Operation]command.Flow{gateway.OpAuthorize: {Steps: []gateway.Operation{OpSolicit, OpForm}}},
	}
}

// keys returns a store's credentials, whole.
func (a *API) keys(ctx context.Context, store gateway.StoreID) (Keys, error) {
	k, err := a.cfg.Keys.For(ctx, store)
	if err != nil {
		return k, err
	}
	if k.Username == "" || k.Password.IsZero() || k.Merchant == "" {
		return k, gateway.Errorf(gateway.CodeAuthentication, "the username, the password or the merchant of store %q is empty", store)
	}
	return k, nil
}

// Retries returns the policy for Config.Policy that asks again up to three times,
// a second apart and more: reading, and what was certainly not sent. Nothing that
// has left is sent twice by it, and neither are wrong keys or a wrong address.
func Retries() client.Policy {
	return client.Retry(client.RetryOptions{Tries: 3, Wait: time.Second})
}
