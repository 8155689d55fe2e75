package request

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// merged builds a document from JSON texts, each the work of one part.
func merged(t testing.TB, p Policy, texts ...string) (*Document, error) {
	t.Helper()
	d := newDoc(t)
	return d, d.Within("all", p, func() error {
		for i, text := range texts {
			src, err := ParseJSON([]byte(text), Limits{})
			require.NoError(t, err)
			defer src.Release()
			if err := as(d, string(rune('a'+i)), func() { d.fill(src.Root()) }); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestMagentoDeepMergeReplacesRecursively(t *testing.T) {
	t.Parallel()
	for _, tt := range [][3]string{ // magento.md section 1, BuilderComposite
		{`{"l":[1,2,3]}`, `{"l":[9]}`, `{"l":[9,2,3]}`},
		{`{"l":[9]}`, `{"l":[1,2,3]}`, `{"l":[1,2,3]}`},
		{`{"l":[{"a":1,"b":2},{"a":3}]}`, `{"l":[{"b":9}]}`, `{"l":[{"a":1,"b":9},{"a":3}]}`},
		{`{"l":[1]}`, `{"l":[]}`, `{"l":[1]}`},
		{`{"a":"x","b":"y","c":"z"}`, `{"a":null,"b":false,"c":""}`, `{"a":null,"b":false,"c":""}`},
		{`{"a":1}`, `{"a":[2]}`, `{"a":[2]}`},
		{`{"a":[2]}`, `{"a":1}`, `{"a":1}`},
		{`{"a":{"b":1}}`, `{"a":1}`, `{"a":1}`},
		{`{"a":1}`, `{"a":{"b":1}}`, `{"a":{"b":1}}`},
		{`{"a":1,"b":2}`, `{"c":3,"a":4}`, `{"a":4,"b":2,"c":3}`},
		{`{"o":{"a":1}}`, `{"o":{"b":2}}`, `{"o":{"a":1,"b":2}}`},
		{`{"l":[[1,2],[3]]}`, `{"l":[[9],[8,7]]}`, `{"l":[[9,2],[8,7]]}`},
		{`{"l":[1,[2],{"a":3}]}`, `{"l":[{"b":1},2,[3]]}`, `{"l":[{"b":1},2,[3]]}`},
	} {
		d, err := merged(t, DeepMerge, tt[0], tt[1])
		require.NoError(t, err)
		assert.Equal(t, tt[2], encoded(t, d), "%s + %s", tt[0], tt[1])
	}
}

func TestOverwriteReplacesWholeListsInTheirPlace(t *testing.T) {
	t.Parallel()
	for _, tt := range [][3]string{
		{`{"l":[1,2,3],"x":1}`, `{"l":[9]}`, `{"l":[9],"x":1}`},
		{`{"l":[1,2,3]}`, `{"l":[]}`, `{"l":[]}`},
		{`{"a":1,"b":2}`, `{"b":3,"a":{"c":4}}`, `{"a":{"c":4},"b":3}`},
		{`{"o":{"a":1,"b":2}}`, `{"o":{"b":3}}`, `{"o":{"a":1,"b":3}}`},
	} {
		d, err := merged(t, Overwrite, tt[0], tt[1])
		require.NoError(t, err)
		assert.Equal(t, tt[2], encoded(t, d), "%s + %s", tt[0], tt[1])
	}
}

func TestOriginAfterAMergeIsTheLastWriter(t *testing.T) {
	t.Parallel()
	d, err := merged(t, DeepMerge, `{"a":1,"l":[1,2],"o":{"x":1}}`, `{"a":2,"l":[3],"o":{"y":1}}`)
	require.NoError(t, err)
	for path, want := range map[string]string{"a": "all/b", "l/0": "all/b", "l/1": "all/a", "o": "all/a", "o/y": "all/b", "o/x": "all/a"} {
		assert.Equal(t, want, d.Origin(path), path)
	}
}

// replaceRecursive is PHP's array_replace_recursive on decoded JSON.
func replaceRecursive(base, with any) any {
	switch w := with.(type) {
	case map[string]any:
		b, ok := base.(map[string]any)
		if !ok {
			return w
		}
		for k, v := range w {
			if old, has := b[k]; has {
				v = replaceRecursive(old, v)
			}
			b[k] = v
		}
		return b
	case []any:
		b, ok := base.([]any)
		if !ok {
			return w
		}
		for k, v := range w {
			if k < len(b) {
				b[k] = replaceRecursive(b[k], v)
			} else {
				b = append(b, v)
			}
		}
		return b
	}
	return with
}

func genJSON(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.StringMatching(`[a-zé"/<>\\ ]{0,12}`).AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	name := rapid.SampledFrom([]string{"a", "b", "c", "amount", "é", "x y", "a/b", "~"})
	return rapid.OneOf(append(scalars,
		rapid.MapOfN(name, genJSON(depth-1), 0, 4).AsAny(),
		rapid.SliceOfN(genJSON(depth-1), 0, 4).AsAny(),
	)...)
}

func genObject() *rapid.Generator[map[string]any] {
	return rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), genJSON(3), 0, 4)
}

func TestDeepMergeEqualsArrayReplaceRecursive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var want any = map[string]any{}
		var texts []string
		for range rapid.IntRange(1, 4).Draw(rt, "parts") {
			text, err := json.Marshal(genObject().Draw(rt, "part"))
			require.NoError(rt, err)
			texts = append(texts, string(text))
			var part any
			require.NoError(rt, json.Unmarshal(text, &part))
			want = replaceRecursive(want, part)
		}
		d, err := merged(t, DeepMerge, texts...)
		require.NoError(rt, err)
		expected, err := json.Marshal(want)
		require.NoError(rt, err)
		require.JSONEq(rt, string(expected), encoded(t, d))
	})
}

func TestStrictPartsThatShareNoLeafGiveTheirUnion(t *testing.T) {
	t.Parallel()
	d, err := merged(t, Strict, `{"a":{"x":1},"b":2}`, `{"a":{"y":[1]},"c":null}`)
	require.NoError(t, err)
	assert.Equal(t, `{"a":{"x":1,"y":[1]},"b":2,"c":null}`, encoded(t, d))
	_, err = merged(t, Inherit, `{"a":1}`, `{"a":1}`)
	require.ErrorContains(t, err, `set by "all/a" and by "all/b"`)
	assert.Equal(t, gateway.CodeInvalid, gateway.CodeOf(err))
	for p, name := range map[Policy]string{Inherit: "Inherit", Strict: "Strict", Overwrite: "Overwrite", DeepMerge: "DeepMerge", 9: "Policy(9)"} {
		assert.Equal(t, name, p.String())
	}
}
