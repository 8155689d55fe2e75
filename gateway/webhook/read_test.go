package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

func TestJSONIsReadStrictly(t *testing.T) {
	t.Parallel()
	var v struct {
		ID string `json:"id"`
	}
	require.NoError(t, webhook.DecodeJSON([]byte(` {"id":"x","more":[{"a":1},{"a":2}],"n":9007199254740993} `), &v))
	assert.Equal(t, "x", v.ID)
	for _, bad := range []string{
		"", "null", "[]", "1", `"x"`, "{", "{}{}", "{} x", `{"id":"a","id":"b"}`, `{"id":"a","ID":"b"}`,
		`{"status":"pending","\u017ftatus":"successful"}`, `{"key":"a","\u212aey":"b"}`, // the long s and the sign of the Kelvin: decoders take them for s and k
		`{"a":{"b":1,"b":2}}`, `{"id":1}`, "{\"id\":\"\xff\"}",
		`{"id":"a",}`, `{'id':'a'}`, `{"id":"a"}` + "\x00", strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70), `{"a":[` + strings.Repeat("[", 100000), `{"id":NaN}`,
	} {
		err := webhook.DecodeJSON([]byte(bad), &v)
		require.ErrorIs(t, err, gateway.CodeInvalid, "%.40q", bad)
	}
}

func TestAFormIsReadStrictly(t *testing.T) {
	t.Parallel()
	fields, err := webhook.Call{Body: []byte("sq_state=approved&m_signature=ab%2Bc&empty=")}.Form()
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"sq_state": "approved", "m_signature": "ab+c", "empty": ""}, fields)
	for _, bad := range []string{"a=1&a=2", "a=%zz", "a=1;b=2", "a=\xff", "a=%ff"} {
		_, err := webhook.Call{Body: []byte(bad)}.Form()
		require.ErrorIs(t, err, gateway.CodeInvalid, bad)
	}
}

// What is only a hint states nothing.
func TestAHintStatesNothing(t *testing.T) {
	t.Parallel()
	event := webhook.Event{ID: "evt_1", Kind: "captured", Operation: "op_1", Outcome: gateway.Outcome{Status: gateway.StatusSucceeded, Movements: []gateway.Movement{{Kind: gateway.MoveCapture}}}}
	r := webhook.Receiver{Verifier: webhook.Unsigned{}, Reader: webhook.ReaderFunc(func(context.Context, webhook.Call) ([]webhook.Event, error) {
		return []webhook.Event{event}, nil
	})}
	trust, err := r.Verify(t.Context(), webhook.Call{})
	require.NoError(t, err)
	assert.Equal(t, webhook.Hint, trust)
	events, err := r.Read(t.Context(), webhook.Call{}, trust)
	require.NoError(t, err)
	assert.True(t, events[0].Fetch)
	assert.Equal(t, gateway.Outcome{}, events[0].Outcome)
	assert.Equal(t, gateway.OperationID("op_1"), events[0].Operation)
	events, err = r.Read(t.Context(), webhook.Call{}, webhook.Proved)
	require.NoError(t, err)
	assert.Equal(t, event, events[0])
	for _, bad := range []webhook.Event{{}, {ID: strings.Repeat("x", 256)}, {ID: "a\nb"}, {ID: "a", Kind: "\x00"}, {ID: "ñ"}} {
		event = bad
		_, err = r.Read(t.Context(), webhook.Call{}, trust)
		require.ErrorIs(t, err, gateway.CodeInvalid)
	}
	_, err = webhook.Receiver{Verifier: webhook.Unsigned{}}.Read(t.Context(), webhook.Call{}, trust)
	require.ErrorIs(t, err, gateway.CodeInternal)
	assert.NotEqual(t, webhook.Identity("a", "bc"), webhook.Identity("ab", "c"))
	assert.Len(t, webhook.Identity(), 40)
}

