package tenant_test

import (
	"context"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
)

// A store has its own keys, or none; never another's.
func Example() {
	keys := tenant.Fixed[gateway.Secret]{"es": gateway.NewSecret("key-es"), "fr": gateway.NewSecret("key-fr")}
	es, err := keys.For(context.Background(), "es")
	fmt.Println(es, es.Reveal(), err)
	_, err = keys.For(context.Background(), "de")
	fmt.Println(err)
	// Output:
	// *** key-es <nil>
	// authentication: there are no credentials for store "de" (there are for es, fr)
}
