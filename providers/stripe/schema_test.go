package stripe_test

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// conforms reports how a value breaks a schema: a field that is not documented,
// which an open schema lets pass, and everything that kin-openapi finds. Values of
// a form, which are all texts, are read as the schema wants them first.
func conforms(schema *openapi3.Schema, value any, form bool) error {
	read, err := walk(schema, value, "", form)
	if err != nil {
		return err
	}
	return schema.VisitJSON(read)
}

func walk(schema *openapi3.Schema, value any, path string, form bool) (any, error) {
	if len(schema.AnyOf) > 0 {
		var errs []error
		for _, ref := range schema.AnyOf {
			read, err := walk(ref.Value, value, path, form)
			if err == nil && (read == nil || ref.Value.VisitJSON(read) == nil) {
				return read, nil
			}
			errs = append(errs, err)
		}
		if value == nil && schema.Nullable {
			return nil, nil
		}
		return nil, fmt.Errorf("%s fits none of the forms: %w", path, errors.Join(errs...))
	}
	switch v := value.(type) {
	case map[string]any:
		return walkObject(schema, v, path, form)
	case []any:
		if schema.Items == nil {
			return nil, fmt.Errorf("%s is a list", path)
		}
		read := make([]any, len(v))
		for i, element := range v {
			var err error
			if read[i], err = walk(schema.Items.Value, element, fmt.Sprint(path, "/", i), form); err != nil {
				return nil, err
			}
		}
		return read, nil
	case string:
		if form {
			return typed(schema, v, path)
		}
	}
	return value, nil
}

func walkObject(schema *openapi3.Schema, object map[string]any, path string, form bool) (any, error) {
	if !schema.Type.Is("object") {
		return nil, fmt.Errorf("%s is an object", path)
	}
	read := map[string]any{}
	for name, v := range object {
		field := schema.Properties[name]
		if field == nil {
			field = schema.AdditionalProperties.Schema
		}
		anything := len(schema.Properties) == 0 && schema.AdditionalProperties.Schema == nil
		switch {
		case field == nil && anything && (schema.AdditionalProperties.Has == nil || *schema.AdditionalProperties.Has):
			read[name] = v
			continue
		case field == nil:
			return nil, fmt.Errorf("%s/%s is not documented", path, name)
		}
		var err error
		if read[name], err = walk(field.Value, v, path+"/"+name, form); err != nil {
			return nil, err
		}
	}
	return read, nil
}

// typed reads a text of a form as what the schema says it is.
func typed(schema *openapi3.Schema, text, path string) (any, error) {
	switch {
	case schema.Type.Is("integer"), schema.Type.Is("number"):
		n, err := strconv.ParseFloat(text, 64)
		return n, err
	case schema.Type.Is("boolean"):
		return strconv.ParseBool(text)
	case schema.Type.Is("string"):
		return text, nil
	}
	return nil, fmt.Errorf("%s is a text", path)
}

// tree turns the nested names of a form into objects and lists.
func tree(t *testing.T, values url.Values) map[string]any {
	t.Helper()
	root := map[string]any{}
	for name, v := range values {
		require.Len(t, v, 1, name)
		steps := strings.Split(strings.ReplaceAll(name, "]", ""), "[")
		at := root
		for _, s := range steps[:len(steps)-1] {
			next, ok := at[s].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[s] = next
			}
			at = next
		}
		at[steps[len(steps)-1]] = v[0]
	}
	return lists(root).(map[string]any) //nolint:forcetypeassert,errcheck // the root has names
}

// lists turns objects whose names are 0, 1, 2 ... into lists.
func lists(v any) any {
	o, ok := v.(map[string]any)
	if !ok {
		return v
	}
	list := make([]any, 0, len(o))
	for name := range o {
		o[name] = lists(o[name])
	}
	for i := range len(o) {
		e, ok := o[strconv.Itoa(i)]
		if !ok {
			return o
		}
		list = append(list, e)
	}
	if len(list) == 0 {
		return o
	}
	return list
}
