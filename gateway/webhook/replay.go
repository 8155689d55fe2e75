package webhook

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Replaying says how a recording is played.
type Replaying struct {
	From io.Reader    // what a [Recorder] wrote
	To   http.Handler // such as a local inbox
	// Sign signs each call anew, because recordings hold no signature and times have
	// passed; nil plays them as they are.
	Sign  Signer
	Store gateway.StoreID // whose secrets sign
}

// Replay plays a recording against a handler, in its order, and returns the
// answers' status codes. It stops at the first line that is none.
func Replay(ctx context.Context, p Replaying) ([]int, error) {
	lines := bufio.NewScanner(p.From)
	lines.Buffer(nil, 8<<20)
	var all []int
	for lines.Scan() {
		var one Recorded
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return all, gateway.Invalid("line %d of the recording is no recorded call", len(all)+1)
		}
		at, err := url.Parse(one.URL)
		if err != nil || one.Header == nil {
			return all, gateway.Invalid("line %d of the recording has no URL or no header", len(all)+1)
		}
		c := Call{Store: p.Store, Method: one.Method, URL: at, Header: one.Header, Body: []byte(one.Body)}
		for name, values := range c.Header {
			if len(values) == 1 && values[0] == masked {
				delete(c.Header, name)
			}
		}
		if p.Sign != nil {
			if err := p.Sign.Sign(ctx, &c); err != nil {
				return all, err
			}
		}
		r, err := c.Request(ctx, one.URL)
		if err != nil {
			return all, err
		}
		w := &status{header: http.Header{}}
		p.To.ServeHTTP(w, r)
		all = append(all, w.orOK())
	}
	if err := lines.Err(); err != nil {
		return all, gateway.Invalid("the recording cannot be read: %w", err)
	}
	return all, nil
}

// status is a response of which only the status is wanted.
type status struct {
	header http.Header
	code   int
}

// Header returns the response's header.
func (s *status) Header() http.Header { return s.header }

// Write throws the body away.
func (s *status) Write(b []byte) (int, error) {
	s.code = s.orOK()
	return len(b), nil
}

// WriteHeader keeps the first status.
func (s *status) WriteHeader(code int) {
	if s.code == 0 {
		s.code = code
	}
}

func (s *status) orOK() int {
	if s.code == 0 {
		return http.StatusOK
	}
	return s.code
}
