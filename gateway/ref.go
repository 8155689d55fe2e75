package gateway

import "slices"

// Ref is one id that a provider gave: name "charge", value "ch_3". Owner is the
// provider's name. Refs are added and never overwritten.
type Ref struct {
	Owner string
	Name  string
	Value string
}

// Refs is a list of references, oldest first.
type Refs []Ref

// Get returns the newest value of the given name, "" when there is none.
func (r Refs) Get(name string) string {
	for i := len(r) - 1; i >= 0; i-- {
		if r[i].Name == name {
			return r[i].Value
		}
	}
	return ""
}

// All returns every value of the given name, oldest first.
func (r Refs) All(name string) []string {
	var values []string
	for _, ref := range r {
		if ref.Name == name {
			values = append(values, ref.Value)
		}
	}
	return values
}

// Add returns the list with more references. A reference that is already
// there, or has no value, is left out. r itself stays as it is.
func (r Refs) Add(more ...Ref) Refs {
	all := make(Refs, len(r), len(r)+len(more))
	copy(all, r)
	for _, ref := range more {
		if ref.Value != "" && !slices.Contains(all, ref) {
			all = append(all, ref)
		}
	}
	return all
}
