//go:build !linux

package status

import "net"

// poller is not there: every client has a goroutine that listens to it.
type poller struct{}

func newPoller(*watch) *poller { return nil }

func (*poller) add(net.Conn, slot) bool { return false }

func (*poller) remove(net.Conn) {}

func (*poller) close() {}
