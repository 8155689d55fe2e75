package command_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// serverEnv makes the test program be the provider's server instead of testing.
const serverEnv = "GATEWAYCOMMAND_BENCH_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) != "" {
		serve()
		return
	}
	os.Exit(m.Run())
}

// serve answers until stdin ends.
func serve() {
	s := httptest.NewServer(http.HandlerFunc(answerPayment))
	defer s.Close()
	fmt.Println(s.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func answerPayment(w http.ResponseWriter, r *http.Request) {
	if n, err := io.Copy(io.Discard, r.Body); err != nil || n != 984 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_01J2ZK4M5N")
	_, _ = w.Write(benchAnswerJSON)
}

// benchServer starts the provider's server in a process of its own, so that CPU
// time and allocations are the caller's alone, and returns its address.
func benchServer(tb testing.TB) string {
	tb.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:gosec // it is this program
	cmd.Env, cmd.Stderr = append(os.Environ(), serverEnv+"=1"), os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(tb, err)
	out, err := cmd.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, cmd.Start())
	tb.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(tb, err)
	return strings.TrimSpace(address)
}
