package task_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

func TestWaitsGrowAreSpreadAndNeverShorterThanAsked(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 100 {
		for n, want := range map[int64]time.Duration{0: 5 * time.Second, 1: 5 * time.Second, 2: 30 * time.Second, 5: time.Hour, 99: time.Hour} {
			got := task.DefaultBackoff.After(n, nil)
			seen[got] = true
			assert.GreaterOrEqual(t, got, want*4/5)
			assert.LessOrEqual(t, got, want*6/5)
		}
	}
	assert.Greater(t, len(seen), 100)
	asked := &gateway.Error{Code: gateway.CodeRateLimited, RetryAfter: 3 * time.Hour}
	assert.Equal(t, 3*time.Hour, task.DefaultBackoff.After(1, asked))
	assert.Zero(t, task.Backoff{}.After(1, errors.New("x")))
}

// S54: authentication and invalid configuration fail the task; the rest may be tried again.
func TestOnlyWhatNoRetryCanMendIsCritical(t *testing.T) {
	t.Parallel()
	for code, want := range map[gateway.Code]bool{
		gateway.CodeAuthentication: true, gateway.CodeInvalid: true, gateway.CodeInternal: true, gateway.CodeUnsupported: true,
		gateway.CodeUnavailable: false, gateway.CodeRateLimited: false, gateway.CodeIndeterminate: false, gateway.CodeConflict: false,
	} {
		assert.Equal(t, want, task.Critical(gateway.Errorf(code, "x")), code)
	}
	assert.False(t, task.Critical(errors.New("x")))
	assert.True(t, task.Critical(task.Permanent(errors.New("x"))))
	assert.False(t, task.Critical(nil))
}
