package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a request.
const maxDepth = 8

func badRequest(code, field, format string, args ...any) *Error {
	return refuse(http.StatusBadRequest, code, format, args...).at(field)
}

// parse reads a request body strictly. encoding/json alone would let the last of
// two equal names win, fold the case of names and ignore what follows the value.
func parse(body []byte) (*fields, error) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, badRequest("malformed_json", "", "the body is not one JSON value in UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	v, err := parseValue(dec, "", 0)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, badRequest("malformed_json", "", "the body is not a JSON object")
	}
	return &fields{m: m, used: map[string]bool{}, first: new(*Error)}, nil
}

func parseValue(dec *json.Decoder, path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, badRequest("malformed_json", path, "the body is nested too deeply")
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, badRequest("malformed_json", path, "the body is not JSON")
	}
	switch tok {
	case json.Delim('{'):
		return parseObject(dec, path, depth)
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := parseValue(dec, path+"[]", depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = dec.Token()
		return list, err
	default:
		return tok, nil
	}
}

func parseObject(dec *json.Decoder, path string, depth int) (any, error) {
	m := map[string]any{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, badRequest("malformed_json", path, "the body is not JSON")
		}
		name, _ := tok.(string)
		if _, twice := m[name]; twice {
			return nil, badRequest("duplicate_field", join(path, name), "the field is there twice")
		}
		if m[name], err = parseValue(dec, join(path, name), depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return m, err
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
