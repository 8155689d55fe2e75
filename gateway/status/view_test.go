package status_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

func (w *world) view(token string) status.View {
	w.Helper()
	return w.get("/v1/payments/" + token).view(w)
}

func TestAPaymentThatNobodyBeganIsNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.update(func(tx *storage.Tx) error {
		_, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: "pay_17", Key: "17", Due: gateway.Minor(1000, "EUR")})
		return err
	})
	v := w.view(w.tokens.Make(key, time.Time{}))
	assert.Equal(t, status.WordNew, v.Status)
	assert.Equal(t, gateway.PaymentNew, v.Payment)
	assert.False(t, v.Terminal)
	assert.NotEmpty(t, v.Version)
}

func TestEveryStateHasItsWord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for state, want := range map[gateway.OperationState]status.Word{
		gateway.StateOpen:           status.WordProcessing,
		gateway.StateAwaiting:       status.WordProcessing,
		gateway.StateUnknown:        status.WordProcessing, // nobody knows: never failed
		gateway.StateParked:         status.WordProcessing,
		gateway.StateActionRequired: status.WordActionRequired,
		gateway.StateSucceeded:      status.WordSucceeded,
		gateway.StateFailed:         status.WordFailed,
		gateway.StateCancelled:      status.WordCancelled,
	} {
		id := gateway.PaymentID("pay_" + state)
		token := w.pay(id)
		if state != gateway.StateOpen {
			w.move(id, state)
		}
		v := w.view(token)
		assert.Equal(t, want, v.Status, state)
		assert.Equal(t, state.Terminal(), v.Terminal, state)
		assert.Equal(t, string(want), v.Code(), state)
		assert.NotEmpty(t, v.Message, state)
	}
}

// Money that came although the operation had ended is not told as a failure.
func TestMoneySaysMoreThanOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	w.move("pay_17", gateway.StateFailed)
	balances := func(authorized, released int64) {
		w.update(func(tx *storage.Tx) error {
			p, err := tx.LockPayment("es", "pay_17")
			if err != nil {
				return err
			}
			p.Balances.Authorized, p.Balances.Released = gateway.Minor(authorized, "EUR"), gateway.Minor(released, "EUR")
			return tx.SetBalances(p)
		})
	}
	balances(1000, 0)
	v := w.view(token)
	assert.Equal(t, status.WordSucceeded, v.Status)
	assert.Equal(t, gateway.PaymentAuthorized, v.Payment)
	balances(1000, 1000)
	assert.Equal(t, status.WordCancelled, w.view(token).Status, "all of it was released")
}

func TestGoingOnIsProcessingAndMayAskForMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionRedirect, URL: "https://bank.example/1"})
	w.update(func(tx *storage.Tx) error {
		if _, err := tx.LockPayment("es", "pay_17"); err != nil {
			return err
		}
		_, _, err := tx.InsertOperation(storage.Operation{Store: "es", ID: "op_more", Payment: "pay_17", Kind: gateway.OpContinue, Key: "more", State: gateway.StateOpen})
		return err
	})
	v := w.view(token)
	assert.Equal(t, status.WordProcessing, v.Status)
	assert.Nil(t, v.Action, "the shopper has acted")
	w.update(func(tx *storage.Tx) error {
		o, err := tx.Operation("es", "op_more")
		if err != nil {
			return err
		}
		o.State, o.Action = gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionChallenge, Fields: map[string]string{"creq": "x"}}
		return tx.UpdateOperation(&o, gateway.StateOpen)
	})
	v = w.view(token)
	assert.Equal(t, status.WordActionRequired, v.Status)
	assert.Equal(t, gateway.ActionChallenge, v.Action.Kind)
	assert.Equal(t, "action_required.challenge", v.Code())
}

func TestActionsAreToldInTheirForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *status.Config) { c.Schemes = []string{"bankapp"} })
	token := w.pay("pay_17")
	w.move("pay_17", gateway.StateActionRequired)
	for want, action := range map[string]gateway.Action{
		`"https://bank.example/1"`:        {Kind: gateway.ActionRedirect, URL: "https://bank.example/1"},
		`"bankapp://pay/1"`:               {Kind: gateway.ActionRedirect, URL: "bankapp://pay/1"},
		`"\u003cp\u003eHi\u003c/p\u003e"`: {Kind: gateway.ActionHTML, HTML: "<p>Hi</p>"},
		`{"kind":"form","url":"https://bank.example/f","method":"POST","fields":{"a":"1"}}`: {
			Kind: gateway.ActionForm, URL: "https://bank.example/f", Method: "POST", Fields: map[string]string{"a": "1"},
		},
		`{"kind":"display","fields":{"iban":"ES00"}}`: {Kind: gateway.ActionDisplay, Fields: map[string]string{"iban": "ES00"}},
	} {
		w.move("pay_17", gateway.StateActionRequired, &action)
		assert.Contains(t, w.get(poll(token, "")).body, `"action":{"code":"`+string(action.Kind)+`","payload":`+want+`}`)
		assert.Equal(t, action.Kind, w.view(token).Action.Kind)
	}
}

func TestAnAddressThatABrowserWouldRunIsKeptBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	for _, url := range []string{"javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "blob:https://x/y", "bankapp://x", "//bank.example", "/relative", "https:///x", " javascript:alert(1)"} {
		w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionRedirect, URL: url})
		assert.Nil(t, w.view(token).Action, url)
	}
}

func TestAnActionThatHasExpiredIsNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionWait, Expires: time.Now().Add(-time.Minute)})
	assert.Nil(t, w.view(token).Action)
	soon := time.Now().Add(time.Hour).Truncate(time.Second)
	w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionWait, Expires: soon})
	assert.True(t, soon.Equal(*w.view(token).Action.Expires))
}

// The version changes when the shopper is told something else, and only then.
func TestTheVersionIsOfWhatIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	other := newService(t, w.db)
	first := w.view(token)
	w.update(func(tx *storage.Tx) error { return tx.AppendEvent("es", "pay_17", "x", nil) })
	w.move("pay_17", gateway.StateAwaiting)
	assert.Equal(t, first, w.view(token))
	w.serve(other.service.Handler())
	assert.Equal(t, first, w.view(token), "another process says the same")
	w.phase("pay_17", "reserve.pending")
	assert.NotEqual(t, first.Version, w.view(token).Version)
	w.phase("pay_17", "")
	assert.Equal(t, first, w.view(token))
}

func TestNothingIsToldThatIsNotTheShoppers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	w.update(func(tx *storage.Tx) error {
		if _, err := tx.LockPayment("es", "pay_17"); err != nil {
			return err
		}
		if err := tx.AddRefs("es", "pay_17", gateway.Refs{{Owner: "acme", Name: "payment", Value: "canary_ref"}}); err != nil {
			return err
		}
		o, err := tx.Operation("es", "op_pay_17")
		if err != nil {
			return err
		}
		o.State, o.Detail, o.Reference, o.Message = gateway.StateFailed, "canary detail", "canary_reference", "Your bank said no."
		return tx.UpdateOperation(&o, gateway.StateOpen)
	})
	for _, path := range []string{poll(token, ""), "/v1/payments/" + token} {
		a := w.get(path)
		assert.Contains(t, a.body, "Your bank said no.")
		for _, secret := range []string{"canary", "pay_17", "op_pay", "acme", "1000", "10.00"} {
			assert.NotContains(t, a.body, secret)
		}
	}
}

func TestAShopSaysItInItsOwnWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *status.Config) {
		c.Message = func(v status.View) string { return strings.ToUpper(string(v.Status)) + "!" }
	})
	token := w.pay("pay_17")
	assert.Equal(t, "PROCESSING!", w.view(token).Message)
	require.Contains(t, w.get(poll(token, "")).body, `"message":"PROCESSING!"`)
}
