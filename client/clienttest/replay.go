package clienttest

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// replay answers with what was recorded.
func (r *Recorder) replay(req *http.Request, x exchange) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loaded == nil {
		if err := r.load(); err != nil {
			return nil, err
		}
	}
	list := r.loaded[x.key()]
	if len(list) == 0 {
		return nil, gateway.Errorf(gateway.CodeInternal, "%s has no (further) recording of %s %s with the body digest %.12s: record it again", filepath.Base(r.File), x.Method, x.Path, x.Digest)
	}
	r.loaded[x.key()] = list[1:]
	found := list[0].Response
	resp := &http.Response{
		StatusCode: found.Status, Status: http.StatusText(found.Status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(found.Body)), ContentLength: int64(len(found.Body)), Request: req,
	}
	for name, value := range found.Header {
		resp.Header.Set(name, value)
	}
	return resp, nil
}

func (r *Recorder) load() error {
	data, err := os.ReadFile(r.File)
	if err != nil {
		return gateway.Errorf(gateway.CodeInternal, "the recording cannot be read: %w", err)
	}
	var list []exchange
	if err := json.Unmarshal(data, &list); err != nil {
		return gateway.Errorf(gateway.CodeInternal, "%s is no recording: %w", filepath.Base(r.File), err)
	}
	r.loaded = make(map[string][]exchange, len(list))
	for _, x := range list {
		r.loaded[x.key()] = append(r.loaded[x.key()], x)
	}
	return nil
}
