package stripe

import (
	"github.com/gatewaycommand/gatewaycommand/request"
)

// Expandable is a reference that the API answers as an id, or as the object
// itself when the request asked to expand it
// (https://docs.stripe.com/api/expanding_objects).
type Expandable[T any] struct {
	ID     string
	Object *T // nil when it was not expanded
}

// UnmarshalJSON reads an id, an object with an id, or null.
func (e *Expandable[T]) UnmarshalJSON(data []byte) error {
	*e = Expandable[T]{}
	doc, err := request.ParseJSON(data, request.Limits{})
	if err != nil {
		return err
	}
	defer doc.Release()
	root := doc.Root()
	switch root.Kind() {
	case request.KindNull:
		return nil
	case request.KindText:
		e.ID = root.Text()
		return nil
	}
	e.Object = new(T)
	e.ID = root.Get("id").Text()
	return root.Bind(e.Object)
}

// Thing is an expanded object of which nothing but its id matters here.
type Thing struct {
	ID string `json:"id"`
}
