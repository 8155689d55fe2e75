package measure

import (
	"os"
	"syscall"
	"time"
)

// Force puts what was written to a file on the disk, as a database does it.
func Force(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }

// cpuTime is what the process has used, garbage collection included.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
