//go:build unix

package client_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

type benchRequest struct {
	Amount    int64             `json:"amount"`
	Currency  string            `json:"currency"`
	Reference string            `json:"reference"`
	Capture   bool              `json:"capture"`
	Metadata  map[string]string `json:"metadata"`
}

type benchAnswer struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Charges  []struct {
		ID     string `json:"id"`
		Amount int64  `json:"amount"`
	} `json:"charges"`
	Note string `json:"note"`
}

var benchBody = `{"id":"pi_1","status":"succeeded","amount":1000,"currency":"EUR","charges":[{"id":"ch_1","amount":1000}],"note":"` + strings.Repeat("x", 1700) + `"}`

// contender is one way to make the same call.
type contender struct {
	name string
	call func() error
}

func contenders(b *testing.B, address string) []contender {
	b.Helper()
	h := open(b, client.Config{})
	u, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	tuned := func() *http.Transport {
		t := &http.Transport{MaxIdleConnsPerHost: client.DefaultMaxIdleConns, DisableCompression: true}
		b.Cleanup(t.CloseIdleConnections)
		return t
	}
	bare := resty.NewWithClient(&http.Client{Transport: tuned(), Timeout: client.DefaultTimeout})
	plain := &http.Client{Transport: tuned(), Timeout: client.DefaultTimeout}
	body := benchRequest{Amount: 1000, Currency: "EUR", Reference: "order-1", Capture: true, Metadata: map[string]string{"order": "1", "shop": "a"}}
	return []contender{
		{"client", func() error { return throughClient(b, h, u) }},
		{"resty", func() error {
			var a benchAnswer
			r, err := bare.R().SetContext(b.Context()).SetHeader("Authorization", "Bearer key").SetHeader("Idempotency-Key", "key-1").SetBody(body).SetResult(&a).Post(address)
			return judge(err, r.StatusCode(), a.Amount)
		}},
		{"net/http", func() error {
			data, err := json.Marshal(body)
			if err != nil {
				return err
			}
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, address, bytes.NewReader(data))
			if err != nil {
				return err
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer key")
			r.Header.Set("Idempotency-Key", "key-1")
			resp, err := plain.Do(r)
			if err != nil {
				return err
			}
			defer func() { _ = resp.Body.Close() }()
			raw, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			var a benchAnswer
			err = json.Unmarshal(raw, &a)
			return judge(err, resp.StatusCode, a.Amount)
		}},
	}
}

// throughClient builds the same request as a document and reads the same answer from one.
func throughClient(b *testing.B, h *client.HTTP, u *url.URL) error {
	doc := request.NewDocument()
	defer doc.Release()
	doc.Int("amount", 1000)
	doc.Text("currency", "EUR")
	doc.Text("reference", "order-1")
	doc.Bool("capture", true)
	meta := doc.Object("metadata")
	meta.Text("order", "1")
	meta.Text("shop", "a")
	t := &transfer.Transfer{
		Method: http.MethodPost, URL: u, Document: doc, Encoder: request.JSON,
		Header: http.Header{"Authorization": {"Bearer key"}, "Idempotency-Key": {"key-1"}},
	}
	r, err := h.PlaceRequest(b.Context(), t)
	if err != nil {
		return err
	}
	answer, err := r.Converter.Convert(r)
	if err != nil {
		return err
	}
	defer answer.Release()
	amount, err := answer.Value("amount").Int()
	return judge(err, r.Status, amount)
}

func judge(err error, status int, amount int64) error {
	if err == nil && (status != http.StatusOK || amount != 1000) {
		err = fmt.Errorf("status %d, amount %d", status, amount)
	}
	return err
}

// BenchmarkLoopback compares one call through this package with the same call
// through bare resty and bare net/http with typed structs, over loopback. The
// three take turns in one run, so that the machine's noise hits them alike:
// read ratio/op (of bare resty's wall time) and cpu-ratio/op, not ns/op.
func BenchmarkLoopback(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, benchBody)
	}))
	defer server.Close()
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			list := contenders(b, server.URL+"/v1/payments")
			wall, cpu := make([][]float64, len(list)), make([][]float64, len(list))
			calls := max(callers*4, 64)
			round(b, list[0], callers, calls) // connections are made
			for b.Loop() {
				for i, c := range list {
					w, p := round(b, c, callers, calls)
					wall[i], cpu[i] = append(wall[i], w), append(cpu[i], p)
				}
			}
			b.ReportMetric(median(wall[0])/median(wall[1]), "ratio/op")
			b.ReportMetric(median(cpu[0])/median(cpu[1]), "cpu-ratio/op")
			b.ReportMetric(median(wall[0])/median(wall[2]), "ratio-nethttp/op")
			b.ReportMetric(median(cpu[0])/median(cpu[2]), "cpu-ratio-nethttp/op")
			for i, c := range list {
				b.ReportMetric(median(wall[i])/float64(calls)*1e6, c.name+"-us/call")
			}
		})
	}
}

// BenchmarkAllocs counts what each contender allocates, the server included.
func BenchmarkAllocs(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, benchBody)
	}))
	defer server.Close()
	for _, c := range contenders(b, server.URL) {
		if c.name == "resty" {
			continue // without a content type it would decode nothing
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// round makes calls and returns their wall and CPU time in seconds.
func round(b *testing.B, c contender, callers, calls int) (wall, cpu float64) {
	b.Helper()
	start, used := time.Now(), processTime()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range calls / callers {
				if err := c.call(); err != nil {
					b.Error(c.name, err)
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start).Seconds(), processTime() - used
}

func processTime() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
