package status

import (
	"net"
	"os"
	"syscall"
)

// poller hears of many connections in one goroutine. Its own descriptor is watched
// by the runtime's poller, so that no thread waits in the system.
type poller struct {
	file *os.File
	raw  syscall.RawConn
	done chan struct{}
}

// hangUp are the events of a client that is gone; one that only talks is EPOLLIN.
const hangUp = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR

func newPoller(w *watch) *poller {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return nil
	}
	p := &poller{file: os.NewFile(uintptr(fd), "parked requests"), done: make(chan struct{})} //nolint:gosec // a descriptor
	if p.raw, err = p.file.SyscallConn(); err != nil {
		_ = p.file.Close()
		return nil
	}
	go p.run(w)
	return p
}

// add hears of a connection once: when its client hangs up or talks.
func (p *poller) add(conn net.Conn, at slot) bool {
	return p.control(conn, func(poll, fd int) error {
		e := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT, Fd: int32(at.at), Pad: int32(at.turn)} //nolint:gosec // bits
		return syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, fd, &e)
	})
}

func (p *poller) remove(conn net.Conn) {
	p.control(conn, func(poll, fd int) error { return syscall.EpollCtl(poll, syscall.EPOLL_CTL_DEL, fd, nil) })
}

// control calls f while neither descriptor can be closed.
func (p *poller) control(conn net.Conn, f func(poll, fd int) error) bool {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		if err := p.raw.Control(func(poll uintptr) { failed = f(int(poll), int(fd)) }); err != nil { //nolint:gosec // descriptors
			failed = err
		}
	})
	return err == nil && failed == nil
}

func (p *poller) run(w *watch) {
	defer close(p.done)
	events := make([]syscall.EpollEvent, 128)
	for {
		n := 0
		err := p.raw.Read(func(fd uintptr) bool {
			for {
				var err error
				if n, err = syscall.EpollWait(int(fd), events, 0); err != syscall.EINTR { //nolint:errorlint,gosec // a number, a descriptor
					return n > 0
				}
			}
		})
		if err != nil { // it is closed
			return
		}
		for _, e := range events[:n] {
			w.heard(slot{uint32(e.Fd), uint32(e.Pad)}, e.Events&hangUp != 0) //nolint:gosec // bits
		}
	}
}

func (p *poller) close() {
	_ = p.file.Close()
	<-p.done
}
