package command_test

import (
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// badInput names, for each item of the section "Bad input", the tests
// that prove it: a typed error that says what to do, and no panic.
var badInput = map[string][]string{
	"missing stage":               {"command.TestMistakesStopTheStartAndSayWhatExists", "command.TestM10ACommandRunsAsTheirsAndSaysWhy"},
	"unknown command":             {"command.TestAMissingCommandFailsAndSaysWhatIsThere"},
	"duplicate part name":         {"command.TestMistakesStopTheStartAndSayWhatExists", "gateway/part.TestAListIsCheckedBeforeItsFirstUse"},
	"conflicting fields":          {"request.TestTwoPartsSettingOneFieldIsAnErrorThatNamesBoth", "command.TestEveryFailureLandsOnItsStageAndCode"},
	"wrong types":                 {"request.TestStructRefusesWhatItCannotWrite", "request.TestBindRefusesWhatDoesNotFitAndSaysWhere", "command.TestBadInputWrongTypesStopTheStart"},
	"over-long or hostile ids":    {"transfer.TestHostileIdentifiersNeverReachThePath", "transfer.TestTheIdempotencyKeyIsCheckedAgainstTheProvidersLimit", "command.TestEveryFailureLandsOnItsStageAndCode"},
	"overflow, too many decimals": {"gateway.TestOverflowIsAnError", "gateway.TestMajorRefusesWhatIsNotExact", "command.TestBadInputAmountsNeverReachTheWire"},
	"unknown currency":            {"gateway.TestAnUnknownCurrencyIsRefusedByEveryOperation", "command.TestEveryFailureLandsOnItsStageAndCode"},
	"non-JSON answer":             {"command.TestBadInputOverTheNetworkIsTyped", "request.TestI2HostileJSONIsRefused"},
	"2xx HTML":                    {"command.TestBadInputOverTheNetworkIsTyped"},
	"empty body":                  {"command.TestBadInputOverTheNetworkIsTyped"},
	"giant body":                  {"command.TestBadInputOverTheNetworkIsTyped"},
	"compressed bomb":             {"command.TestBadInputOverTheNetworkIsTyped", "client.TestABombTakesLittleMemory"},
	"another amount or reference": {"command.TestBadInputOverTheNetworkIsTyped", "validator.TestAnAnswerForSomethingElseIsIndeterminate"},
	"cancelled before and after":  {"command.TestACancelledContextBeforeSendingSendsNothing", "command.TestAContextCancelledWhileClaimingSendsNothing", "command.TestBadInputACallCancelledAfterSendingIsIndeterminate"},
	"fuzz: encoders and decoders": {"request.FuzzJSONRoundTrip", "request.FuzzParseJSON", "request.FuzzForm", "request.FuzzXML"},
	"fuzz: money and the mapper":  {"gateway.FuzzMajor", "validator.FuzzErrorMap"},
	"fuzz: whatever comes back":   {"client.FuzzAnswer", "client.FuzzByContentType", "client.FuzzRetryAfter"},
}

func TestEveryBadInputHasItsTest(t *testing.T) {
	t.Parallel()
	all := repository(t)
	for item, tests := range badInput {
		for _, test := range tests {
			assert.Contains(t, all.tests, test, item)
		}
	}
}

// online is the capture of a provider at a real server, through the real client.
func online(t *testing.T, answer http.HandlerFunc) command.Command {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	h, err := client.New(client.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.Close() })
	spec := capture(h)
	spec.Transfer = transfer.Route{Method: http.MethodPost, Base: s.URL, Path: "/payments/{target}/captures", Encoder: request.JSON}
	spec.Validate = validator.Compose(
		validator.Breaking("status", validator.Status(200)),
		validator.Named("echo", validator.Echo{Amount: "amount", Reference: "reference"}),
	)
	spec.Endpoint.Echoes |= gateway.EchoReference
	cmd, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpCapture}, spec)
	require.NoError(t, err)
	return cmd
}

