package command

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
)

// everything is the wildcard of [Override].
const everything = "*"

// New returns one command without a pool, with edits applied.
func New(at Name, s Spec, edits ...Edit) (Command, error) {
	d := definition{at: at, spec: &s, site: part.Caller(0)}
	if err := d.edit(owner{edits, d.site}); err != nil {
		return nil, err
	}
	return d.build()
}

// Assemble makes every command of every provider, with the application's edits,
// and checks all of them. The order of items means nothing. When something is
// wrong it returns one [gateway.CodeInternal] error that lists everything that
// is, each with the provider, the command, the part, the file and line, and what
// exists instead.
func Assemble(items ...Item) (*Pools, error) {
	a := assembly{pools: &Pools{byName: map[string]*Pool{}}, tables: map[string]map[gateway.Operation]*definition{}}
	a.sort(Stamp(1, items...))
	a.define()
	a.extend()
	a.copyLikes()
	a.override()
	a.build()
	a.flows()
	a.require()
	if err := a.err(); err != nil {
		return nil, err // not even half of them: the nil Pools refuses every call
	}
	return a.pools, nil
}

// assembly is the state of one call of [Assemble].
type assembly struct {
	providers    []Provider
	extensions   []extension
	overrides    []override
	requirements []requirement

	pools  *Pools
	tables map[string]map[gateway.Operation]*definition
	texts  []string
}

func (a *assembly) fail(at part.Site, format string, args ...any) {
	a.texts = append(a.texts, at.String()+": "+fmt.Sprintf(format, args...))
}

func (a *assembly) err() error {
	if len(a.texts) == 0 {
		return nil
	}
	slices.Sort(a.texts) // fx shuffles the items; the text does not change with them
	return gateway.Errorf(gateway.CodeInternal, "the commands cannot be assembled:\n- %s", strings.Join(a.texts, "\n- "))
}

func (a *assembly) sort(items []Item) {
	for _, it := range items {
		switch it := it.(type) {
		case Provider:
			a.providers = append(a.providers, it)
		case extension:
			a.extensions = append(a.extensions, it)
		case override:
			a.overrides = append(a.overrides, it)
		case requirement:
			a.requirements = append(a.requirements, it)
		default:
			a.texts = append(a.texts, fmt.Sprintf("an item is nil or of a foreign type (%T)", it))
		}
	}
	slices.SortStableFunc(a.providers, func(x, y Provider) int { return strings.Compare(x.Name, y.Name) })
}

func (a *assembly) define() {
	for _, p := range a.providers {
		if err := checkName("a provider's name", p.Name); err != nil {
			a.fail(p.site, "%v", err)
			continue
		}
		if a.tables[p.Name] != nil {
			a.fail(p.site, "provider %q is defined twice; give one of them another Name", p.Name)
			continue
		}
		if p.Commands == nil {
			a.fail(p.site, "provider %q has no Commands", p.Name)
			continue
		}
		pool := &Pool{name: p.Name, commands: map[gateway.Operation]*entry{}}
		a.pools.byName[p.Name] = pool
		a.tables[p.Name] = map[gateway.Operation]*definition{}
		for op, d := range p.Commands(pool) {
			a.put(Name{p.Name, op}, d, p.site)
		}
	}
}

func (a *assembly) put(at Name, d Definition, site part.Site) {
	if err := checkName("an operation's name", string(at.Operation)); err != nil {
		a.fail(site, "%s: %v", at.Provider, err)
		return
	}
	def := &definition{at: at, site: site}
	switch d := d.(type) {
	case Spec:
		def.spec = &d
	case like:
		def.like = &d
		def.site = d.site
	case custom:
		def.custom, def.choices, def.site = d.command, d.choices, d.site
		if part.IsNil(d.command) {
			a.fail(d.site, "%s: the command is nil", at)
			return
		}
	default:
		a.fail(site, "%s: the definition is nil", at)
		return
	}
	a.tables[at.Provider][at.Operation] = def
}

func (a *assembly) extend() {
	for _, e := range a.extensions {
		table := a.tables[e.at.Provider]
		if table == nil {
			a.fail(e.site, "extends %s, but there is no provider %q (has %s)", e.at, e.at.Provider, a.names())
			continue
		}
		if have := table[e.at.Operation]; have != nil {
			a.fail(e.site, "extends %s, which %s has defined: use command.Override to change it", e.at, have.site)
			continue
		}
		a.put(e.at, e.def, e.site)
	}
}

// copyLikes resolves copies of copies; a circle or a missing original is an error.
func (a *assembly) copyLikes() {
	for _, provider := range slices.Sorted(maps.Keys(a.tables)) {
		table := a.tables[provider]
		for _, op := range slices.Sorted(maps.Keys(table)) {
			if err := a.resolve(table, table[op], nil); err != nil {
				a.fail(table[op].site, "%s: %v", table[op].at, err)
				delete(table, op)
			}
		}
	}
}

