package request

import "strconv"

// DecodeError says why an answer could not be read. It is no verdict: it has no
// [gateway.Code], because only the stage that knows what was sent can say what an
// unreadable answer means. It quotes nothing of the answer but field names.
type DecodeError struct {
	Format  string // "JSON", "form", "XML", "HTML"; "" when a read document was not as expected
	Offset  int    // where in the body, when Format is set
	Path    string // the field, when it is known
	Problem string
}

// Error returns "JSON at byte 17: problem" or "field "a/b": problem".
func (e *DecodeError) Error() string {
	switch {
	case e.Format != "":
		return e.Format + " at byte " + strconv.Itoa(e.Offset) + ": " + e.Problem
	case e.Path != "":
		return "field " + strconv.Quote(e.Path) + ": " + e.Problem
	}
	return e.Problem
}
