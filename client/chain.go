package client

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Describe returns the chain of a client, outermost first:
// "retry(3 tries, 200ms..5s) > timeout(10s) > http(30s, 1 MiB, any host)".
func Describe(c Client) string {
	var names []string
	for ; c != nil; c = inner(c) {
		if s, ok := c.(fmt.Stringer); ok {
			names = append(names, s.String())
		} else {
			names = append(names, fmt.Sprintf("%T", c))
		}
	}
	return strings.Join(names, " > ")
}

// Close closes every client of the chain that can be closed, outermost first.
func Close(c Client) error {
	var list []error
	for ; c != nil; c = inner(c) {
		if closer, ok := c.(io.Closer); ok {
			list = append(list, closer.Close())
		}
	}
	return errors.Join(list...)
}

func inner(c Client) Client {
	if w, ok := c.(Wrapper); ok {
		return w.Unwrap()
	}
	return nil
}
