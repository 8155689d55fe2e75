package handler

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// text returns a text or the digits of a number.
func text(v request.Value) string {
	if v.Kind() == request.KindNumber {
		return v.Raw()
	}
	return v.Text()
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func upper(s string) string { return strings.ToUpper(s) }

// checkURL refuses what a browser would run instead of open.
func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return gateway.Invalid("it is not an absolute URL")
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return gateway.Invalid("its scheme is %q", u.Scheme)
	}
	return nil
}
