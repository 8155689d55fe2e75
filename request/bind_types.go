package request

import "reflect"

// A bindCompiler makes the binders of one type and all types in it.
type bindCompiler struct {
	structs map[reflect.Type]*structBinder // those begun, so that recursive types end
	quoted  bool
}

func (c *bindCompiler) compile(t reflect.Type) (binder, *TypeError) {
	switch t {
	case secretType:
		return bindSecret, nil
	case timeType:
		return bindTime, nil
	case rawMessageType:
		return bindRaw, nil
	case numberType, jsonNumberType:
		return bindNumber(c.quoted), nil
	}
	if t.Kind() != reflect.Pointer {
		switch p := reflect.PointerTo(t); {
		case p.Implements(jsonUnmarshalerType):
			return bindJSON, nil
		case p.Implements(textUnmarshalerType):
			return bindText, nil
		}
	}
	switch t.Kind() {
	case reflect.String:
		return bindString, nil
	case reflect.Bool:
		return bindBool(c.quoted), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return bindInt(c.quoted), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return bindUint(c.quoted), nil
	case reflect.Float32, reflect.Float64:
		return nil, &TypeError{t, "", noFloats}
	case reflect.Pointer:
		return c.pointer(t)
	case reflect.Struct:
		return c.structure(t)
	case reflect.Slice:
		return c.slice(t)
	case reflect.Map:
		return c.mapping(t)
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return bindAny, nil
		}
	}
	return nil, &TypeError{t, "", "nothing can be bound to a " + t.Kind().String()}
}

func (c *bindCompiler) structure(t reflect.Type) (binder, *TypeError) {
	if s, ok := c.structs[t]; ok {
		return s.bind, nil
	}
	fields, err := structFields(t)
	if err != nil {
		return nil, err
	}
	s := &structBinder{byName: make(map[string]int, len(fields)), text: -1}
	c.structs[t] = s
	for k, f := range fields {
		c.quoted = f.quoted
		bind, err := c.compile(f.typ)
		c.quoted = false
		if err != nil {
			return nil, within(err, t, f.goName)
		}
		at := -1
		if len(f.index) == 1 {
			at = f.index[0]
		}
		s.fields = append(s.fields, boundField{f.name, f.index, at, bind})
		s.byName[f.name] = k
		if f.name == "#text" {
			s.text = k
		}
	}
	return s.bind, nil
}

// within says in which field of t a mistake lies.
func within(err *TypeError, t reflect.Type, field string) *TypeError {
	if err.Field != "" {
		field += "." + err.Field
	}
	return &TypeError{t, field, err.Problem}
}

func (c *bindCompiler) pointer(t reflect.Type) (binder, *TypeError) {
	elem, err := c.compile(t.Elem())
	if err != nil {
		return nil, err
	}
	return func(b binding, i int32, dst reflect.Value) error {
		p := reflect.New(t.Elem())
		if err := b.to(elem, i, p.Elem()); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}, nil
}

func (c *bindCompiler) slice(t reflect.Type) (binder, *TypeError) {
	if t.Elem().Kind() == reflect.Uint8 {
		return nil, &TypeError{t, "", "bytes have no form of their own here: use string"}
	}
	elem, err := c.compile(t.Elem())
	if err != nil {
		return nil, err
	}
	return func(b binding, i int32, dst reflect.Value) error {
		if b.arena.nodes[i].kind != KindList {
			if !b.arena.loose {
				return b.wrong(i, "a list")
			}
			s := reflect.MakeSlice(t, 1, 1)
			if err := b.to(elem, i, s.Index(0)); err != nil {
				return err
			}
			dst.Set(s)
			return nil
		}
		size := b.arena.size(i)
		s := reflect.MakeSlice(t, size, size)
		k := 0
		for e := b.arena.first(i); e != 0; e = b.arena.next(e) {
			if err := b.to(elem, e, s.Index(k)); err != nil {
				return err
			}
			k++
		}
		dst.Set(s)
		return nil
	}, nil
}

func (c *bindCompiler) mapping(t reflect.Type) (binder, *TypeError) {
	if t.Key().Kind() != reflect.String {
		return nil, &TypeError{t, "", "a map needs strings as keys"}
	}
	elem, err := c.compile(t.Elem())
	if err != nil {
		return nil, err
	}
	texts := t == reflect.TypeFor[map[string]string]()
	return func(b binding, i int32, dst reflect.Value) error {
		if b.arena.nodes[i].kind != KindObject {
			return b.wrong(i, "an object")
		}
		if texts {
			return bindTexts(b, i, dst)
		}
		m := reflect.MakeMapWithSize(t, b.arena.size(i))
		v := reflect.New(t.Elem()).Elem()
		for e := b.arena.first(i); e != 0; e = b.arena.next(e) {
			v.SetZero()
			if err := b.to(elem, e, v); err != nil {
				return err
			}
			m.SetMapIndex(reflect.ValueOf(b.arena.nodes[e].name).Convert(t.Key()), v)
		}
		dst.Set(m)
		return nil
	}, nil
}

// bindTexts is mapping for the commonest map, without reflection.
func bindTexts(b binding, i int32, dst reflect.Value) error {
	m := make(map[string]string, b.arena.size(i))
	for e := b.arena.first(i); e != 0; e = b.arena.next(e) {
		n := &b.arena.nodes[e]
		switch n.kind {
		case KindText, KindNull:
			m[n.name] = n.text
		default:
			return b.wrong(e, "a text")
		}
	}
	dst.Set(reflect.ValueOf(m))
	return nil
}
