package client_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// frames serves one HTTP/2 connection: on is told of each request when it is complete.
func frames(c *clienttest.FaultConn, on func(f *http2.Framer, stream uint32)) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(c, preface); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	if f.WriteSettings() != nil {
		return
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() && f.WriteSettingsAck() != nil {
				return
			}
		case *http2.HeadersFrame:
			if frame.StreamEnded() {
				on(f, frame.StreamID)
			}
		case *http2.DataFrame:
			if frame.StreamEnded() {
				on(f, frame.StreamID)
			}
		}
	}
}

func respond(f *http2.Framer, stream uint32, body string) {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	_ = e.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
	_ = f.WriteData(stream, true, []byte(body))
}

// Row E14 for HTTP/2, which has its own ways to lose and to repeat a request.
func TestHTTP2LosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		name string
		want gateway.Code
		on   func(c *clienttest.FaultConn, f *http2.Framer, stream uint32)
	}{
		{"answer", answered, func(_ *clienttest.FaultConn, f *http2.Framer, stream uint32) { respond(f, stream, "{}") }},
		{"stream refused", unknown, func(_ *clienttest.FaultConn, f *http2.Framer, stream uint32) {
			_ = f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		}},
		{"stream reset", unknown, func(_ *clienttest.FaultConn, f *http2.Framer, stream uint32) {
			_ = f.WriteRSTStream(stream, http2.ErrCodeInternal)
		}},
		{"protocol error", unknown, func(_ *clienttest.FaultConn, f *http2.Framer, stream uint32) {
			_ = f.WriteRSTStream(stream, http2.ErrCodeProtocol)
		}},
		{"going away, never looked at", unknown, func(c *clienttest.FaultConn, f *http2.Framer, _ uint32) {
			_ = f.WriteGoAway(0, http2.ErrCodeNo, nil)
			_ = c.Close()
		}},
		{"going away, perhaps looked at", unknown, func(c *clienttest.FaultConn, f *http2.Framer, stream uint32) {
			_ = f.WriteGoAway(stream, http2.ErrCodeNo, nil)
			_ = c.Close()
		}},
		{"connection lost", unknown, func(c *clienttest.FaultConn, _ *http2.Framer, _ uint32) { c.Reset() }},
		{"body cut", unknown, func(c *clienttest.FaultConn, f *http2.Framer, stream uint32) {
			var block bytes.Buffer
			_ = hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
			_ = f.WriteData(stream, false, []byte("{"))
			_ = f.WriteRSTStream(stream, http2.ErrCodeInternal)
		}},
	} {
		for _, body := range []string{`{"amount":1000}`, ""} {
			t.Run(s.name+" "+body, func(t *testing.T) {
				t.Parallel()
				a := newAuthority(t)
				config := a.server(t)
				config.NextProtos = []string{"h2"}
				var requests atomic.Int32
				f := clienttest.NewTLSFaults(t, config, func(c *clienttest.FaultConn) {
					frames(c, func(f *http2.Framer, stream uint32) {
						requests.Add(1)
						s.on(c, f, stream)
					})
				})
				h := open(t, client.Config{RootCAs: a.pool, HTTP2: true, Timeout: 10 * time.Second})
				send := post(t, f.URL()+"/pay?token=secret", body)
				send.Header.Set("Idempotency-Key", "key-1")
				r, err := h.PlaceRequest(t.Context(), send)
				require.Equal(t, s.want, gateway.CodeOf(err), err)
				assert.EqualValues(t, 1, requests.Load())
				if s.want == answered {
					assert.Equal(t, "{}", string(r.Body))
				} else {
					assert.NotContains(t, err.Error(), "secret")
				}
			})
		}
	}
}

// One connection for all is what makes HTTP/2 worth asking for, and why it is not the default.
func TestHTTP2IsOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	for _, asked := range []bool{false, true} {
		config := a.server(t)
		config.NextProtos = []string{"h2", "http/1.1"}
		var state tls.ConnectionState
		config.VerifyConnection = func(s tls.ConnectionState) error { state = s; return nil }
		f := clienttest.NewTLSFaults(t, config, func(c *clienttest.FaultConn) {
			if asked {
				frames(c, func(f *http2.Framer, stream uint32) { respond(f, stream, "{}") })
			} else {
				after(ok("{}"))(c)
			}
		})
		place(t, open(t, client.Config{RootCAs: a.pool, HTTP2: asked}), post(t, f.URL(), "{}"))
		assert.Equal(t, map[bool]string{true: "h2", false: ""}[asked], state.NegotiatedProtocol)
	}
}
