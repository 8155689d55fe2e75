package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
)

var errDeadline = context.DeadlineExceeded

func TestCodeOfIsTheOneQuestion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want gateway.Code
	}{
		{nil, ""},
		{&gateway.Error{Code: gateway.CodeDeclined}, gateway.CodeDeclined},
		{fmt.Errorf("x: %w", &gateway.Error{Code: gateway.CodeDeclined}), gateway.CodeDeclined},
		{gateway.CodeConflict, gateway.CodeConflict},
		{fmt.Errorf("x: %w", gateway.CodeConflict), gateway.CodeConflict},
		{&gateway.Error{}, gateway.CodeInternal},
		{errors.New("a stranger"), gateway.CodeInternal},
		{context.Canceled, gateway.CodeIndeterminate},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), gateway.CodeIndeterminate},
	} {
		assert.Equal(t, c.want, gateway.CodeOf(c.err), "%v", c.err)
	}
	assert.Len(t, gateway.Codes(), 10)
	retryable := 0
	for _, c := range gateway.Codes() {
		require.ErrorIs(t, &gateway.Error{Code: c}, c)
		if c.Retryable() {
			retryable++
		}
	}
	assert.Equal(t, 2, retryable)
	assert.False(t, gateway.CodeIndeterminate.Retryable())
}

func TestAnErrorSaysWhereAndWhat(t *testing.T) {
	t.Parallel()
	e := &gateway.Error{
		Code: gateway.CodeDeclined, Reason: decline.InsufficientFunds, Provider: "stripe", Operation: gateway.OpCapture, Stage: "validate",
		Part: "errors", Detail: "insufficient_funds", Message: "for the shopper", Merchant: "for the merchant", Reference: "pi_1", RequestID: "req_1",
		RetryAfter: time.Second, Err: errors.New("cause"),
	}
	assert.Equal(t, "stripe.capture.validate.errors: declined (insufficient_funds): insufficient_funds: cause", e.Error())
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Error("x", "err", e)
	for _, want := range []string{"err.code=declined", "err.reference=pi_1", "err.request_id=req_1", "err.retry_after=1s", "err.cause=cause", `err.merchant="for the merchant"`} {
		assert.Contains(t, log.String(), want)
	}
	assert.NotContains(t, log.String(), "for the shopper")
	wrapped := gateway.Errorf(gateway.CodeUnavailable, "gave up: %w", context.Canceled)
	assert.Equal(t, "unavailable: gave up: context canceled", wrapped.Error(), "the cause is not told twice")
	require.ErrorIs(t, wrapped, context.Canceled)
	assert.Nil(t, gateway.AsError(nil, gateway.CodeInternal))
	assert.Equal(t, gateway.CodeConflict, gateway.AsError(fmt.Errorf("%w", gateway.CodeConflict), gateway.CodeInternal).Code)
	assert.Equal(t, gateway.CodeInternal, gateway.AsError(errors.New("x"), gateway.CodeInternal).Code)
}

func TestEveryDeclineReasonHasAdviceAndASafeText(t *testing.T) {
	t.Parallel()
	assert.Greater(t, len(decline.Reasons()), 30)
	for _, r := range decline.Reasons() {
		assert.True(t, r.Known())
		assert.NotEmpty(t, r.Advice(), r)
		assert.NotEmpty(t, r.Message(), r)
		assert.NotContains(t, r.Message(), "fraud")
		assert.NotContains(t, r.Message(), "stolen")
	}
	unknown := decline.Reason("new")
	assert.False(t, unknown.Known())
	assert.Equal(t, decline.AskShopper, unknown.Advice())
	assert.NotEmpty(t, unknown.Message())
}

func TestIdentifiersAreAllowListed(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"a", "pi_1-X9", string(bytes.Repeat([]byte("a"), 128))} {
		require.NoError(t, gateway.CheckID("the id", ok))
	}
	for _, bad := range []string{"", ".", "..", "a/b", "a b", "a\x00", "a%2f", "é", "а", "a\n", "a?", "a#", string(bytes.Repeat([]byte("a"), 129))} {
		require.ErrorIs(t, gateway.CheckID("the id", bad), gateway.CodeInvalid, "%q", bad)
	}
}

// Of errors that are joined nobody may pick the harmless one.
func TestAmongJoinedErrorsIndeterminateComesFirst(t *testing.T) {
	t.Parallel()
	nothing, lost := gateway.Errorf(gateway.CodeUnavailable, "not sent"), gateway.Errorf(gateway.CodeIndeterminate, "lost")
	for _, err := range []error{
		errors.Join(nothing, lost), errors.Join(lost, nothing), fmt.Errorf("x: %w", errors.Join(errors.New("y"), fmt.Errorf("%w, %w", nothing, lost))),
		errors.Join(nothing, gateway.CodeIndeterminate), errors.Join(gateway.CodeUnavailable, lost), fmt.Errorf("%w: %w", gateway.CodeDeclined, gateway.CodeIndeterminate),
	} {
		assert.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(err), "%v", err)
		assert.Equal(t, gateway.CodeIndeterminate, gateway.AsError(err, gateway.CodeInvalid).Code, "%v", err)
		assert.False(t, gateway.CodeOf(err).Retryable())
	}
	assert.Same(t, lost, gateway.AsError(errors.Join(nothing, lost), ""))
	walled := &gateway.Error{Code: gateway.CodeUnavailable, Err: lost}
	assert.Equal(t, gateway.CodeUnavailable, gateway.CodeOf(errors.Join(walled, errors.New("x"))), "one error has one verdict: what it wraps has none")
	assert.Same(t, walled, gateway.AsError(fmt.Errorf("x: %w", walled), ""))
}
