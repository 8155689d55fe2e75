package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// M6: a client places a transfer and returns the answer, whatever its status;
// how the answer is read and who is told are optional parts around it.
func TestM6AClientPlacesARequestConvertsAndTells(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodPut, r.Method)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusPaymentRequired)
		_, _ = w.Write([]byte("<error><code>expired</code></error>"))
	}))
	t.Cleanup(s.Close)
	var told []client.Attempt
	c := client.Apply(open(t, client.Config{}), client.Convert(client.XML), client.Observe(func(_ context.Context, a client.Attempt) { told = append(told, a) }))
	r := place(t, c, to(t, http.MethodPut, s.URL+"/v1/things/1?secret=s3cret", "{}"))
	assert.Equal(t, 402, r.Status)
	x := transfer.NewExchange(&gateway.Subject{}, &transfer.Transfer{}, r)
	defer x.Release()
	assert.Equal(t, "expired", x.Value("error/code").Text())
	require.Len(t, told, 1)
	assert.Equal(t, 402, told[0].Status)
	assert.Equal(t, "/v1/things/1", told[0].Path)
	assert.NotContains(t, told[0].Host+told[0].Path, "s3cret")
}
