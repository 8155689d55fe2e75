package client

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

var (
	errTooLarge = errors.New("client: the answer is too large")
	errEncoding = errors.New("client: the answer has an encoding that nobody asked for")
	errGzip     = errors.New("client: the answer cannot be decompressed")
	errUnframed = errors.New("client: the answer does not say where it ends")
	errStatus   = errors.New("client: the answer has no final status")
	errUpgrade  = errors.New("client: the connection was given another protocol")
	errStale    = errors.New("client: the answer came before its request")
)

// readBody reads the whole body, decompressed, up to most bytes. An error means
// that the answer is not complete, whatever its status.
func readBody(resp *http.Response, most int, unframed bool) ([]byte, error) {
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		return nil, errUpgrade // its "body" is the open connection
	case resp.StatusCode < 200:
		return nil, errStatus // net/http takes any three digits
	}
	if resp.Body == nil || resp.Body == http.NoBody {
		return nil, nil
	}
	if !unframed && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && resp.ProtoMajor == 1 {
		// It ends with the connection, so a lost connection looks like its end.
		// TLS does not help: crypto/tls takes a cut between two records for a goodbye.
		return nil, errUnframed
	}
	coding := strings.ToLower(strings.TrimSpace(strings.Join(resp.Header["Content-Encoding"], ",")))
	switch coding {
	case "", "identity":
		if resp.ContentLength > int64(most) {
			return nil, errTooLarge
		}
		return readAll(resp.Body, most, resp.ContentLength)
	case "gzip", "x-gzip":
		body, err := gunzip(resp.Body, most)
		if err == nil {
			// They describe what is not there any more.
			resp.Header.Del("Content-Encoding")
			resp.Header.Del("Content-Length")
		}
		return body, err
	}
	return nil, errEncoding
}

// readAll reads to the end, which is where net/http reports a body cut short.
func readAll(r io.Reader, most int, expected int64) ([]byte, error) {
	first := 2048
	if expected >= 0 {
		first = int(expected) + 1 // room to meet the end without growing
	}
	b := make([]byte, 0, min(first, most+1, 64<<10)) // the length is only a claim
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):min(cap(b), most+1)])
		b = b[:len(b)+n]
		switch {
		case len(b) > most:
			return nil, errTooLarge
		case err == io.EOF: //nolint:errorlint // a wrapped EOF is a failure
			return b, nil
		case err != nil:
			return nil, err
		}
	}
}

var gzips = sync.Pool{New: func() any { return new(gzip.Reader) }}

// gunzip bounds both sides: what comes out, and what goes in, because a stream
// of empty members would come to nothing for ever.
func gunzip(body io.Reader, most int) ([]byte, error) {
	in := &bounded{r: body, left: most + 1024}
	z := gzips.Get().(*gzip.Reader)
	defer gzips.Put(z)
	err := z.Reset(in)
	if err == io.EOF && in.err == io.EOF && in.left == most+1024 {
		return nil, nil // nothing at all is the empty body of some servers
	}
	var b []byte
	if err == nil {
		b, err = readAll(z, most, -1)
	}
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, errTooLarge):
		return nil, errTooLarge
	case in.err != nil && in.err != io.EOF:
		return nil, in.err // the network's fault, not the compressor's
	}
	return nil, errGzip
}

// bounded reads no more than left bytes and remembers the error it met.
type bounded struct {
	r    io.Reader
	left int
	err  error
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	if err != nil {
		b.err = err
	}
	return n, err
}
