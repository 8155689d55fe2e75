package simulator

import (
	"io"
	"log"
	"net"
	"net/http"
)

// silent keeps net/http from writing about connections that tests break on purpose.
var silent = log.New(io.Discard, "", 0)

// countingListener counts what arrives, as ground truth for callers that must know
// whether a byte was sent.
type countingListener struct {
	net.Listener
	s *Server
}

// Accept counts the connection.
func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.s.connections.Add(1)
	return &countingConn{c, l.s}, nil
}

type countingConn struct {
	net.Conn
	s *Server
}

// Read counts the bytes.
func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.s.received.Add(int64(n))
	return n, err
}

// cut ends the connection of an answer that will never be written: with RST, which
// callers see as a reset, or with FIN, which they see as an end.
func cut(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // gone already
	}
	if counting, ok := conn.(*countingConn); ok && reset {
		if tcp, ok := counting.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
	_ = conn.Close()
}
