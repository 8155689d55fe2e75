package request

import (
	"fmt"
	"math"
	"strings"
)

// Policy says what happens when a builder sets a field that has a value already.
type Policy uint8

const (
	// Inherit takes the policy of the surrounding part; at the top it is [Strict].
	Inherit Policy = iota
	// Strict makes it an error that names both parts.
	Strict
	// Overwrite replaces the field, with all below it, in its place. Objects are
	// shared, not replaced: Object returns the one that is there.
	Overwrite
	// DeepMerge is Magento's array_replace_recursive: later wins, objects merge
	// field by field, and a list merges element by element from its first one, so
	// that [9] into [1,2,3] gives [9,2,3] and an empty list clears nothing.
	DeepMerge
)

// String returns the policy's name.
func (p Policy) String() string {
	switch p {
	case Inherit:
		return "Inherit"
	case Strict:
		return "Strict"
	case Overwrite:
		return "Overwrite"
	case DeepMerge:
		return "DeepMerge"
	}
	return fmt.Sprintf("Policy(%d)", uint8(p))
}

// A part is one run of a named builder. Its full name is joined when somebody asks.
type part struct {
	name   string
	up     uint16
	policy Policy
}

// Within runs f as the part with the given name: what f writes is the part's,
// under policy p. Nested parts join their names with "/". It returns f's error,
// or the document's sticky error when f returns nil. An empty name adds nothing
// to the joined name, so that Within("", p, f) only changes the policy.
func (d *Document) Within(name string, p Policy, f func() error) error {
	a := d.live()
	if a == nil {
		return errReleased()
	}
	before := a.part
	if !a.enterPart(name, p) {
		return a.err
	}
	defer d.leave(before)
	if err := f(); err != nil {
		return err
	}
	return d.Err()
}

func (d *Document) leave(part uint16) {
	if a := d.live(); a != nil { // f may have released it
		a.part = part
	}
}

func (a *arena) enterPart(name string, p Policy) bool {
	if p == Inherit || p > DeepMerge {
		p = a.parts[a.part].policy
	}
	last := len(a.parts) - 1
	if q := a.parts[last]; last > 0 && q.up == a.part && q.name == name && q.policy == p {
		a.part = uint16(last) //nolint:gosec // at most MaxUint16, see below
		return true
	}
	if last == math.MaxUint16 {
		a.refuse("more than %d parts write one document", math.MaxUint16)
		return false
	}
	a.parts = append(a.parts, part{name, a.part, p})
	a.part = uint16(last + 1) //nolint:gosec // at most MaxUint16, see above
	return true
}

// Part returns the joined name of the part that writes now, "" outside of all.
func (d *Document) Part() string {
	if a := d.live(); a != nil {
		return a.partName(a.part)
	}
	return ""
}

func (a *arena) partName(i uint16) string {
	names := make([]string, 0, 8)
	for ; i != 0; i = a.parts[i].up {
		if a.parts[i].name != "" {
			names = append(names, a.parts[i].name)
		}
	}
	for l, r := 0, len(names)-1; l < r; l, r = l+1, r-1 {
		names[l], names[r] = names[r], names[l]
	}
	return strings.Join(names, "/")
}

// samePart reports whether two parts have one name. Two runs of Within make two
// entries even where the builder is the same.
func (a *arena) samePart(x, y uint16) bool {
	return x == y || a.partName(x) == a.partName(y)
}

// policy is what rules a write now.
func (a *arena) policy() Policy {
	if a.sealed {
		return Overwrite
	}
	return a.parts[a.part].policy
}

// conflict records that the current part sets what another, or itself, has set.
func (a *arena) conflict(i int32, k Kind) {
	if a.err != nil {
		return
	}
	var (
		n        = &a.nodes[i]
		path     = joinPath(a.steps(i, nil))
		old, now = a.partName(n.part), a.partName(a.part)
	)
	switch {
	case (n.container() || k == KindObject || k == KindList) && n.kind != k:
		a.refuse("field %q is %s%s and %s%s", path, article(n.kind), by(old), article(k), by(now))
	case old == now && old == "":
		a.refuse("field %q is set twice", path)
	case old == now:
		a.refuse("field %q is set twice by %q", path, old)
	case old == "" || now == "":
		a.refuse("field %q is set twice, once%s and once outside of the parts", path, by(old+now))
	default:
		a.refuse("field %q is set by %q and by %q", path, old, now)
	}
}

func by(part string) string {
	if part == "" {
		return ""
	}
	return fmt.Sprintf(" by %q", part)
}

func article(k Kind) string {
	switch k {
	case KindObject:
		return "an object"
	case KindList:
		return "a list"
	}
	return "a value"
}
