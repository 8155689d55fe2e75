package command

import (
	"context"
	"errors"
	"io"
	"reflect"
	"sync"

	"github.com/gatewaycommand/gatewaycommand/client"
)

// Close closes every client that holds connections, once each, and then what
// providers hold besides. Commands must not run any more. Calling it again does nothing.
func (p *Pools) Close(ctx context.Context) error {
	if p == nil {
		return nil
	}
	var errs []error
	for _, closing := range p.close {
		errs = append(errs, closing(ctx))
	}
	return errors.Join(errs...)
}

// closers returns what closing the pools must do, in order.
func closers(specs []*Spec, providers []Provider) []func(context.Context) error {
	var all []func(context.Context) error
	seen := map[any]bool{}
	for _, s := range specs {
		for c := s.Client; c != nil; c = unwrap(c) {
			closer, ok := c.(io.Closer)
			if !ok || !reflect.TypeOf(c).Comparable() || seen[c] {
				continue
			}
			seen[c] = true
			all = append(all, func(context.Context) error { return closer.Close() })
		}
	}
	for _, p := range providers {
		if p.Close != nil {
			all = append(all, p.Close)
		}
	}
	for i, closing := range all {
		all[i] = once(closing)
	}
	return all
}

func once(f func(context.Context) error) func(context.Context) error {
	var o sync.Once
	return func(ctx context.Context) (err error) {
		o.Do(func() { err = f(ctx) })
		return err
	}
}

func unwrap(c client.Client) client.Client {
	if w, ok := c.(client.Wrapper); ok {
		return w.Unwrap()
	}
	return nil
}
