package request

import (
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Document is a request under construction, or a decoded answer: an ordered
// tree of typed fields. The embedded [Node] is its root object and has the
// setters. Fields stay in the order of their first setting.
//
// Documents are pooled. After [Document.Release] every Document, Node, List
// and Value of it is stale: setters do nothing, readers find nothing, encoders
// fail. None of them ever shows another request's data. Texts that were read
// out stay valid.
//
// A Document is not safe for concurrent use; see the package comment.
type Document struct {
	Node
}

// NewDocument returns an empty document. Release it when its bytes are written;
// one that is never released is garbage collected as usual.
func NewDocument() *Document { return newArena().document() }

// Release gives the document's memory back. It may be called more than once.
func (d *Document) Release() {
	if a := d.live(); a != nil {
		a.reset()
	}
}

// Clone returns an independent copy: same fields, parts, protection, seal and
// sticky error. The clone of a released document is an empty one.
func (d *Document) Clone() *Document {
	c := newArena()
	if a := d.live(); a != nil {
		c.copy(a)
	}
	return c.document()
}

// copy makes the arena equal to from.
func (a *arena) copy(from *arena) {
	a.nodes = append(a.nodes[:0], from.nodes...)
	a.secrets = append(a.secrets[:0], from.secrets...)
	a.parts = append(a.parts[:0], from.parts...)
	a.segments = append(a.segments[:0], from.segments...)
	a.protect = append(a.protect[:0], from.protect...)
	a.require = append(a.require[:0], from.require...)
	a.frozen = append(a.frozen[:0], from.frozen...)
	a.tables = a.tables[:0]
	for _, t := range from.tables {
		a.tables = append(a.tables, table{append([]int32(nil), t.slots...), t.used, t.live})
	}
	a.part, a.sealed, a.loose, a.err = from.part, from.sealed, from.loose, from.err
}

// Err returns the first mistake that was made in the document, nil when there
// is none. It is an [*gateway.Error], of [gateway.CodeInvalid] unless
// [Document.Fail] brought another one, and names the part that made it.
func (d *Document) Err() error {
	if a := d.live(); a != nil && a.err != nil {
		return a.err
	}
	return nil
}

// Fail records a mistake, unless one is recorded already. An error that is no
// [*gateway.Error] becomes the cause of one with [gateway.CodeInvalid].
func (d *Document) Fail(err error) {
	if a := d.live(); a != nil && err != nil {
		a.fail(err)
	}
}

func (a *arena) fail(err error) {
	if a.err != nil {
		return
	}
	e := *gateway.AsError(err, gateway.CodeInvalid)
	if e.Part == "" {
		e.Part = a.partName(a.part)
	}
	a.err = &e
}

// refuse records what the current part did wrong.
func (a *arena) refuse(format string, args ...any) {
	if a.err == nil {
		a.fail(gateway.Invalid(format, args...))
	}
}

// Seal ends building: from now on setting a field overwrites it, and protected
// fields cannot be changed any more. A parsed document is sealed from the start.
func (d *Document) Seal() {
	a := d.live()
	if a == nil || a.sealed {
		return
	}
	a.sealed = true
	for i := range a.protect {
		a.freeze(&a.protect[i])
	}
}

// Sealed reports whether building has ended.
func (d *Document) Sealed() bool {
	a := d.live()
	return a != nil && a.sealed
}

// Check returns why the document must not be sent, nil when it may be: the
// sticky error; else the required fields that are missing, all in one error;
// else the first protected field that is not what it was at the seal.
func (d *Document) Check() error {
	a := d.live()
	if a == nil {
		return errReleased()
	}
	if a.err != nil {
		return a.err
	}
	var missing []string
	for _, r := range a.require {
		if i := a.resolve(a.path(r)); i == 0 || a.nodes[i].kind == KindNull {
			missing = append(missing, joinPath(a.path(r)))
		}
	}
	if missing != nil {
		return gateway.Invalid("required fields are missing: %s", strings.Join(missing, ", "))
	}
	if a.sealed {
		return a.checkFrozen()
	}
	return nil
}

func errReleased() error {
	return gateway.Errorf(gateway.CodeInternal, "the document is used after it was released")
}

// Origin returns the name of the part that wrote the field at path, "" when
// there is no such field or no part was named. The writer of an object or list
// is the part that created it.
func (d *Document) Origin(path string) string {
	a := d.live()
	if a == nil {
		return ""
	}
	if i := a.lookup(d.i, path); i > 0 {
		return a.partName(a.nodes[i].part)
	}
	return ""
}
