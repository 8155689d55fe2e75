package command_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// The benchmarks here answer the goals P1, P2 and P7 of the library: what does
// the pipeline cost beside the same work written by hand? Both ways take turns
// in one run, so that the machine's noise hits them alike, and the ratio is what
// counts. One command prints every goal as one line:
//
//	go test -run '^$' -bench '^BenchmarkP[0-9]' ./command ./gateway/gatewayfx | grep '^P[0-9]'
//
// Nothing fails on a time; that both ways do the same work is tested.

// contender is one way to do the work.
type contender struct {
	name string
	call func() error
}

// timing is what one contender took, in seconds per call, one value for each round.
type timing struct{ wall, cpu []float64 }

// race lets the contenders take turns, round by round, each with so many
// concurrent callers and calls in all. Who begins changes, so that nobody
// always pays for the garbage of the one before.
func race(b *testing.B, callers, calls int, list ...contender) []timing {
	b.Helper()
	times := make([]timing, len(list))
	for _, c := range list {
		round(b, c, callers, callers) // pools are filled, connections made
	}
	for n := 0; b.Loop(); n++ {
		for k := range list {
			i := (k + n) % len(list)
			wall, cpu := round(b, list[i], callers, calls)
			times[i].wall, times[i].cpu = append(times[i].wall, wall), append(times[i].cpu, cpu)
		}
	}
	b.ReportMetric(0, "ns/op") // of a whole round: it says nothing
	return times
}

func round(b *testing.B, c contender, callers, calls int) (wall, cpu float64) {
	b.Helper()
	start, used := time.Now(), cpuTime()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range calls / callers {
				if err := c.call(); err != nil {
					b.Errorf("%s: %v", c.name, err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start).Seconds() / float64(calls), (cpuTime() - used).Seconds() / float64(calls)
}

// spread is a median with the tenth and the ninetieth percentile.
type spread struct{ median, low, high float64 }

func spreadOf(list []float64) spread {
	s := slices.Sorted(slices.Values(list))
	at := func(percent int) float64 { return s[(len(s)-1)*percent/100] }
	return spread{at(50), at(10), at(90)}
}

// ratio compares round by round.
func ratio(ours, other []float64) spread {
	list := make([]float64, len(ours))
	for i := range ours {
		list[i] = ours[i] / other[i]
	}
	return spreadOf(list)
}

// allocated returns the allocations and bytes of one call, those of other
// goroutines in its service included.
func allocated(b *testing.B, call func() error) (allocs, bytes float64) {
	b.Helper()
	const runs = 500
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if err := call(); err != nil {
			b.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	allocs, bytes = float64(after.Mallocs-before.Mallocs)/runs, float64(after.TotalAlloc-before.TotalAlloc)/runs
	b.ReportAllocs()
	b.ReportMetric(allocs, "allocs/op")
	b.ReportMetric(bytes, "B/op")
	return allocs, bytes
}

// judge prints one line of the table: a goal and whether the median meets it.
func judge(id, what string, v spread, most float64) {
	met := "met"
	if v.median > most {
		met = "MISSED"
	}
	between := fmt.Sprintf("(%.2f to %.2f)", v.low, v.high)
	if v.low == v.high {
		between = "(exact)"
	}
	fmt.Printf("%-4s %-84s %7.2f %-16s goal <= %6.2f  %s\n", id, what, v.median, between, most, met)
}

// exactly is a figure that is counted, not timed.
func exactly(v float64) spread { return spread{v, v, v} }
