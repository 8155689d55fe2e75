package request

// Copy sets a copy of a value of this or another document, with all below it.
// The absent Value sets nothing.
func (n Node) Copy(name string, v Value) {
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

func (n Node) fill(v Value) {
	for name, c := range v.All() {
		if n.open() == nil {
			return
		}
		n.Copy(name, c)
	}
}

// Copy adds a copy of a value of this or another document.
func (l List) Copy(v Value) {
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
