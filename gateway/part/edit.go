package part

import (
	"cmp"
	"slices"
	"strings"
)

type verb uint8

const (
	replace verb = iota + 1
	wrap
	remove
	before
	after
	prepend
	attach // append
)

func (v verb) inserts() bool { return v >= before }

func (v verb) String() string {
	return [...]string{"", "replaces", "wraps", "removes", "inserts before", "inserts after", "prepends to", "appends to"}[v]
}

// Edit changes one named part of a list. A path such as "order/lines" reaches
// into a nested list. Edits are made by the verbs and applied by [Apply].
type Edit[T any] struct {
	verb  verb
	path  string
	value T
	part  Part[T]
	wrap  func(T) T
	site  Site
}

// Replace puts another value at path; the name and the place stay.
func Replace[T any](path string, v T, at Site) Edit[T] {
	return Edit[T]{verb: replace, path: path, value: v, site: at}
}

// Wrap puts what w makes of the value at path in its place.
func Wrap[T any](path string, w func(T) T, at Site) Edit[T] {
	return Edit[T]{verb: wrap, path: path, wrap: w, site: at}
}

// Remove takes the part at path away.
func Remove[T any](path string, at Site) Edit[T] { return Edit[T]{verb: remove, path: path, site: at} }

// InsertBefore puts a part right before the one at path.
func InsertBefore[T any](path string, p Part[T], at Site) Edit[T] {
	return Edit[T]{verb: before, path: path, part: p, site: at}
}

// InsertAfter puts a part right after the one at path.
func InsertAfter[T any](path string, p Part[T], at Site) Edit[T] {
	return Edit[T]{verb: after, path: path, part: p, site: at}
}

// Prepend puts a part at the beginning of the list at path; "" is the outermost.
func Prepend[T any](path string, p Part[T], at Site) Edit[T] {
	return Edit[T]{verb: prepend, path: path + "/", part: p, site: at}
}

// Append puts a part at the end of the list at path; "" is the outermost.
func Append[T any](path string, p Part[T], at Site) Edit[T] {
	return Edit[T]{verb: attach, path: path + "/", part: p, site: at}
}

// Site returns where the edit was written.
func (e Edit[T]) Site() Site { return e.site }

// Set is the edits of one owner: one override of an application.
type Set[T any] []Edit[T]

// Apply returns the list with every set of edits applied. The result does not
// depend on the order of the sets; within a set the order given counts. It
// fails, naming the sites, when
//
//   - an edit's target does not exist (the error lists what does),
//   - two sets replace, wrap or remove one part, or one set replaces and removes it,
//   - an edit reaches into a part that another edit replaces or removes,
//   - an inserted name is taken.
//
// Inserts come first, so a part may be inserted beside one that is removed.
// Inserts at one place are sorted by name, whoever wrote them.
func Apply[T any](l List[T], sets ...Set[T]) (List[T], error) {
	var all []owned[T]
	for owner, set := range sets {
		for _, e := range set {
			all = append(all, owned[T]{e, e.path, owner})
		}
	}
	if len(all) == 0 {
		return l, nil
	}
	var p problems
	conflicts(all, &p)
	if err := p.err(); err != nil {
		return l, err
	}
	l = applyLevel(l, "", all, &p)
	return l, p.err()
}

// owned is an edit with the rest of its path at the level that is being edited.
type owned[T any] struct {
	Edit[T]
	rest  string
	owner int
}

// conflicts finds edits that contradict each other, whatever the list holds.
func conflicts[T any](all []owned[T], p *problems) {
	for i, a := range all {
		if a.verb.inserts() {
			continue
		}
		for j, b := range all {
			inside := strings.HasPrefix(b.path, a.path+"/")
			switch {
			case a.verb != wrap && inside:
				p.add("%s %s %q, and %s edits %q inside it", a.site, a.verb, a.path, b.site, b.path)
			case j <= i || a.path != b.path || b.verb.inserts():
			case a.owner != b.owner, a.verb != wrap && b.verb != wrap:
				p.add("%s %s %q, and %s %s it too: keep one, or write both in one override", a.site, a.verb, a.path, b.site, b.verb)
			}
		}
	}
}

