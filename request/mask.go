package request

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
)

// buffers are for bytes that are thrown away at once.
var buffers = sync.Pool{New: func() any { return &scratch{bytes: make([]byte, 0, 2048)} }}

type scratch struct {
	bytes []byte
	order []int32
}

func (s *scratch) free() {
	clear(s.bytes)
	if cap(s.bytes) <= 1<<20 && cap(s.order) <= keepNodes {
		s.bytes, s.order = s.bytes[:0], s.order[:0]
		buffers.Put(s)
	}
}

// encode calls f to append to dst. A dst without room becomes exactly as large as
// is needed: f writes into a pooled buffer first, which is wiped afterwards.
func encode(dst []byte, f func(dst []byte) ([]byte, error)) ([]byte, error) {
	if cap(dst) > len(dst) {
		out, err := f(dst)
		if err != nil {
			return dst, err
		}
		return out, nil
	}
	s := buffers.Get().(*scratch)
	defer s.free()
	out, err := f(s.bytes)
	s.bytes = out
	if err != nil {
		return dst, err
	}
	return append(dst, out...), nil
}

// String returns the document as JSON with secrets masked, "" after its release.
func (d *Document) String() string { return d.Root().String() }

// GoString returns what String does, so that %#v shows no secret either.
func (d *Document) GoString() string { return d.String() }

// Digest returns the SHA-256, in hex, of the document's fields in the order of
// their names. Secrets enter as the fact that one is there: two requests that
// differ in a secret only have one digest, and no digest can be searched for a
// card number. It is "" after the release.
func (d *Document) Digest() string {
	a := d.live()
	if a == nil {
		return ""
	}
	s := buffers.Get().(*scratch)
	defer s.free()
	s.canonical(a, 0)
	sum := sha256.Sum256(s.bytes)
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], sum[:])
	return string(text[:])
}

// canonical appends i with fields sorted by name and secrets as a token that no other value has.
func (s *scratch) canonical(a *arena, i int32) {
	n := &a.nodes[i]
	switch n.kind {
	case KindObject:
		from := len(s.order)
		for c := a.first(i); c != 0; c = a.next(c) {
			s.order = append(s.order, c)
		}
		slices.SortFunc(s.order[from:], func(x, y int32) int { return cmp.Compare(a.nodes[x].name, a.nodes[y].name) })
		s.bytes = append(s.bytes, '{')
		for k := from; k < len(s.order); k++ {
			s.bytes = append(appendQuoted(s.bytes, a.nodes[s.order[k]].name), ':')
			s.canonical(a, s.order[k])
			s.bytes = append(s.bytes, ',')
		}
		s.bytes = append(s.bytes, '}')
		s.order = s.order[:from]
	case KindList:
		s.bytes = append(s.bytes, '[')
		for c := a.first(i); c != 0; c = a.next(c) {
			s.canonical(a, c)
			s.bytes = append(s.bytes, ',')
		}
		s.bytes = append(s.bytes, ']')
	case KindSecret:
		s.bytes = append(s.bytes, "secret"...)
	case KindText:
		s.bytes = appendQuoted(s.bytes, n.text)
	default:
		s.bytes = a.appendScalar(s.bytes, n, masked)
	}
}
