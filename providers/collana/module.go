package collana

import (
	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
)

// Module provides the provider's commands to gatewayfx.Module. It needs a
// [Config] in the container.
var Module = fx.Module("collana", fx.Provide(New, provide))

func provide(a *API) gatewayfx.Result { return gatewayfx.Provide(a.Provider()) }
