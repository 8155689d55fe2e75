//go:build race

package inbox_test

// mostMemory is what a flood may cost: the race detector keeps a shadow of all memory.
const mostMemory = 4 * 32 << 20
