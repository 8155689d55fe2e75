package simulator_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// serve runs a handler for the length of a test.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}
