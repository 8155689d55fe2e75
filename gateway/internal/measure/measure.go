// Package measure lets benchmarks hold what they measure against something in the
// same run: contenders take turns, and the ratio of their times is what counts.
// Benchmarks of the rooms below gateway call it; nothing else does.
//
//	times := measure.Race(b, ours, measure.Contender{Name: "floor", Callers: 1, Calls: 200, Call: func(int) error { return write() }})
//	measure.AtMost("P3", "authorize and capture", measure.Ratio(times[0].Wall, times[1].Wall), 2.5)
package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// Contender is one way to do the work: Ready is not measured, Call is.
type Contender struct {
	Name    string
	Callers int
	Calls   int                     // in a round, by all callers
	Ready   func(calls int)         // nil: nothing has to be
	Call    func(n int) (err error) // an error fails the benchmark
}

// round runs a contender once and returns what each call took.
func (c Contender) round(b *testing.B) (wall, cpu float64) {
	b.Helper()
	if c.Ready != nil {
		c.Ready(c.Calls)
	}
	start, used := time.Now(), cpuTime()
	var wg sync.WaitGroup
	for k := range c.Callers {
		wg.Go(func() {
			for n := k; n < c.Calls; n += c.Callers {
				if err := c.Call(n); err != nil {
					b.Errorf("%s: %v", c.Name, err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start).Seconds() / float64(c.Calls), (cpuTime() - used).Seconds() / float64(c.Calls)
}

// Timing is what one contender's calls took, in seconds, one value for each round.
type Timing struct{ Wall, CPU []float64 }

// Race lets the contenders take turns; who begins changes. It returns their
// timings in their order.
func Race(b *testing.B, list ...Contender) []Timing {
	b.Helper()
	times := make([]Timing, len(list))
	for _, c := range list {
		c.round(b) // pools are filled, files are grown
	}
	for n := 0; b.Loop(); n++ {
		for k := range list {
			i := (k + n) % len(list)
			wall, cpu := list[i].round(b)
			times[i].Wall, times[i].CPU = append(times[i].Wall, wall), append(times[i].CPU, cpu)
		}
	}
	b.ReportMetric(0, "ns/op") // of a whole round: it says nothing
	return times
}

// Spread is a median with the tenth and the ninetieth percentile.
type Spread struct{ Median, Low, High float64 }

// Of returns the spread of values.
func Of(list []float64) Spread {
	s := slices.Sorted(slices.Values(list))
	at := func(percent int) float64 { return s[(len(s)-1)*percent/100] }
	return Spread{at(50), at(10), at(90)}
}

// Ratio compares round by round.
func Ratio(ours, other []float64) Spread {
	list := make([]float64, len(ours))
	for i := range ours {
		list[i] = ours[i] / other[i]
	}
	return Of(list)
}

// AtMost prints one line of the table: a goal, and whether the median meets it.
func AtMost(id, what string, v Spread, goal float64) { say(id, what, v, "<=", goal, v.Median <= goal) }

// AtLeast is AtMost for what should be large.
func AtLeast(id, what string, v Spread, goal float64) {
	say(id, what, v, ">=", goal, v.Median >= goal)
}

func say(id, what string, v Spread, sign string, goal float64, good bool) {
	met := "MISSED"
	if good {
		met = "met"
	}
	fmt.Printf("%-4s %-84s %7.2f (%.2f to %.2f) goal %s %6.2f  %s\n", id, what, v.Median, v.Low, v.High, sign, goal, met)
}

// Floor returns the least that a durable write can cost here: four kilobytes of a
// file in dir are overwritten and forced to the disk. It is for one caller.
func Floor(b *testing.B, dir string) func() error {
	b.Helper()
	f, err := os.Create(filepath.Join(dir, "floor"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	page := make([]byte, 4096)
	if _, err := f.Write(make([]byte, 64*len(page))); err != nil {
		b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	n := int64(0)
	return func() error {
		n++
		page[0] = byte(n)
		if _, err := f.WriteAt(page, n%64*int64(len(page))); err != nil {
			return err
		}
		return Force(f)
	}
}
