package tenant_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
)

func TestAStoreWithoutCredentialsNeverGetsAnothersKeys(t *testing.T) {
	t.Parallel()
	keys := tenant.Fixed[gateway.Secret]{"es": gateway.NewSecret("k_es"), "fr": gateway.NewSecret("k_fr")}
	for store, want := range map[gateway.StoreID]string{"es": "k_es", "fr": "k_fr"} {
		got, err := keys.For(t.Context(), store)
		require.NoError(t, err)
		assert.Equal(t, want, got.Reveal())
	}
	got, err := keys.For(t.Context(), "de")
	require.ErrorIs(t, err, gateway.CodeAuthentication)
	require.ErrorContains(t, err, `no credentials for store "de" (there are for es, fr)`)
	assert.True(t, got.IsZero())
	_, err = tenant.Fixed[int]{}.For(t.Context(), "de")
	require.ErrorContains(t, err, "there are for none")
	one, err := tenant.Single("k").For(t.Context(), "anything")
	require.NoError(t, err)
	assert.Equal(t, "k", one)
}

// Magento 6 to 9: a pattern or the default one, at the store's scope or the shared one.
func TestSettingsStandUnderAPatternPerStore(t *testing.T) {
	t.Parallel()
	settings := tenant.SettingsMap{
		"":   {"payment/card/title": "Card", "payment/card/order": "1"},
		"es": {"payment/card/title": "Tarjeta", "custom/card/title": "Propia"},
	}
	value := func(m tenant.Method, store gateway.StoreID, field string) string {
		v, ok, err := m.Value(t.Context(), store, field)
		require.NoError(t, err)
		assert.True(t, ok)
		return v
	}
	card := tenant.Method{Settings: settings, Name: "card"}
	assert.Equal(t, "Tarjeta", value(card, "es", "title"))
	assert.Equal(t, "1", value(card, "es", "order"))
	assert.Equal(t, "Card", value(card, "fr", "title"))
	assert.Equal(t, "Propia", value(tenant.Method{Settings: settings, Name: "card", Pattern: "custom/{method}/{field}"}, "es", "title"))
	_, ok, err := card.Value(t.Context(), "es", "nothing")
	require.NoError(t, err)
	assert.False(t, ok)
}

// Magento 10 and 11: a field's own handler, and the default for every other.
func TestAFieldHasItsOwnHandlerOrTheDefault(t *testing.T) {
	t.Parallel()
	m := tenant.Method{
		Settings: tenant.SettingsMap{"": {"payment/card/a": "read"}}, Name: "card",
		Handlers: map[string]func(context.Context, gateway.StoreID) (string, bool, error){
			"b": func(_ context.Context, s gateway.StoreID) (string, bool, error) {
				return "made for " + string(s), true, nil
			},
		},
	}
	v, _, err := m.Value(t.Context(), "es", "b")
	require.NoError(t, err)
	assert.Equal(t, "made for es", v)
	v, _, err = m.Value(t.Context(), "es", "a")
	require.NoError(t, err)
	assert.Equal(t, "read", v)
	_, _, err = tenant.Method{}.Value(t.Context(), "es", "a")
	require.ErrorContains(t, err, "need a Name and Settings", "a pool without a default is refused")
}
