package webhook_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// Whatever comes, nobody who does not know the secret is believed, and nothing panics.
func FuzzVerifiersBelieveNobody(f *testing.F) {
	f.Add("t=1795262400,v1=00", "msg_1", "1795262400", []byte("{}"))
	f.Add("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "msg.1", "+1", []byte{})
	f.Add("Basic cHJvdmlkZXI6", "", "", []byte("a=b"))
	f.Fuzz(func(t *testing.T, signature, id, stamp string, body []byte) {
		h := http.Header{
			"Webhook-Signature": {signature}, "Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "X-Signature": {signature}, "Authorization": {signature}, "M-Signature": {signature},
		}
		for name, a := range schemes(t) {
			trust, err := a.verifier.Verify(t.Context(), webhook.Call{Store: "es", Header: h, Body: body})
			assert.Equal(t, webhook.Refused, trust, name)
			assert.Error(t, err, name)
		}
	})
}

// What is read strictly is read the same by the standard library.
func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"id":"x","n":[1,{"a":null}]}`))
	f.Add([]byte(`{"id":"x","id":"y"}`))
	f.Add([]byte("{}{}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var v map[string]any
		if webhook.DecodeJSON(body, &v) == nil {
			assert.True(t, json.Valid(body))
		}
		_, _ = webhook.Call{Body: body}.Form()
	})
}
