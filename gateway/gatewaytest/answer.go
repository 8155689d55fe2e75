package gatewaytest

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Answer is one answer of the provider as a file holds it:
//
//	{"status": 200, "header": {"Request-Id": "req_1"}, "body": {"id": "pay_1", "amount": "$minor"}}
//
// A body that is a JSON string is sent as it is. In any text, $minor is the
// subject's amount in minor units (quoted alone, the number itself), $decimal
// the amount as a decimal, $currency and $lower its code, $operation our
// reference, $target the subject's target, $base the server's URL.
type Answer struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header"`
	Body   json.RawMessage   `json:"body"`
}

func operationOf(file string) gateway.Operation {
	op, _, _ := strings.Cut(path.Base(file), ".")
	return gateway.Operation(op)
}

// answer reads an operation's answer; kind is "" or "declined".
func (c check) answer(t *testing.T, kind string) (Answer, bool) {
	t.Helper()
	name := string(c.op) + ".json"
	if kind != "" {
		name = string(c.op) + "." + kind + ".json"
	}
	raw, err := fs.ReadFile(c.Answers, name)
	if kind != "" && err != nil {
		return Answer{}, false
	}
	require.NoError(t, err, "the provider's answers need %s", name)
	var a Answer
	require.NoError(t, json.Unmarshal(raw, &a), name)
	require.NotZero(t, a.Status, "%s has no status", name)
	return a, true
}

// fill puts the subject's facts into an answer's body.
func (a Answer) fill(s gateway.Subject, base string) []byte {
	text := string(a.Body)
	var raw string
	if json.Unmarshal(a.Body, &raw) == nil {
		text = raw
	}
	minor := strconv.FormatInt(s.Amount.Minor(), 10)
	return []byte(strings.NewReplacer(
		`"$minor"`, minor, "$minor", minor, "$decimal", s.Amount.Decimal(), "$currency", s.Amount.Currency(),
		"$lower", strings.ToLower(s.Amount.Currency()), "$operation", string(s.Operation), "$target", s.Target, "$base", base,
	).Replace(text))
}

// send writes an answer to a response.
func (a Answer) send(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(body)
}
