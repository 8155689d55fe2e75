package engine_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// E2: a process is killed, and the one that recovers from that is killed too, at
// every pair of boundaries: what recovery leaves behind half-way must be as sound
// as what the first one left. ENGINE_PAIRS=all takes every pair, ENGINE_PAIRS=3 every
// third one, otherwise it is a few; always the same. Of a hold that is renewed it is every fourth of those. A pair that fails is named by its two visits; with
// ENGINE_PAIRS=all and -run it is run alone.
func TestAProcessKilledWhileItRecoversLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	firsts, seconds := int64(8), int64(20) // one in so many
	switch text := os.Getenv("ENGINE_PAIRS"); text {
	case "":
	case "all":
		firsts, seconds = 1, 1
	default:
		n, err := strconv.ParseInt(text, 10, 32)
		require.NoError(t, err)
		require.Positive(t, n)
		firsts, seconds = 1, n
	}
	var runs, processes atomic.Int64
	start := time.Now()
	// A child waits for the disk and for its provider most of its life: more of them
	// at once than there are processors.
	places := make(chan struct{}, 3*runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for _, of := range []struct {
		life  string
		fault simulator.Fault
		every int64 // of the firsts
	}{{"", "", 1}, {"", simulator.ResetAfter, 1}, {"", simulator.ResetBefore, 1}, {"held anew", simulator.ResetAfter, 4}} {
		fault := of.fault
		for _, first := range slices.Concat(livesOf(t, of.life, false, fault)...) {
			name := fmt.Sprintf("%s%s at %d %s", of.life, fault, first.N, first.Point)
			if pick(firsts*of.every, name) > 0 {
				continue
			}
			places <- struct{}{}
			wg.Go(func() {
				defer func() { <-places }()
				t.Run(name, func(t *testing.T) {
					recovery := livesOf(t, of.life, false, fault, first)[1]
					for _, second := range recovery {
						name := fmt.Sprintf("then at %d %s", second.N, second.Point)
						if pick(seconds, t.Name()+name) > 0 {
							continue
						}
						t.Run(name, func(t *testing.T) {
							processes.Add(int64(len(livesOf(t, of.life, false, fault, first, second))))
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
		t.Logf("pairs of crashes: %d, processes: %d, in %s, lost: 0, doubled: 0", runs.Load(), processes.Load(), time.Since(start).Round(time.Second))
	}
}
