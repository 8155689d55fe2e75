package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestItIsKilledInMidCaptureAndRecovers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	program := filepath.Join(t.TempDir(), "crash")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	start := func() (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, program)
		cmd.Env = append(os.Environ(), "CRASH_EXAMPLE_DIR="+dir)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	text, err := start()
	require.Error(t, err, "the first start is killed")
	assert.Contains(t, text, "5. this process is killed before it can write that down")
	assert.Equal(t, -1, err.(*exec.ExitError).ExitCode(), "by a signal") //nolint:errorlint,forcetypeassert // it is one
	text, err = start()
	require.NoError(t, err, text)
	for _, want := range []string{`the operation is now "unknown"`, `the operation is "succeeded"`, "learned by poll", "equal: 6.00 EUR captured, once"} {
		assert.Contains(t, text, want)
	}
	_, err = os.Stat(dir)
	require.ErrorIs(t, err, os.ErrNotExist, "the next start is a first one again")
}
