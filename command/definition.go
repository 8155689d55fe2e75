package command

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
)

// definition is one command on its way from a table of contents to a pool.
type definition struct {
	at      Name
	spec    *Spec
	like    *like
	custom  Command
	choices []gateway.Operation
	around  []named[Middleware] // of a command written by hand
	site    part.Site
}

// edit applies owners' edits.
func (d *definition) edit(owners ...owner) error {
	if d.custom == nil {
		edited, err := d.spec.apply(owners...)
		if err == nil {
			d.spec = &edited
		}
		return err
	}
	for _, o := range owners {
		for _, e := range o.edits {
			if e.stages() {
				return fmt.Errorf("%s edits a stage of it, but it is written by hand and has none: only command.Use applies", e.site)
			}
		}
	}
	var errs []error
	fail := func(stage string, err error) { errs = append(errs, stageError(stage, err)) }
	d.around = append(d.around, additions(owners, "use", fail, func(e Edit) *named[Middleware] { return e.use })...)
	return errors.Join(errs...)
}

// build checks the command and wraps it in its middleware.
func (d *definition) build() (Command, error) {
	c, around := d.custom, d.around
	if d.spec != nil {
		if err := d.spec.Check(); err != nil {
			return nil, err
		}
		c, around = &GatewayCommand{at: d.at, spec: *d.spec}, d.spec.around
	}
	if len(around) > 0 {
		c = noted{c}
	}
	for _, m := range slices.Backward(around) {
		if c = m.value(d.at, c); part.IsNil(c) {
			return nil, fmt.Errorf("%s: middleware %q returned nil", m.site, m.name)
		}
	}
	if len(around) > 0 || d.custom != nil {
		c = guarded{d.at, c}
	}
	return c, nil
}

func (d *definition) checkChoices(table map[gateway.Operation]*definition) error {
	for _, op := range d.choices {
		if op == d.at.Operation {
			return fmt.Errorf("it chooses among commands and must not choose itself")
		}
		if table[op] == nil {
			return fmt.Errorf("it chooses %q, which is not there (has %s)", op, operations(table))
		}
	}
	return nil
}

// general reports whether an edit makes sense for commands that its author does not know.
func (e Edit) general() bool {
	return len(e.request) == 0 && len(e.validate) == 0 && len(e.handle) == 0 && e.transfer == nil && e.endpoint == nil
}

func (o override) onlyMiddleware() bool {
	return !slices.ContainsFunc(o.edits, Edit.stages)
}
