package sequra

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// defaults are what is told of an error whose body explains nothing (integration-core).
var defaults = map[int]string{
	http.StatusUnauthorized: "Wrong credentials.", http.StatusForbidden: "Access forbidden.", http.StatusNotFound: "Page not found.", http.StatusConflict: "Invalid request body.",
}

// codes are what the statuses mean that SeQura documents. None of them has
// executed anything. Every other status, and every 5xx, says nothing.
var codes = map[int]gateway.Code{
	http.StatusUnauthorized: gateway.CodeAuthentication, // check the credentials
	http.StatusForbidden:    gateway.CodeInvalid,        // the URL names a merchant that these credentials do not open
	http.StatusNotFound:     gateway.CodeNotFound,       // check the endpoint, or the order
	http.StatusConflict:     gateway.CodeInvalid,        // of a new order: its data. See [refusals].
}

// refusals reads SeQura's errors. conflict is what a 409 means: that the data is
// wrong, or, of an order that is there, that it is in another state than was told
// (docs.sequra.com, "Order Update API", "Confirm order").
func refusals(conflict gateway.Code) validator.Validator {
	return validator.Func(func(_ context.Context, x transfer.Exchange) validator.Result {
		status := x.Response.Status
		code, known := codes[status]
		if !known {
			return validator.Result{}
		}
		if status == http.StatusConflict {
			code = conflict
		}
		return validator.Fail(validator.Failure{Code: code, Detail: "status " + strconv.Itoa(status), Merchant: Explain(status, x.Response.Body)})
	})
}

// Explain returns what an answer that refuses says to the merchant: its errors
// joined with a full stop, or the status's own text when the body has none. It is
// not for shoppers.
func Explain(status int, body []byte) string {
	fallback := defaults[status]
	if fallback == "" {
		fallback = "An unknown error occurred."
	}
	doc, err := request.ParseJSON(body, request.Limits{Bytes: maxExplained})
	if err != nil {
		return fallback
	}
	defer doc.Release()
	var texts []string
	for i := range maxErrors {
		at := "errors/" + strconv.Itoa(i)
		text := doc.Value(at).Text()
		if text == "" {
			text = doc.Value(at + "/title").Text()
		}
		if text == "" {
			break
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return fallback
	}
	return printable(strings.Join(texts, ". "))
}

const (
	maxExplained = 64 << 10
	maxErrors    = 20
)

// printable cuts a provider's text to what a log line may hold.
func printable(text string) string {
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == utf8.RuneError {
			return ' '
		}
		return c
	}, text)
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "")
	}
	return text
}
