package request

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"time"
)

func bindString(b binding, i int32, dst reflect.Value) error {
	n := &b.arena.nodes[i]
	if n.kind != KindText {
		return b.wrong(i, "a text")
	}
	dst.SetString(n.text)
	return nil
}

func bindSecret(b binding, i int32, dst reflect.Value) error {
	if k := b.arena.nodes[i].kind; k != KindText && k != KindSecret {
		return b.wrong(i, "a text")
	}
	dst.Set(reflect.ValueOf(Value{b.arena, i, b.arena.gen.Load()}.Secret()))
	return nil
}

func bindTime(b binding, i int32, dst reflect.Value) error {
	n := &b.arena.nodes[i]
	if n.kind != KindText {
		return b.wrong(i, "a text")
	}
	t, err := time.Parse(time.RFC3339, n.text)
	if err != nil {
		return b.problem(i, "it is no time as RFC 3339 writes it")
	}
	*dst.Addr().Interface().(*time.Time) = t
	return nil
}

func bindRaw(b binding, i int32, dst reflect.Value) error {
	dst.SetBytes(b.arena.appendJSON(nil, i, masked))
	return nil
}

func bindJSON(b binding, i int32, dst reflect.Value) error {
	u := dst.Addr().Interface().(json.Unmarshaler)
	if u.UnmarshalJSON(b.arena.appendJSON(nil, i, masked)) != nil {
		return b.problem(i, dst.Type().String()+" refuses it") // its own words may quote the value
	}
	return nil
}

func bindText(b binding, i int32, dst reflect.Value) error {
	n := &b.arena.nodes[i]
	if n.kind != KindText {
		return b.wrong(i, "a text")
	}
	if dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.text)) != nil {
		return b.problem(i, dst.Type().String()+" refuses it")
	}
	return nil
}

// literal returns the digits of a number, which may stand in a text where the format or the tag says so.
func (b binding) literal(i int32, quoted bool) (string, error) {
	n := &b.arena.nodes[i]
	switch {
	case n.kind == KindNumber && n.text == "":
		return strconv.FormatInt(n.num, 10), nil
	case n.kind == KindNumber:
		return n.text, nil
	case n.kind == KindText && (quoted || b.arena.loose):
		if !isNumber(n.text) {
			return "", b.problem(i, "its text is no number")
		}
		return n.text, nil
	}
	return "", b.wrong(i, "a number")
}

func bindNumber(quoted bool) binder {
	return func(b binding, i int32, dst reflect.Value) error {
		s, err := b.literal(i, quoted)
		if err == nil {
			dst.SetString(s)
		}
		return err
	}
}

const notWhole = "it is a fraction, has an exponent, or does not fit"

func bindInt(quoted bool) binder {
	return func(b binding, i int32, dst reflect.Value) error {
		s, err := b.literal(i, quoted)
		if err != nil {
			return err
		}
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || dst.OverflowInt(v) {
			return b.problem(i, notWhole)
		}
		dst.SetInt(v)
		return nil
	}
}

func bindUint(quoted bool) binder {
	return func(b binding, i int32, dst reflect.Value) error {
		s, err := b.literal(i, quoted)
		if err != nil {
			return err
		}
		v, err := strconv.ParseUint(s, 10, 64)
		if err != nil || dst.OverflowUint(v) {
			return b.problem(i, notWhole)
		}
		dst.SetUint(v)
		return nil
	}
}

func bindBool(quoted bool) binder {
	return func(b binding, i int32, dst reflect.Value) error {
		n := &b.arena.nodes[i]
		switch {
		case n.kind == KindBool:
			dst.SetBool(n.num != 0)
			return nil
		case n.kind == KindText && (quoted || b.arena.loose):
			switch n.text {
			case "true", "1", "false", "0":
				dst.SetBool(n.text == "true" || n.text == "1")
				return nil
			}
		}
		return b.wrong(i, "true or false")
	}
}

func bindAny(b binding, i int32, dst reflect.Value) error {
	if v := b.anything(i); v != nil {
		dst.Set(reflect.ValueOf(v))
	} else {
		dst.SetZero()
	}
	return nil
}

func (b binding) anything(i int32) any {
	n := &b.arena.nodes[i]
	switch n.kind {
	case KindObject:
		m := make(map[string]any, b.arena.size(i))
		for e := b.arena.first(i); e != 0; e = b.arena.next(e) {
			m[b.arena.nodes[e].name] = b.anything(e)
		}
		return m
	case KindList:
		l := make([]any, 0, b.arena.size(i))
		for e := b.arena.first(i); e != 0; e = b.arena.next(e) {
			l = append(l, b.anything(e))
		}
		return l
	case KindNumber:
		s, _ := b.literal(i, false)
		return json.Number(s)
	case KindBool:
		return n.num != 0
	case KindText:
		return n.text
	case KindSecret:
		return b.arena.secrets[n.num]
	}
	return nil
}
