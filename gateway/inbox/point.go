package inbox

import "sync/atomic"

// crash is told of every point at which the process could end. It is nil outside
// of the crash campaign, which ends the process there.
var crash atomic.Pointer[func(name string)]

// point marks a boundary between two durable things.
func point(name string) {
	if f := crash.Load(); f != nil {
		(*f)(name)
	}
}
