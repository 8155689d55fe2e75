package command

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
)

// Description says what a command is made of, and who put each piece where.
// Print it with [Description.Tree], [Description.JSON] or [Description.Mermaid].
type Description struct {
	Provider  string            `json:"provider"`
	Operation gateway.Operation `json:"operation"`
	Kind      string            `json:"kind"` // "gateway command", "strategy" or "written by hand"
	Site      string            `json:"site"` // where it was defined: "import/path/file.go:31"
	Stages    []Element         `json:"stages"`
}

// Element is one piece: a stage, or a part of one.
type Element struct {
	Name  string    `json:"name"`
	Is    string    `json:"is,omitempty"`    // its type, or what it says of itself
	Site  string    `json:"site,omitempty"`  // where it was put: "import/path/file.go:31"
	Notes []string  `json:"notes,omitempty"` // what was done to it, oldest first
	Parts []Element `json:"parts,omitempty"` // in the order in which they act
}

// Describe describes the command of an operation.
func (p *Pool) Describe(op gateway.Operation) (Description, error) {
	if _, err := p.Lookup(op); err != nil {
		return Description{}, err
	}
	return p.commands[op].about.describe(), nil
}

// Describe describes every command, by provider and then operation.
func (p *Pools) Describe() []Description {
	var all []Description
	for _, name := range p.Names() {
		pool := p.For(name)
		for _, op := range pool.Operations() {
			all = append(all, pool.commands[op].about.describe())
		}
	}
	return all
}

func (d definition) describe() Description {
	about := Description{Provider: d.at.Provider, Operation: d.at.Operation, Site: d.site.String()}
	around := d.around
	switch {
	case d.spec != nil:
		about.Kind, around = "gateway command", d.spec.around
	case len(d.choices) > 0:
		about.Kind = "strategy"
	default:
		about.Kind = "written by hand"
	}
	if len(around) > 0 {
		about.Stages = append(about.Stages, Element{Name: "middleware", Parts: additionsOf(around)})
	}
	if d.spec != nil {
		about.Stages = append(about.Stages, d.spec.stages()...)
	}
	for _, op := range d.choices {
		about.Stages = append(about.Stages, Element{Name: string(op), Is: "one of its choices"})
	}
	if len(d.choices) == 0 && d.custom != nil {
		about.Stages = append(about.Stages, Element{Name: "command", Is: nameOf(d.custom)})
	}
	return about
}

func (s *Spec) stages() []Element {
	request := Element{Name: "request", Parts: partsOf(s.Request.Parts())}
	if policy := s.Request.Policy(); policy != 0 {
		request.Is = policy.String()
	}
	all := []Element{request}
	if !s.filters.IsZero() {
		all = append(all, Element{Name: "filters", Parts: partsOf(s.filters.Parts())})
	}
	all = append(all,
		Element{Name: "transfer", Is: nameOf(s.Transfer), Notes: notesOf(s.marks["transfer"])},
		Element{Name: "client", Notes: notesOf(s.marks["client"]), Parts: clientsOf(s.Client)},
	)
	if len(s.watchers) > 0 {
		all = append(all, Element{Name: "observe", Parts: additionsOf(s.watchers)})
	}
	return append(all,
		Element{Name: "validate", Parts: partsOf(s.Validate.Parts())},
		Element{Name: "handle", Parts: partsOf(s.Handle.Parts())},
		Element{Name: "endpoint", Notes: append(promisesOf(s.Endpoint), notesOf(s.marks["endpoint"])...)},
	)
}

func partsOf[T any](l part.List[T]) []Element {
	elements := make([]Element, 0, l.Len())
	for _, p := range l.All() {
		e := Element{Name: p.Name, Site: p.Site().String()}
		if nested, ok := any(p.Value).(part.Nested[T]); ok {
			e.Parts = partsOf(nested.Parts())
			if s, ok := any(p.Value).(fmt.Stringer); ok {
				e.Is = s.String()
			}
		} else {
			e.Is = nameOf(p.Value)
		}
		if p.Ends {
			e.Notes = append(e.Notes, "its failure ends the chain")
		}
		if len(p.Marks) > 1 {
			e.Notes = append(e.Notes, notesOf(p.Marks)...)
		}
		if len(p.Marks) == 2 && p.Marks[1].Verb == "inserted" { // the part itself was made for that
			e.Notes = slices.DeleteFunc(e.Notes, func(n string) bool { return strings.HasPrefix(n, "put at ") })
		}
		elements = append(elements, e)
	}
	return elements
}

func notesOf(marks []part.Mark) []string {
	var notes []string
	for _, m := range marks {
		notes = append(notes, m.Verb+" at "+m.Site.String())
	}
	return notes
}

func additionsOf[T any](list []named[T]) []Element {
	elements := make([]Element, len(list))
	for i, a := range list {
		elements[i] = Element{Name: a.name, Is: nameOf(a.value), Site: a.site.String()}
	}
	return elements
}

// clientsOf returns the chain of clients, the outermost policy first.
func clientsOf(c client.Client) []Element {
	var chain []Element
	for ; c != nil; c = unwrap(c) {
		chain = append(chain, Element{Name: nameOf(c)})
	}
	return chain
}

func promisesOf(e gateway.Endpoint) []string {
	var notes []string
	add := func(is bool, format string, args ...any) {
		if is {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	add(true, "effect: %s", e.Effect)
	add(e.KeyTTL > 0, "remembers a key for %s", e.KeyTTL)
	add(e.Replays5xx, "replays a stored server error")
	add(e.Natural, "repeating it lands in the same state")
	add(len(e.AlreadyDone) > 0, "already done: %s", strings.Join(e.AlreadyDone, ", "))
	add(e.LookupByRef != "", "looked up by reference with %s, at most %s late", e.LookupByRef, e.LookupLag)
	add(e.LateEffectMax > 0, "may take effect up to %s after it was given up", e.LateEffectMax)
	add(e.CancelByKey != "", "cancelled by key with %s", e.CancelByKey)
	add(e.Echoes != 0, "repeats %s", echoNames(e.Echoes))
	add(e.Async > 0, "only accepts; an event decides within %s", e.Async)
	add(e.DeclineIsFinal, "a decline is final")
	add(e.OneAtATime, "one at a time for a payment")
	add(e.Restates, "tells the whole order once more")
	add(e.TargetRef != "", "acts on the reference %s", e.TargetRef)
	add(e.RefundTarget != "", "refunds name a %s", e.RefundTarget)
	add(e.RemainderAfterPartial != "", "the rest after a partial capture is %s", e.RemainderAfterPartial)
	add(e.OverCapture.BasisPoints > 0, "may capture up to %d basis points more", e.OverCapture.BasisPoints)
	add(e.AmountMode != "", "amounts are %s", e.AmountMode)
	add(e.Renews, "the same amount renews the hold")
	add(e.List != "", "listed with %s", e.List)
	return notes
}

// nameOf returns what v says of itself, the name of a function, or a type.
func nameOf(v any) string {
	if s, ok := v.(fmt.Stringer); ok && !part.IsNil(v) {
		return s.String()
	}
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Func && !r.IsNil() {
		if f := runtime.FuncForPC(r.Pointer()); f != nil {
			name := f.Name()
			return "func " + name[strings.LastIndexByte(name, '/')+1:]
		}
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", v), "*")
}
