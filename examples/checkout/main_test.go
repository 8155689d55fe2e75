package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
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
	_, url, found := strings.Cut(lines.Text(), "open at ")
	require.True(t, found, lines.Text())

	answer, err := http.Get(url)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	assert.Contains(t, string(body), "<h1>The Ledger Book</h1>")
	assert.Equal(t, policy, answer.Header.Get("Content-Security-Policy"))

	began := time.Now()
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	var last string
	for lines.Scan() {
		last = lines.Text()
	}
	require.NoError(t, cmd.Wait(), complaints.String())
	assert.Contains(t, last, "closing")
	assert.Empty(t, complaints.String(), "nothing went wrong on the way")
	assert.Less(t, time.Since(began), 10*time.Second)
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	assert.Empty(t, left, "the ledger of a shop without -db goes with it")
}

func TestAKeyThatIsTooShortStopsTheStart(t *testing.T) {
	t.Parallel()
	_, err := newKeys(Config{Key: gateway.NewSecret("short")})
	assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(err))
}
