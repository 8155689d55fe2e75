package tenant

import (
	"context"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Settings finds a store's setting by its path, such as "payment/stripe/title".
// ok is false when the store has none. Implementations must be safe for
// concurrent use.
type Settings interface {
	Setting(ctx context.Context, store gateway.StoreID, path string) (value string, ok bool, err error)
}

// SettingsMap is settings that are known at start: store → path → value. The
// store "" holds what all stores share; a store's own value comes first.
type SettingsMap map[gateway.StoreID]map[string]string

// Setting returns the store's own value, or the shared one.
func (m SettingsMap) Setting(_ context.Context, store gateway.StoreID, path string) (string, bool, error) {
	if v, ok := m[store][path]; ok {
		return v, true, nil
	}
	v, ok := m[""][path]
	return v, ok, nil
}

// DefaultPattern is where a payment method's settings stand, unless told otherwise.
const DefaultPattern = "payment/{method}/{field}"

// Method reads the settings of one payment method.
type Method struct {
	Settings Settings
	Name     string // of the method
	Pattern  string // with {method} and {field}; "" means [DefaultPattern]

	// Handlers compute fields that are not simply read. A field without a
	// handler is read from Settings.
	Handlers map[string]func(ctx context.Context, store gateway.StoreID) (string, bool, error)
}

// Value returns the value of a field for a store.
func (m Method) Value(ctx context.Context, store gateway.StoreID, field string) (string, bool, error) {
	if h := m.Handlers[field]; h != nil {
		return h(ctx, store)
	}
	if m.Settings == nil || m.Name == "" {
		return "", false, gateway.Errorf(gateway.CodeInternal, "a payment method's settings need a Name and Settings to read from")
	}
	pattern := m.Pattern
	if pattern == "" {
		pattern = DefaultPattern
	}
	return m.Settings.Setting(ctx, store, strings.NewReplacer("{method}", m.Name, "{field}", field).Replace(pattern))
}