func TestBadInputOverTheNetworkIsTyped(t *testing.T) {
	t.Parallel()
	body := func(contentType, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write([]byte(text))
		}
	}
	const good = `{"id":"cap_1","amount":1000,"reference":"op_1"}`
	_, err := online(t, body("application/json", good)).Execute(t.Context(), subject())
	require.NoError(t, err)
	for name, answer := range map[string]http.HandlerFunc{
		"not JSON":          body("application/json", "amount=1000&id=cap_1"),
		"HTML with 200":     body("text/html", "<html><body>maintenance sk_live</body></html>"),
		"HTML said JSON":    body("application/json", "<html><body>maintenance sk_live</body></html>"),
		"empty":             body("application/json", ""),
		"another amount":    body("application/json", strings.Replace(good, "1000", "100", 1)),
		"a fraction":        body("application/json", strings.Replace(good, "1000", "1000.0", 1)),
		"an overflow":       body("application/json", strings.Replace(good, "1000", "100000000000000000000", 1)),
		"an amount as text": body("application/json", strings.Replace(good, "1000", `"1000"`, 1)),
		"another reference": body("application/json", strings.Replace(good, "op_1", "op_2", 1)),
		"no reference":      body("application/json", `{"id":"cap_1","amount":1000}`),
		"two answers":       body("application/json", good+good),
		"giant":             body("application/json", `{"id":"cap_1","amount":1000,"reference":"op_1","x":"`+strings.Repeat("sk_live", 1<<18)+`"}`),
		"a bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			zeros := make([]byte, 1<<20)
			for range 64 {
				if _, err := z.Write(zeros); err != nil {
					return
				}
			}
			_ = z.Close()
		},
		"hangs up": func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := online(t, answer).Execute(t.Context(), subject())
			require.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(err), "%v", err)
			e := gateway.AsError(err, "")
			assert.Equal(t, "acme", e.Provider)
			assert.NotEmpty(t, e.Stage)
			assert.NotEmpty(t, e.Detail, "it says what is wrong")
			assert.NotContains(t, err.Error(), "sk_live", "and quotes nothing of the answer")
			assert.False(t, out.Moved())
		})
	}
}

func TestBadInputACallCancelledAfterSendingIsIndeterminate(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	cmd := online(t, func(http.ResponseWriter, *http.Request) { cancel(); <-done })
	defer close(done) // before the server's own end, which waits for the answer
	_, err := cmd.Execute(ctx, subject())
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, "client", gateway.AsError(err, "").Stage)
}

// Amounts that cannot be said exactly are refused before anything is sent.
func TestBadInputAmountsNeverReachTheWire(t *testing.T) {
	t.Parallel()
	p := answering(200, captured)
	_, err := gateway.Major("10.001", "EUR")
	require.ErrorIs(t, err, gateway.CodeInvalid)
	for name, c := range map[string]struct {
		amount gateway.Money
		b      request.Builder
		says   string
	}{
		"more decimals than the provider takes": {gateway.Minor(1001, "EUR"), request.AmountIn("amount", gateway.Exponents{"EUR": 0}), "more decimals than the provider takes"},
		"more than the provider's unit holds":   {gateway.Minor(1<<62, "EUR"), request.AmountIn("amount", gateway.Exponents{"EUR": 4}), "more than the provider's amounts can hold"},
		"unknown currency":                      {gateway.Minor(1000, "XXX"), request.Amount("amount"), `unknown currency "XXX"`},
		"lower case":                            {gateway.Minor(1000, "eur"), request.Amount("amount"), "must be upper case: EUR"},
		"lines that overflow":                   {gateway.Minor(1000, "EUR"), request.Lines("lines", request.LineFields{Total: "total"}), "more than an amount can hold"},
	} {
		spec := capture(p)
		spec.Request = request.Compose(request.Named("amount", c.b))
		cmd, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpCapture}, spec)
		require.NoError(t, err)
		s := subject()
		s.Amount = c.amount
		s.Lines = []gateway.Line{{SKU: "a", Quantity: 1 << 40, Price: gateway.Minor(1<<40, "EUR")}}
		_, err = cmd.Execute(t.Context(), s)
		require.ErrorIs(t, err, gateway.CodeInvalid, name)
		require.ErrorContains(t, err, c.says, name)
	}
	assert.Empty(t, p.sent)
}

// A struct that cannot be written or judged is found before the first payment.
func TestBadInputWrongTypesStopTheStart(t *testing.T) {
	t.Parallel()
	type rate struct {
		Amount float64 `json:"amount"`
	}
	spec := capture(answering(200, captured))
	spec.Request = request.Compose(request.Named("rate", request.Typed(func(context.Context, gateway.Subject) (rate, error) { return rate{}, nil })))
	_, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpCapture}, spec)
	require.ErrorContains(t, err, "a float cannot hold an amount exactly")
	require.ErrorContains(t, err, "use gateway.Money")
}