func (a *assembly) resolve(table map[gateway.Operation]*definition, d *definition, path []gateway.Operation) error {
	if d.like == nil || d.spec != nil {
		return nil
	}
	if slices.Contains(path, d.at.Operation) {
		return fmt.Errorf("it is like %q, which is like it", d.like.op)
	}
	original := table[d.like.op]
	if original == nil {
		return fmt.Errorf("it is like %q, which is not there (has %s)", d.like.op, operations(table))
	}
	if original.custom != nil {
		return fmt.Errorf("it is like %q, which is written by hand and has no parts to copy", d.like.op)
	}
	if err := a.resolve(table, original, append(path, d.at.Operation)); err != nil {
		return err
	}
	copied := *original.spec
	d.spec = &copied
	return d.edit(owner{d.like.edits, d.site})
}

func (a *assembly) override() {
	edits := map[*definition][]owner{}
	for _, o := range a.overrides {
		for _, d := range a.targets(o) {
			edits[d] = append(edits[d], o.owner)
		}
	}
	for d, owners := range edits {
		if err := d.edit(owners...); err != nil {
			a.fail(d.site, "%s: %v", d.at, err)
			delete(a.tables[d.at.Provider], d.at.Operation)
		}
	}
}

// targets returns the commands that an override means. A wildcard matches what
// is there, and a command written by hand only for middleware.
func (a *assembly) targets(o override) []*definition {
	wild := o.at.Provider == everything || o.at.Operation == everything
	for _, e := range o.edits {
		if wild && !e.general() {
			a.fail(e.site, "override of %s: an edit of one part or stage cannot apply to every command; name the provider and the operation", o.at)
			return nil
		}
	}
	if !wild {
		table := a.tables[o.at.Provider]
		switch d := table[o.at.Operation]; {
		case table == nil:
			a.fail(o.site, "overrides %s, but there is no provider %q (has %s)", o.at, o.at.Provider, a.names())
		case d == nil:
			a.fail(o.site, "overrides %s, but %s has no such command (has %s)", o.at, o.at.Provider, operations(table))
		default:
			return []*definition{d}
		}
		return nil
	}
	if o.at.Provider != everything && a.tables[o.at.Provider] == nil {
		a.fail(o.site, "overrides %s, but there is no provider %q (has %s)", o.at, o.at.Provider, a.names())
	}
	var all []*definition
	for provider, table := range a.tables {
		if o.at.Provider != everything && o.at.Provider != provider {
			continue
		}
		for op, d := range table {
			if (o.at.Operation == everything || o.at.Operation == op) && (d.custom == nil || o.onlyMiddleware()) {
				all = append(all, d)
			}
		}
	}
	if o.at.Operation != everything && !a.has(o.at.Operation) {
		a.fail(o.site, "overrides %s, but no provider has a command %q (they have %s)", o.at, o.at.Operation, a.everyOperation())
	}
	return all
}

func (a *assembly) build() {
	var specs []*Spec
	for _, provider := range slices.Sorted(maps.Keys(a.tables)) {
		table := a.tables[provider]
		for _, op := range slices.Sorted(maps.Keys(table)) {
			d := table[op]
			if err := d.checkChoices(table); err != nil {
				a.fail(d.site, "%s: %v", d.at, err)
			}
			c, err := d.build()
			if err != nil {
				a.fail(d.site, "%s: %v", d.at, err)
				continue
			}
			if d.spec != nil {
				specs = append(specs, d.spec)
			}
			a.pools.byName[provider].commands[op] = &entry{c, *d}
		}
	}
	a.pools.close = closers(specs, a.providers)
}

func (a *assembly) require() {
	for _, r := range a.requirements {
		table := a.tables[r.provider]
		if table == nil {
			a.fail(r.site, "requires provider %q, which is not there (has %s)", r.provider, a.names())
			continue
		}
		for _, op := range r.ops {
			if table[op] == nil {
				a.fail(r.site, "requires %s.%s, which is not there (has %s)", r.provider, op, operations(table))
			}
		}
	}
}

func (a *assembly) has(op gateway.Operation) bool {
	for _, table := range a.tables {
		if table[op] != nil {
			return true
		}
	}
	return false
}

func (a *assembly) everyOperation() string {
	all := map[gateway.Operation]*definition{}
	for _, table := range a.tables {
		maps.Copy(all, table)
	}
	return operations(all)
}

func (a *assembly) names() string { return orNothing(slices.Sorted(maps.Keys(a.tables))) }

func operations(table map[gateway.Operation]*definition) string {
	return orNothing(slices.Sorted(maps.Keys(table)))
}

func orNothing[T ~string](names []T) string {
	if len(names) == 0 {
		return "nothing"
	}
	text := make([]string, len(names))
	for i, n := range names {
		text[i] = string(n)
	}
	return strings.Join(text, ", ")
}

func checkName(what, name string) error {
	if name == everything {
		return fmt.Errorf("%s must not be %q", what, name)
	}
	if err := gateway.CheckID(what, name); err != nil {
		return errors.New(gateway.AsError(err, gateway.CodeInvalid).Detail)
	}
	return nil
}
