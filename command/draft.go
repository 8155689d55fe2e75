package command

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// owner is who edits a command: one override, one Like. Its edits keep their order.
type owner struct {
	edits []Edit
	site  part.Site
}

// apply returns the spec with every owner's edits. The result does not depend
// on the order of the owners.
func (s Spec) apply(owners ...owner) (Spec, error) {
	if len(owners) == 0 {
		return s, nil
	}
	var (
		errs  []error
		fail  = func(stage string, err error) { errs = append(errs, stageError(stage, err)) }
		build []part.Set[request.Builder]
		judge []part.Set[validator.Validator]
		read  []part.Set[handler.Handler]
		err   error
	)
	s.marks = cloneMarks(s.marks)
	for _, o := range owners {
		var b part.Set[request.Builder]
		var v part.Set[validator.Validator]
		var h part.Set[handler.Handler]
		for _, e := range o.edits {
			b, v, h = append(b, e.request...), append(v, e.validate...), append(h, e.handle...)
		}
		build, judge, read = append(build, b), append(judge, v), append(read, h)
	}
	if s.Request, err = s.Request.Apply(build...); err != nil {
		fail("request", err)
	}
	if s.Validate, err = s.Validate.Apply(judge...); err != nil {
		fail("validate", err)
	}
	if s.Handle, err = s.Handle.Apply(read...); err != nil {
		fail("handle", err)
	}
	single(&s, owners, "transfer", fail, func(e Edit) func(transfer.Factory) transfer.Factory { return e.transfer },
		func(f func(transfer.Factory) transfer.Factory) { s.Transfer = f(s.Transfer) })
	single(&s, owners, "client", fail, func(e Edit) func(client.Client) client.Client { return e.client },
		func(f func(client.Client) client.Client) { s.Client = f(s.Client) })
	single(&s, owners, "endpoint", fail, func(e Edit) func(*gateway.Endpoint) { return e.endpoint },
		func(f func(*gateway.Endpoint)) {
			s.Endpoint = independent(s.Endpoint)
			f(&s.Endpoint)
		})

	filters := make([]request.Part, 0, 4)
	for _, f := range additions(owners, "filter", fail, func(e Edit) *named[request.Builder] { return e.filter }) {
		filters = append(filters, part.Named(f.name, f.value, f.site))
	}
	s.filters = request.Compose(append(slices.Clone(s.filters.Parts().All()), filters...)...)
	s.watchers = append(slices.Clone(s.watchers), additions(owners, "observe", fail, func(e Edit) *named[Watch] { return e.watch })...)
	s.around = append(slices.Clone(s.around), additions(owners, "use", fail, func(e Edit) *named[Middleware] { return e.use })...)
	return s, errors.Join(errs...)
}

// single applies the edits of a stage that is one thing: one owner may change it, as often as it likes.
func single[F any](s *Spec, owners []owner, stage string, fail func(string, error), pick func(Edit) F, apply func(F)) {
	var first *Edit
	for i, o := range owners {
		changed := false
		for j, e := range o.edits {
			f := pick(e)
			if part.IsNil(f) {
				continue
			}
			if first != nil && !changed {
				fail(stage, fmt.Errorf("%s changes it, and %s changes it too: keep one, or write both in one override", first.site, e.site))
				return
			}
			if first == nil {
				first = &owners[i].edits[j]
			}
			changed = true
			apply(f)
			s.marks[stage] = append(s.marks[stage], part.Mark{Verb: "edited", Site: e.site})
		}
	}
}

// additions collects what owners add by name. An owner's own order is kept, and
// owners are ordered by the name of the first thing they add.
func additions[T any](owners []owner, stage string, fail func(string, error), pick func(Edit) *named[T]) []named[T] {
	var groups [][]named[T]
	seen := map[string]part.Site{}
	for _, o := range owners {
		var group []named[T]
		for _, e := range o.edits {
			a := pick(e)
			if a == nil {
				continue
			}
			switch first, taken := seen[a.name]; {
			case a.name == "":
				fail(stage, fmt.Errorf("%s adds something without a name", a.site))
			case part.IsNil(a.value):
				fail(stage, fmt.Errorf("%s adds %q, which is nil", a.site, a.name))
			case taken:
				fail(stage, fmt.Errorf("%s adds %q, a name that %s has taken", a.site, a.name, first))
			default:
				group = append(group, *a)
			}
			seen[a.name] = a.site
		}
		if len(group) > 0 {
			groups = append(groups, group)
		}
	}
	slices.SortFunc(groups, func(a, b []named[T]) int { return cmp.Compare(a[0].name, b[0].name) })
	return slices.Concat(groups...)
}

func stageError(stage string, err error) error {
	if e, ok := errors.AsType[*gateway.Error](err); ok && e.Code == gateway.CodeInternal {
		return fmt.Errorf("%s: %s", stage, e.Detail)
	}
	return fmt.Errorf("%s: %w", stage, err)
}

// independent returns the promises with lists and tables of their own, so that
// changing one command's changes no other's.
func independent(e gateway.Endpoint) gateway.Endpoint {
	e.AlreadyDone = slices.Clone(e.AlreadyDone)
	e.OverCapture.AtMost = maps.Clone(e.OverCapture.AtMost)
	return e
}

func cloneMarks(m map[string][]part.Mark) map[string][]part.Mark {
	c := make(map[string][]part.Mark, len(m)+2)
	for k, v := range m {
		c[k] = slices.Clone(v)
	}
	return c
}
