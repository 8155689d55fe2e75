package part

import (
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Site is a place in the source. The zero value is no place.
type Site struct{ pc uintptr }

// Caller returns where the function that calls it was called; skip tells how many callers further up.
func Caller(skip int) Site {
	var pcs [1]uintptr
	if runtime.Callers(skip+3, pcs[:]) == 0 {
		return Site{}
	}
	return Site{pcs[0]}
}

// IsZero reports whether the site is no place.
func (s Site) IsZero() bool { return s.pc == 0 }

// Package returns the import path of the package.
func (s Site) Package() string {
	f := s.frame()
	slash := strings.LastIndexByte(f.Function, '/') + 1
	dot := strings.IndexByte(f.Function[slash:], '.')
	if dot < 0 {
		return ""
	}
	return f.Function[:slash+dot]
}

// File returns the file's name without its folder.
func (s Site) File() string {
	if s.IsZero() {
		return ""
	}
	return filepath.Base(s.frame().File)
}

// Line returns the line, counted from 1.
func (s Site) Line() int { return s.frame().Line }

// String returns "import/path/file.go:31", which is the same on every machine.
func (s Site) String() string {
	if s.IsZero() {
		return "unknown place"
	}
	return s.Package() + "/" + s.File() + ":" + strconv.Itoa(s.Line())
}

func (s Site) frame() runtime.Frame {
	if s.IsZero() {
		return runtime.Frame{}
	}
	f, _ := runtime.CallersFrames([]uintptr{s.pc}).Next()
	return f
}
