package transfer_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func answered(status int, body string) transfer.Exchange {
	return transfer.NewExchange(&gateway.Subject{}, &transfer.Transfer{RequestIDHeader: "Request-Id"},
		&transfer.Response{Status: status, Header: http.Header{"Request-Id": {"req_1"}}, Body: []byte(body)})
}

type answer struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"`
}

func TestAnAnswerIsDecodedOnceForEverybody(t *testing.T) {
	t.Parallel()
	times := 0
	x := answered(200, `{"id":"a","amount":9007199254740993,"list":[{"n":1.10}]}`)
	x.Transfer.Converter = transfer.ConverterFunc(func(r *transfer.Response) (*request.Document, error) {
		times++
		return transfer.JSON.Convert(r)
	})
	for range 3 {
		a, err := transfer.As[answer](x)
		require.NoError(t, err)
		assert.Equal(t, answer{"a", 9007199254740993}, a)
		assert.Equal(t, "1.10", x.Value("list/0/n").Raw(), "numbers stay exact")
	}
	assert.Equal(t, 1, times)
	assert.Equal(t, "req_1", x.RequestID())
	assert.False(t, x.Value("nothing/here").Exists())
	x.Release()
	_, err := x.Document()
	require.ErrorContains(t, err, "the exchange is over")
	a, err := transfer.As[answer](answered(200, `{"id":"a","amount":1}`))
	require.NoError(t, err)
	assert.Equal(t, "a", a.ID)
}

func TestAnAnswerThatCannotBeReadIsIndeterminateAndQuotesNothing(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "OK", "<html>sk_live_1</html>", `{"id":"sk_live_1"`, `{"id":"sk_live_1","id":"b"}`, "{\"id\":\"\xff\"}", `{"id":"a"}{}`, `{"amount":"sk_live_1"}`, `{"amount":1.5}`, `{"amount":9223372036854775808}`} {
		x := answered(200, body)
		_, err := transfer.As[answer](x)
		require.ErrorIs(t, err, gateway.CodeIndeterminate, body)
		assert.NotContains(t, err.Error(), "sk_live")
		x.Release()
	}
}

func TestRetryAfterIsReadAndCapped(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-1": 0, "x": 0, "1e9": 0, "1000000000": time.Hour, "99999999999999999999999": 0,
		"Sat, 21 Nov 2026 12:00:30 GMT": 30 * time.Second, "Sat, 21 Nov 2026 11:00:00 GMT": 0, "Sat, 21 Nov 2099 11:00:00 GMT": time.Hour, "9223372036854775807": time.Hour,
	} {
		r := &transfer.Response{Header: http.Header{"Retry-After": {value}}}
		assert.Equal(t, want, r.RetryAfter(now, time.Hour), "%q", value)
	}
	assert.Equal(t, "text/html", (&transfer.Response{Header: http.Header{"Content-Type": {" Text/HTML ; charset=x"}}}).MediaType())
}
