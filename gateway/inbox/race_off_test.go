//go:build !race

package inbox_test

// mostMemory is what a flood may cost, in bytes.
const mostMemory = 32 << 20
