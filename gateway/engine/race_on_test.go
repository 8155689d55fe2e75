//go:build race

package engine_test

// raced says that the race detector is at work, under which a process takes ten times
// as long: those that are killed are fewer then.
const raced = true
