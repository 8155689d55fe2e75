package request

// Copy sets a copy of a value of this or another document, with all below it.
// The absent Value sets nothing. A value cannot be copied into itself, which
// would never end; copied to where it stands it stays as it is.
func (n Node) Copy(name string, v Value) {
	if n.within(v) || v.node() != nil && v == n.value(name) {
		return
	}
	switch v.Kind() {
	case KindObject:
		n.Object(name).fill(v)
	case KindList:
		n.List(name).fill(v)
	case KindNull:
		n.Null(name)
	case KindBool:
		n.Bool(name, v.Bool())
	case KindNumber:
		n.Number(name, v.Raw())
	case KindText:
		n.Text(name, v.Text())
	case KindSecret:
		n.Secret(name, v.Secret())
	}
}

// value returns the field of that name as a Value.
func (n Node) value(name string) Value { return Value(n).Get(name) }

// within reports whether n is v or lies below it, and records that as a mistake.
func (n Node) within(v Value) bool {
	a := n.open()
	if a == nil || v.arena != a || v.node() == nil {
		return false
	}
	for i := n.i; ; i = a.nodes[i].up {
		if i == v.i {
			a.refuse("a value (%q) is copied into itself", joinPath(a.steps(i, nil)))
			return true
		}
		if i == 0 {
			return false
		}
	}
}

func (n Node) fill(v Value) {
	for name, c := range v.All() {
		if n.open() == nil {
			return
		}
		n.Copy(name, c)
	}
}

// Copy adds a copy of a value of this or another document. A value cannot be
// copied into itself.
func (l List) Copy(v Value) {
	if Node(l).within(v) {
		return
	}
	switch v.Kind() {
	case KindObject:
		l.Object().fill(v)
	case KindList:
		l.List().fill(v)
	case KindNull:
		l.Null()
	case KindBool:
		l.Bool(v.Bool())
	case KindNumber:
		l.Number(v.Raw())
	case KindText:
		l.Text(v.Text())
	case KindSecret:
		l.Secret(v.Secret())
	}
}

func (l List) fill(v Value) {
	for _, c := range v.All() {
		if Node(l).open() == nil {
			return
		}
		l.Copy(c)
	}
}
