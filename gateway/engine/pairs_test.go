package engine_test

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// E2: a process is killed, and the one that recovers from that is killed too, at
// every pair of boundaries and at a provider of each of the modes: what recovery
// leaves behind half-way must be as sound as what the first one left.
// ENGINE_PAIRS=all takes every pair, ENGINE_PAIRS=10 every tenth one, and
// ENGINE_PAIRS=2/60 every second one of the life in which nothing else goes wrong,
// and every sixtieth of those in which answers get lost. Otherwise it is a few;
// always the same. Of a hold that is renewed every fourth first crash is taken. A
// pair that fails is named by its two visits; with ENGINE_PAIRS=all and -run it is run
// alone.
func TestAProcessKilledWhileItRecoversLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	firsts, calm, lossy := int64(8), int64(100), int64(100) // one in so many
	if raced {
		firsts *= 4
	}
	if text := os.Getenv("ENGINE_PAIRS"); text != "" {
		firsts, calm, lossy = 1, 1, 1
		if text != "all" {
			one, other, _ := strings.Cut(text, "/")
			calm = oneIn(t, one)
			lossy = oneIn(t, cmp.Or(other, one))
		}
	}
	var all, runs, processes atomic.Int64
	start := time.Now()
	// A child waits for the disk and for its provider most of its life: more of them
	// at once than there are processors.
	places := make(chan struct{}, 3*runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for _, c := range pairs() {
		seconds := lossy
		if c.fault == "" {
			seconds = calm
		}
		firsts := firsts
		if c.life != "" {
			firsts *= 4
		}
		for _, first := range slices.Concat(c.lives(t)...) {
			name := fmt.Sprintf("%s at %d %s", c, first.N, first.Point)
			if pick(firsts, name) > 0 {
				continue
			}
			places <- struct{}{}
			wg.Go(func() {
				defer func() { <-places }()
				t.Run(name, func(t *testing.T) {
					recovery := c.lives(t, first)[1]
					all.Add(int64(len(recovery)))
					for _, second := range recovery {
						name := fmt.Sprintf("then at %d %s", second.N, second.Point)
						if pick(seconds, t.Name()+name) > 0 {
							continue
						}
						t.Run(name, func(t *testing.T) {
							processes.Add(int64(len(c.lives(t, first, second))))
							runs.Add(1)
						})
					}
				})
			})
		}
	}
	wg.Wait()
	assert.Positive(t, runs.Load())
	assert.Equal(t, runs.Load()*3, processes.Load(), "both of a pair are killed, and the third comes to the end")
	if !t.Failed() {
		t.Logf("pairs of crashes: %d of %d, modes: %d, processes: %d, in %s, lost: 0, doubled: 0", runs.Load(), all.Load(), len(modes), processes.Load(), time.Since(start).Round(time.Second))
	}
}

// pairs returns what pairs are made of: one card at a provider of each mode, and a hold
// that is renewed while answers get lost.
func pairs() (all []torn) {
	for mode, m := range modes {
		for _, fault := range m.losses() {
			all = append(all, torn{mode: mode, fault: fault})
		}
	}
	return append(all, torn{life: "held anew", fault: simulator.ResetAfter})
}

func oneIn(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 32)
	require.NoError(t, err)
	require.Positive(t, n)
	return n
}
