package status_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

func TestAProvidersFragmentIsAPageWithoutAnOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	assert.Equal(t, http.StatusNotFound, w.get("/v1/payments/"+token+"/frame").status, "nothing is to be shown")
	w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionRedirect, URL: "https://bank.example/"})
	assert.Equal(t, http.StatusNotFound, w.get("/v1/payments/"+token+"/frame").status)

	w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionHTML, HTML: `<form action="https://psp.example/"></form><script>show()</script>`})
	a := w.get("/v1/payments/" + token + "/frame?action=x")
	assert.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, `<form action="https://psp.example/"></form><script>show()</script>`)
	assert.Regexp(t, `^sandbox `, a.header.Get("Content-Security-Policy"))
	assert.NotContains(t, a.header.Get("Content-Security-Policy"), "allow-same-origin", "also where it is opened outside of a frame")
	assert.Contains(t, a.header.Get("Content-Security-Policy"), "frame-ancestors 'self'")
	assert.NotContains(t, a.header.Get("Content-Security-Policy"), "script-src", "its provider says what it needs")
	assert.Equal(t, "no-store", a.header.Get("Cache-Control"))
	assert.Equal(t, "no-referrer", a.header.Get("Referrer-Policy"))
	assert.Equal(t, "text/html; charset=utf-8", a.header.Get("Content-Type"))

	assert.Equal(t, http.StatusNotFound, w.get("/v1/payments/forged/frame").status)
	w.move("pay_17", gateway.StateSucceeded)
	assert.Equal(t, http.StatusNotFound, w.get("/v1/payments/"+token+"/frame").status)
}
