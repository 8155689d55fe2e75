package command_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// nullClient encodes and signs as every client does, sends nothing and always
// gets the same answer.
var nullClient client.Client = client.Func(func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	w, err := t.Wire(ctx)
	if err != nil {
		return nil, err
	}
	return nullTransport(w.URL, w.Header, w.Body)
})

var nullHeader = http.Header{"Content-Type": {"application/json"}}

func nullTransport(*url.URL, http.Header, []byte) (*transfer.Response, error) {
	return &transfer.Response{Status: http.StatusOK, Header: nullHeader, Body: benchAnswerJSON}, nil
}

// directNull is the whole work by hand. It parses the URL, as http.NewRequest does.
func directNull(s *gateway.Subject, c codec) (gateway.Outcome, error) {
	body, err := c.encode(s)
	if err != nil {
		return gateway.Outcome{}, err
	}
	u, err := url.Parse(benchBase + benchPath)
	if err != nil {
		return gateway.Outcome{}, err
	}
	r, err := nullTransport(u, directHeader(s), body)
	if err != nil {
		return gateway.Outcome{}, err
	}
	var a benchAnswer
	if err := c.decode(r.Body, &a); err != nil {
		return gateway.Outcome{}, err
	}
	return directOutcome(s, r.Status, &a)
}

func benchCommand(tb testing.TB, s command.Spec, edits ...command.Edit) command.Command {
	tb.Helper()
	c, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpAuthorize}, s, edits...)
	require.NoError(tb, err)
	return c
}

// BenchmarkP1 measures the whole command in process, with nothing sent,
// against the same work by hand (P1) and by hand with our codec (P1b).
func BenchmarkP1(b *testing.B) {
	ctx, s := b.Context(), benchSubject()
	c := benchCommand(b, benchSpec(benchBase, nullClient))
	ours := contender{"command", func() error { _, err := c.Execute(ctx, s); return err }}
	against := func(way codec) contender {
		return contender{"by hand", func() error { _, err := directNull(&s, way); return err }}
	}
	var cpu, same spread
	var allocs float64
	b.Run("whole", func(b *testing.B) {
		t := race(b, 1, 2000, ours, against(typed), against(sameCodec))
		cpu, same = ratio(t[0].cpu, t[1].cpu), ratio(t[0].cpu, t[2].cpu)
		allocs, _ = allocated(b, ours.call)
		b.ReportMetric(ratio(t[0].wall, t[1].wall).median, "ratio/op")
		b.ReportMetric(cpu.median, "cpu-ratio/op")
		b.ReportMetric(same.median, "cpu-ratio-same-codec/op")
		b.ReportMetric(spreadOf(t[0].cpu).median*1e9, "cpu-ns/op")
	})
	if allocs == 0 {
		return // another benchmark was asked for
	}
	judge("P1", "in process: CPU against typed structs and encoding/json", cpu, 0.45)
	judge("P1", "in process: allocations", exactly(allocs), 40)
	judge("P1b", "in process: CPU against the same codec by hand", same, 1.10)
}

func TestTheBenchmarkedWaysDoTheSame(t *testing.T) {
	t.Parallel()
	s := benchSubject()
	require.Len(t, benchAnswerJSON, 1919)
	byHand, err := typed.encode(&s)
	require.NoError(t, err)
	require.Len(t, byHand, 984)
	withCodec, err := sameCodec.encode(&s)
	require.NoError(t, err)
	require.JSONEq(t, string(byHand), string(withCodec))

	var sent *transfer.Wire
	c := benchCommand(t, benchSpec(benchBase, client.Func(func(ctx context.Context, tr *transfer.Transfer) (*transfer.Response, error) {
		var err error
		sent, err = tr.Wire(ctx)
		require.NoError(t, err)
		return nullTransport(sent.URL, sent.Header, sent.Body)
	})))
	ours, err := c.Execute(t.Context(), s)
	require.NoError(t, err)
	require.JSONEq(t, string(byHand), string(sent.Body))
	assert.Len(t, sent.Body, 984)
	assert.Equal(t, benchBase+benchPath, sent.URL.String())
	assert.Equal(t, directHeader(&s), sent.Header)
	for _, way := range []codec{typed, sameCodec} {
		direct, err := directNull(&s, way)
		require.NoError(t, err)
		assert.Equal(t, ours, direct)
	}
}
