//go:build race

package request

// racing: the race detector makes pools forget at random, so allocations cannot be counted.
const racing = true
