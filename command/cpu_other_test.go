//go:build !unix

package command_test

import "time"

var begun = time.Now()

func cpuTime() time.Duration { return time.Since(begun) }
