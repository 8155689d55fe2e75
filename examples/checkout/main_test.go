package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
)

// The program is run as a newcomer runs it, visited, and interrupted.
func TestTheShopOpensPrintsItsAddressAndClosesWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "checkout")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	temporary := t.TempDir()
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), "TMPDIR="+temporary, "CHECKOUT_KEY=")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	said, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(said)
	require.True(t, lines.Scan())
	_, shop, found := strings.Cut(lines.Text(), "open at ")
	require.True(t, found, lines.Text())

	answer, err := http.Get(shop)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Contains(t, string(body), "<h1>The Ledger Book</h1>")
	assert.Equal(t, policy, answer.Header.Get("Content-Security-Policy"))
	told := waiting(t, shop)

	began := time.Now()
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	assert.Equal(t, http.StatusNoContent, <-told, "who waits for a change is told that there is none, and comes again")
	http.DefaultClient.CloseIdleConnections()
	var last string
	for lines.Scan() {
		last = lines.Text()
	}
	require.NoError(t, cmd.Wait(), complaints.String())
	assert.Contains(t, last, "closing")
	assert.Empty(t, complaints.String(), "nothing went wrong on the way")
	assert.Less(t, time.Since(began), 25*time.Second, "nobody was held for the thirty seconds that a change is waited for")
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	assert.Empty(t, left, "the ledger of a shop without -db goes with it")
}

// waiting has a shopper wait for the bank's confirmation, and returns what the
// shopper is answered in the end.
func waiting(t *testing.T, shop string) <-chan int {
	t.Helper()
	ask := func(answer *http.Response, err error) (path string, body []byte) {
		require.NoError(t, err)
		defer answer.Body.Close()
		body, err = io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode)
		return answer.Request.URL.Path, body
	}
	path, _ := ask(http.PostForm(shop+"/orders", url.Values{"cart": {newCart()}, "quantity": {"2"}}))
	path, _ = ask(http.PostForm(shop+path, url.Values{"method": {"framed"}, "try": {"1"}}))
	require.Contains(t, path, "/payment/")
	source := shop + "/status/v1/payments/" + strings.TrimPrefix(path, "/payment/")
	var view status.View
	for { // until the bank's notification has brought all that it brings
		was := view.Version
		_, body := ask(http.Get(source))
		require.NoError(t, json.Unmarshal(body, &view))
		if was == view.Version && view.Phase != "" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	told, sent := make(chan int, 1), make(chan struct{})
	left := sync.OnceFunc(func() { close(sent) })
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { left() }})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, source+"?known="+url.QueryEscape(view.Version), nil)
	require.NoError(t, err)
	go func() {
		defer left()
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			told <- 0
			return
		}
		_ = answer.Body.Close()
		told <- answer.StatusCode
	}()
	<-sent
	time.Sleep(time.Second) // it is held by then; otherwise it is refused, and that is noticed
	return told
}

func TestAKeyThatIsTooShortStopsTheStart(t *testing.T) {
	t.Parallel()
	_, err := newKeys(Config{Key: gateway.NewSecret("short")})
	assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(err))
}
