//go:build !unix

package request

import "time"

var begun = time.Now()

func cpuTime() time.Duration { return time.Since(begun) }
