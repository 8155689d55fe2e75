package engine_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/internal/measure"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
)

// The benchmarks here answer the goals P3 and P7 of the library: what does a
// payment cost beside the least that a durable one can cost, and does it cost more
// when there are many? One command prints every goal as one line:
//
//	go test -run '^$' -bench '^BenchmarkP[0-9]' ./gateway/engine | grep '^P[0-9]'
//
// Everything compared takes turns in one run, so that the machine's noise hits all
// alike, and the ratio is what counts. Nothing fails on a time.

// BenchmarkP3 measures an authorization and a capture through the engine, durable,
// with a provider that costs nothing, against four writes that are forced to the
// disk one after another.
func BenchmarkP3(b *testing.B) {
	for _, store := range []string{"sqlite", "postgres"} {
		for _, callers := range []int{1, 64} {
			most := map[int]float64{1: 2.5, 64: 0.6}[callers]
			var against measure.Spread
			b.Run(fmt.Sprintf("%s/callers=%d", store, callers), func(b *testing.B) {
				dir := b.TempDir()
				at := place{SQLite: dir + "/shop.db"}
				if store == "postgres" {
					at = place{Postgres: postgrestest.Database(b)}
				}
				c, write := newTill(b, at), measure.Floor(b, dir)
				times := measure.Race(
					b, c.contender(b, callers),
					measure.Contender{Name: "floor", Callers: 1, Calls: 200, Call: func(int) error {
						for range 4 {
							if err := write(); err != nil {
								return err
							}
						}
						return nil
					}},
				)
				against = measure.Ratio(times[0].Wall, times[1].Wall)
				b.ReportMetric(against.Median, "ratio/op")
				b.ReportMetric(measure.Of(times[0].Wall).Median*1e6, "us/payment")
				b.ReportMetric(measure.Of(times[0].CPU).Median*1e6, "cpu-us/payment")
				b.ReportMetric(measure.Of(times[1].Wall).Median*1e6, "us/floor")
			})
			if against.Median > 0 { // else another one was asked for
				measure.AtMost("P3", fmt.Sprintf("authorize and capture, %s, callers=%d: against four forced writes", store, callers), against, most)
			}
		}
	}
}

// contender pays payments that are made beforehand.
func (c till) contender(b *testing.B, callers int) measure.Contender {
	b.Helper()
	made, total := []gateway.PaymentID{}, 0
	return measure.Contender{Name: "engine", Callers: callers, Calls: max(64, callers*4), Ready: func(calls int) {
		made = make([]gateway.PaymentID, calls)
		var wg sync.WaitGroup
		for i := range made {
			total++
			key := "order-" + strconv.Itoa(total)
			wg.Go(func() {
				p, err := c.create(key)
				assert.NoError(b, err)
				made[i] = p.ID
			})
		}
		wg.Wait()
	}, Call: func(n int) error { return c.pay(made[n]) }}
}
