package reconcile_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

var midnight = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// world is a shop that compares its books.
type world struct{ *enginetest.Shop }

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{enginetest.New(t)}
}

func (w *world) reconcile(s reconcile.Source, change ...func(*reconcile.Options)) reconcile.Report {
	w.Helper()
	o := reconcile.Options{Engine: w.Engine, DB: w.DB, Store: "es", Provider: "sandbox", Since: midnight, Source: s}
	for _, f := range change {
		f(&o)
	}
	r, err := reconcile.Reconcile(w.Context(), o)
	require.NoError(w, err)
	return r
}

func apply(o *reconcile.Options) { o.Apply = true }

// report reads the sandbox's report, a file for each day.
func (w *world) report(change func([]byte) []byte) reconcile.CSV {
	return reconcile.CSV{
		Columns: []string{"time", "kind", "amount", "currency", "payment", "reference", "parent", "merchant_reference"},
		Open: func(ctx context.Context, win reconcile.Window, after string) (io.ReadCloser, string, error) {
			day := win.Since.Truncate(24 * time.Hour)
			if after != "" {
				day, _ = time.Parse(time.DateOnly, after)
			}
			next := ""
			if tomorrow := day.AddDate(0, 0, 1); tomorrow.Before(win.Until) {
				next = tomorrow.Format(time.DateOnly)
			}
			file, err := w.download(ctx, day, change)
			return file, next, err
		},
		Trailer: func(line reconcile.Row, before []reconcile.Row) (bool, error) {
			if line["sequence"] != "total" {
				return false, nil
			}
			if line["kind"] != strconv.Itoa(len(before)) {
				return true, gateway.Invalid("the report counts %s lines and has %d", line["kind"], len(before))
			}
			return true, nil
		},
		Read: func(line reconcile.Row) (r reconcile.Record, err error) {
			value, err := strconv.ParseInt(line["amount"], 10, 64)
			if err != nil {
				return r, err
			}
			at, err := time.Parse(time.RFC3339Nano, line["time"])
			r.Refs = gateway.Refs{{Name: "payment", Value: line["payment"]}}
			r.Movements = []gateway.Movement{{
				Kind: gateway.MovementKind(line["kind"]), Amount: gateway.Minor(value, line["currency"]), Reference: line["reference"], Parent: line["parent"],
				Operation: gateway.OperationID(line["merchant_reference"]), At: at,
			}}
			return r, err
		},
	}
}

func (w *world) download(ctx context.Context, day time.Time, change func([]byte) []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.Provider.URL()+"/v1/report?date="+day.Format(time.DateOnly), http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Close = true // leaves no connection behind
	req.Header.Set("Authorization", "Bearer "+simulator.DefaultKey)
	answer, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if change != nil {
		body = change(body)
	}
	return io.NopCloser(bytes.NewReader(body)), err
}