// S47 and S48: every case has its answer, and H4: a provider may want its own.
func TestAcknowledgements(t *testing.T) {
	t.Parallel()
	want := map[webhook.Case]int{
		webhook.CaseDone: 200, webhook.CaseDuplicate: 200, webhook.CaseWaiting: 200, webhook.CaseForeign: 200, webhook.CaseUnknown: 501, webhook.CaseRefused: 401,
		webhook.CaseMalformed: 400, webhook.CaseNotFound: 404, webhook.CaseConflict: 409, webhook.CaseGone: 410, webhook.CaseAgain: 503, "new": 503,
	}
	for c, status := range want {
		assert.Equal(t, status, webhook.Receiver{}.Answer(c, nil).Status, c)
	}
	a := webhook.Receiver{}.Answer(webhook.CaseUnknown, webhook.Unknown("x"))
	assert.JSONEq(t, `{"error":"unknown event \"x\""}`, string(a.Body))

	cool := webhook.Text(200, "OK")
	cool.Header.Set("X-CoolPay-Success", "1")
	r := webhook.Receiver{Answers: webhook.Answers{webhook.CaseDone: cool, webhook.CaseUnknown: webhook.Text(204, "")}}
	for c := range want {
		got := r.Answer(c, nil)
		switch {
		case c.Good():
			assert.Equal(t, cool, got)
		case c == webhook.CaseUnknown:
			assert.Equal(t, 204, got.Status)
		default:
			assert.Equal(t, want[c], got.Status)
		}
	}
	// A transient fault is never final, and what is refused never a success.
	for _, status := range []int{0, 100, 200, 302, 404, 410, 600} {
		r := webhook.Receiver{Answers: webhook.Answers{webhook.CaseAgain: webhook.Text(status, ""), webhook.CaseRefused: webhook.Text(min(status, 302), ""), webhook.CaseConflict: webhook.Text(410, "")}}
		assert.Equal(t, 503, r.Answer(webhook.CaseAgain, nil).Status)
		assert.Equal(t, 401, r.Answer(webhook.CaseRefused, nil).Status)
		assert.Equal(t, 409, r.Answer(webhook.CaseConflict, nil).Status)
	}
	for _, status := range []int{429, 409, 500, 502} {
		r := webhook.Receiver{Answers: webhook.Answers{webhook.CaseAgain: webhook.Text(status, "")}}
		assert.Equal(t, status, r.Answer(webhook.CaseAgain, nil).Status)
	}
}

func TestTheCaseOfAnError(t *testing.T) {
	t.Parallel()
	for code, want := range map[gateway.Code]webhook.Case{
		gateway.CodeInvalid: webhook.CaseMalformed, gateway.CodeAuthentication: webhook.CaseRefused, gateway.CodeUnsupported: webhook.CaseUnknown, gateway.CodeNotFound: webhook.CaseNotFound,
		gateway.CodeConflict: webhook.CaseConflict, gateway.CodeUnavailable: webhook.CaseAgain, gateway.CodeIndeterminate: webhook.CaseAgain, gateway.CodeInternal: webhook.CaseAgain,
	} {
		assert.Equal(t, want, webhook.CaseOf(gateway.Errorf(code, "x")))
	}
	assert.Equal(t, webhook.CaseDone, webhook.CaseOf(nil))
	assert.Equal(t, webhook.CaseAgain, webhook.CaseOf(errors.New("x")))
	gone := webhook.Gone(gateway.Errorf(gateway.CodeConflict, "the order was cancelled"))
	assert.Equal(t, webhook.CaseGone, webhook.CaseOf(fmt.Errorf("gate: %w", gone)))
	require.ErrorIs(t, gone, gateway.CodeConflict)
}

func TestARequestOfACall(t *testing.T) {
	t.Parallel()
	r, err := webhook.Call{Header: http.Header{"A": {"b"}}, Body: []byte("x")}.Request(t.Context(), "http://shop.example/webhooks/a/b")
	require.NoError(t, err)
	assert.Equal(t, http.MethodPost, r.Method)
	assert.Equal(t, "b", r.Header.Get("A"))
	_, err = webhook.Call{Method: "a b"}.Request(t.Context(), "http://shop.example")
	require.ErrorIs(t, err, gateway.CodeInvalid)
}

// The word of somebody who proved nothing makes no name ours.
func TestAHintVouchesForNothing(t *testing.T) {
	t.Parallel()
	r := webhook.Receiver{Verifier: webhook.Unsigned{}, Reader: webhook.ReaderFunc(func(context.Context, webhook.Call) ([]webhook.Event, error) {
		return []webhook.Event{{ID: "1", Kind: "a", Operation: "op_1", Vouched: true}}, nil
	})}
	for trust, want := range map[webhook.Trust]bool{webhook.Hint: false, webhook.Proved: true} {
		events, err := r.Read(t.Context(), webhook.Call{}, trust)
		require.NoError(t, err)
		require.Len(t, events, 1)
		assert.Equal(t, want, events[0].Vouched)
	}
}
