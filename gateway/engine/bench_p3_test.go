package engine_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
)

// BenchmarkP3 measures an authorization and a capture through the engine, durable,
// with a provider that costs nothing, against four writes that are forced to the
// disk one after another.
func BenchmarkP3(b *testing.B) {
	for _, store := range []string{"sqlite", "postgres"} {
		for _, callers := range []int{1, 64} {
			most := map[int]float64{1: 2.5, 64: 0.6}[callers]
			var against spread
			b.Run(fmt.Sprintf("%s/callers=%d", store, callers), func(b *testing.B) {
				dir := b.TempDir()
				at := place{SQLite: dir + "/shop.db"}
				if store == "postgres" {
					at = place{Postgres: postgrestest.Database(b)}
				}
				c, write := newTill(b, at), floor(b, dir)
				times := race(
					b, c.contender(b, callers),
					contender{"floor", 1, 200, func(int) {}, func(int) error {
						for range 4 {
							if err := write(); err != nil {
								return err
							}
						}
						return nil
					}},
				)
				against = ratio(times[0].wall, times[1].wall)
				b.ReportMetric(against.median, "ratio/op")
				b.ReportMetric(spreadOf(times[0].wall).median*1e6, "us/payment")
				b.ReportMetric(spreadOf(times[0].cpu).median*1e6, "cpu-us/payment")
				b.ReportMetric(spreadOf(times[1].wall).median*1e6, "us/floor")
			})
			if against.median > 0 { // else another one was asked for
				judge("P3", fmt.Sprintf("authorize and capture, %s, callers=%d: against four forced writes", store, callers), against, most)
			}
		}
	}
}

// contender pays payments that are made beforehand.
func (c till) contender(b *testing.B, callers int) contender {
	b.Helper()
	made, total := []gateway.PaymentID{}, 0
	return contender{"engine", callers, max(64, callers*4), func(calls int) {
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
	}, func(n int) error { return c.pay(made[n]) }}
}