func applyLevel[T any](l List[T], at string, edits []owned[T], p *problems) List[T] {
	items := slices.Clone(l.items)
	var here, deep []owned[T]
	for _, e := range edits {
		if head, tail, nested := strings.Cut(e.rest, "/"); nested && (tail != "" || head != "") {
			deep = append(deep, e)
		} else {
			here = append(here, e)
		}
	}
	items = insertAll(items, at, here, p)
	items = applyDeep(items, at, deep, p)
	for _, e := range here {
		if !e.verb.inserts() {
			items = applyOne(items, at, e, p)
		}
	}
	return List[T]{items}
}

// insertAll places inserts round by round, because a part may be inserted beside one that is inserted itself.
func insertAll[T any](items []Part[T], at string, edits []owned[T], p *problems) []Part[T] {
	var pending []owned[T]
	for _, e := range edits {
		if e.verb.inserts() {
			pending = append(pending, e)
		}
	}
	slices.SortStableFunc(pending, func(a, b owned[T]) int { return cmp.Compare(a.part.Name, b.part.Name) })
	for len(pending) > 0 {
		var later []owned[T]
		present := List[T]{items}
		placed := map[string]int{} // verb and anchor → how many stand there already
		for _, e := range pending {
			anchor := strings.TrimSuffix(e.rest, "/")
			if anchor != "" && present.index(anchor) < 0 {
				later = append(later, e)
				continue
			}
			if i := (List[T]{items}).index(e.part.Name); i >= 0 {
				p.add("%s inserts %q, a name that %s has put already", e.site, join(at, e.part.Name), items[i].Site())
				continue
			}
			slot := e.verb.String() + anchor
			items = slices.Insert(items, position(items, e.verb, anchor, placed[slot]), e.part.marked("inserted", e.site))
			placed[slot]++
		}
		if len(later) == len(pending) {
			for _, e := range later {
				p.add("%s %s %q, which is not there (has %s)", e.site, e.verb, join(at, e.rest), present.names())
			}
			break
		}
		pending = later
	}
	return items
}

// position returns where the next insert of a slot goes when so many stand there already.
func position[T any](items []Part[T], v verb, anchor string, placed int) int {
	i := (List[T]{items}).index(anchor)
	switch v {
	case after:
		return i + 1 + placed
	case before:
		return i // those placed before have moved the anchor on
	case attach:
		return len(items)
	default:
		return placed
	}
}

func applyDeep[T any](items []Part[T], at string, edits []owned[T], p *problems) []Part[T] {
	byHead := map[string][]owned[T]{}
	var heads []string
	for _, e := range edits {
		head, tail, _ := strings.Cut(e.rest, "/")
		if byHead[head] == nil {
			heads = append(heads, head)
		}
		e.rest = tail
		byHead[head] = append(byHead[head], e)
	}
	slices.Sort(heads)
	for _, head := range heads {
		group := byHead[head]
		i := (List[T]{items}).index(head)
		if i < 0 {
			for _, e := range group {
				p.add("%s %s %q, which is not there (has %s)", e.site, e.verb, e.path, (List[T]{items}).names())
			}
			continue
		}
		inner, ok := any(items[i].Value).(Nested[T])
		if !ok {
			p.add("%s %s %q, but %q holds no parts", group[0].site, group[0].verb, group[0].path, join(at, head))
			continue
		}
		items[i].Value = inner.WithParts(applyLevel(inner.Parts(), join(at, head), group, p))
	}
	return items
}

func applyOne[T any](items []Part[T], at string, e owned[T], p *problems) []Part[T] {
	i := (List[T]{items}).index(e.rest)
	if i < 0 {
		p.add("%s %s %q, which is not there (has %s)", e.site, e.verb, join(at, e.rest), (List[T]{items}).names())
		return items
	}
	switch e.verb {
	case replace:
		items[i] = items[i].marked("replaced", e.site)
		items[i].Value = e.value
	case wrap:
		items[i] = items[i].marked("wrapped", e.site)
		items[i].Value = e.wrap(items[i].Value)
	case remove:
		items = slices.Delete(items, i, i+1)
	}
	return items
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "/" + name
}
