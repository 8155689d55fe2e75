package part_test

import (
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/gateway/part"
)

// Edits reach parts by name, and a list itself never changes.
func Example() {
	here := part.Caller(0)
	l := part.New(part.Named("amount", 1, here), part.Named("customer", 2, here))
	edited, err := part.Apply(l, part.Set[int]{
		part.InsertAfter("amount", part.Named("lines", 3, here), here),
		part.Replace("customer", 4, here),
	})
	for _, p := range edited.All() {
		fmt.Println(p.Name, p.Value)
	}
	fmt.Println(l.Len(), err)
	// Output:
	// amount 1
	// lines 3
	// customer 4
	// 2 <nil>
}
