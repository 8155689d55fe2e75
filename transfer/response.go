package transfer

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/request"
)

// Response is what a provider answered: any status, with its headers and the
// whole body. Whether it is good news is for validators to say.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Converter reads the body; nil means strict JSON. A client sets it, and
	// the transfer's own Converter comes first.
	Converter Converter
}

// Converter reads an answer's body into a document. It is strict: what it
// cannot read wholly it refuses.
type Converter interface {
	Convert(r *Response) (*request.Document, error)
}

// ConverterFunc is a [Converter] made of a function.
type ConverterFunc func(r *Response) (*request.Document, error)

// Convert calls f.
func (f ConverterFunc) Convert(r *Response) (*request.Document, error) { return f(r) }

// JSON is the converter for JSON answers.
var JSON Converter = ConverterFunc(func(r *Response) (*request.Document, error) {
	// How long an answer may be is for the client to say: this one was accepted.
	return request.ParseJSON(r.Body, request.Limits{Bytes: max(len(r.Body), 1)})
})

// MediaType returns the answer's content type in lower case and without parameters.
func (r *Response) MediaType() string {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// RetryAfter returns how long the answer asks to wait: the header Retry-After
// in seconds or as a date, judged by now. It is never negative and at most most,
// and 0 when the header is missing or makes no sense.
func (r *Response) RetryAfter(now time.Time, most time.Duration) time.Duration {
	value := strings.TrimSpace(r.Header.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(value, 10, 63); err == nil {
		if seconds > uint64(most/time.Second) {
			return most
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), most)
}
