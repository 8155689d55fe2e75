package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// binary builds the program and returns how to run it: its output and exit code.
func binary(t *testing.T) (run func(args ...string) (string, int)) {
	t.Helper()
	dir, program := filepath.Join(t.TempDir(), "state"), filepath.Join(t.TempDir(), "operations")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return func(args ...string) (string, int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Env = append(os.Environ(), "OPERATIONS_EXAMPLE_DIR="+dir)
		out, err := cmd.CombinedOutput()
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			return string(out), failed.ExitCode()
		}
		require.NoError(t, err, string(out))
		return string(out), 0
	}
}

func TestAShopIsPutInOrderByItsOwnBinary(t *testing.T) {
	t.Parallel()
	run := binary(t)
	var text string
	is := func(want int, contains string, args ...string) {
		t.Helper()
		out, code := run(args...)
		assert.Equal(t, want, code, "%v\n%s", args, out)
		assert.Contains(t, out, contains)
		text = out
	}
	is(0, "something is wrong in it")
	id := func(pattern string) string {
		t.Helper()
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		require.NotNil(t, m, "%s in\n%s", pattern, text)
		return m[1]
	}
	parked, odd, failed := id(`-operation (op_\w+)`), id(`resolve (\w+)`), id(`tasks retry (task_\w+)`)

	is(1, "FAIL parked: 1: "+parked, "doctor")
	is(1, "theirs only: refund 2.50 EUR", "reconcile")
	is(1, "now recorded", "reconcile", "-apply")
	is(1, "1 different", "reconcile")
	assert.Contains(t, text, "orphan", "what no payment of ours can explain stays reported")
	is(2, "no books of provider", "reconcile", "-provider", "acme")

	is(0, parked, "parked")
	is(2, "who decides", "settle", "-failed", "-operation", parked)
	is(0, "failed sandbox authorize", "settle", "-failed", "-by", "ada", "-note", "the provider shows none", "-operation", parked)
	is(0, "resolved by ada", "discrepancies", "-by", "ada", "-note", "the report was corrected", "resolve", odd)
	is(0, "the mail server refused it", "tasks", "show", failed)
	is(0, "queued shop.letter", "tasks", "retry", failed)
	is(0, "completed shop.letter", "tasks")
	is(2, "only a failed one is retried", "tasks", "retry", failed)
	is(0, "HEALTHY", "tasks", "health")

	is(0, "ok   parked: none", "doctor")
	is(0, "partially_refunded", "payment", "-order", "1001")
	is(0, "erased order", "erase", "-order", "1001")
	is(0, `"count": 1`, "stats", "-json")
	is(2, "there is no command", "refund")

	is(0, "", "reset")
	is(1, "FAIL parked", "doctor")
}
