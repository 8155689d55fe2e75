package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The benchmarks here answer the goals P3 and P7 of the library: what does a
// payment cost beside the least that a durable one can cost, and does it cost more
// when there are many? One command prints every goal as one line:
//
//	go test -run '^$' -bench '^BenchmarkP[0-9]' ./gateway/engine | grep '^P[0-9]'
//
// Everything compared takes turns in one run, so that the machine's noise hits all
// alike, and the ratio is what counts. Nothing fails on a time.

// contender is one way to do the work: ready is not measured, call is.
type contender struct {
	name    string
	callers int
	calls   int // in a round, by all callers
	ready   func(calls int)
	call    func(n int) error
}

// took is what a call took, in seconds.
type took struct{ wall, cpu float64 }

// round runs a contender once and returns what each call took.
func (c contender) round(b *testing.B) took {
	b.Helper()
	c.ready(c.calls)
	start, used := time.Now(), cpuTime()
	var wg sync.WaitGroup
	for k := range c.callers {
		wg.Go(func() {
			for n := k; n < c.calls; n += c.callers {
				if err := c.call(n); err != nil {
					b.Errorf("%s: %v", c.name, err)
					return
				}
			}
		})
	}
	wg.Wait()
	return took{time.Since(start).Seconds() / float64(c.calls), (cpuTime() - used).Seconds() / float64(c.calls)}
}

// timing is what one contender's calls took, one value for each round.
type timing struct{ wall, cpu []float64 }

// race lets the contenders take turns; who begins changes.
func race(b *testing.B, list ...contender) []timing {
	b.Helper()
	times := make([]timing, len(list))
	for _, c := range list {
		c.round(b) // pools are filled, files are grown
	}
	for n := 0; b.Loop(); n++ {
		for k := range list {
			i := (k + n) % len(list)
			t := list[i].round(b)
			times[i].wall, times[i].cpu = append(times[i].wall, t.wall), append(times[i].cpu, t.cpu)
		}
	}
	b.ReportMetric(0, "ns/op") // of a whole round: it says nothing
	return times
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

// judge prints one line of the table: a goal and whether the median meets it.
func judge(id, what string, v spread, most float64) {
	met := "met"
	if v.median > most {
		met = "MISSED"
	}
	fmt.Printf("%-4s %-84s %7.2f (%.2f to %.2f) goal <= %6.2f  %s\n", id, what, v.median, v.low, v.high, most, met)
}

// floor is the least that a durable write can cost here: four kilobytes of a file
// are overwritten and forced to the disk that the databases are on.
func floor(b *testing.B, dir string) func() error {
	b.Helper()
	f, err := os.Create(filepath.Join(dir, "floor"))
	require.NoError(b, err)
	b.Cleanup(func() { _ = f.Close() })
	page := make([]byte, 4096)
	_, err = f.Write(make([]byte, 64*len(page)))
	require.NoError(b, err)
	require.NoError(b, f.Sync())
	n := int64(0)
	return func() error {
		n++
		page[0] = byte(n)
		if _, err := f.WriteAt(page, n%64*int64(len(page))); err != nil {
			return err
		}
		return force(f)
	}
}
