package part_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
)

// word is a value; group is a list of values, nested.
type value interface{ text() string }

type word string

func (w word) text() string { return string(w) }

type group struct{ list part.List[value] }

func (g group) Parts() part.List[value]             { return g.list }
func (g group) WithParts(l part.List[value]) value  { return group{l} }
func (g group) text() string                        { return "(" + text(g.list) + ")" }
func put(name string, v value) part.Part[value]     { return part.Named(name, v, part.Caller(0)) }
func replace(path string, v value) part.Edit[value] { return part.Replace(path, v, part.Caller(0)) }
func remove(path string) part.Edit[value]           { return part.Remove[value](path, part.Caller(0)) }

func after(path, name string) part.Edit[value] {
	return part.InsertAfter(path, put(name, word(name)), part.Caller(0))
}

func before(path, name string) part.Edit[value] {
	return part.InsertBefore(path, put(name, word(name)), part.Caller(0))
}

func wrap(path string) part.Edit[value] {
	return part.Wrap(path, func(v value) value { return word("<" + v.text() + ">") }, part.Caller(0))
}
func list(edits ...part.Edit[value]) part.Set[value] { return edits }

func text(l part.List[value]) string {
	var words []string
	for _, p := range l.All() {
		words = append(words, p.Value.text())
	}
	return strings.Join(words, " ")
}

func base() part.List[value] {
	return part.New(
		put("amount", word("amount")),
		put("order", group{part.New(put("number", word("number")), put("lines", word("lines")))}),
		put("customer", word("customer")),
	)
}

func TestEditsReachPartsByName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sets []part.Set[value]
		want string
	}{
		"nothing":                {nil, "amount (number lines) customer"},
		"replace":                {[]part.Set[value]{list(replace("amount", word("x")))}, "x (number lines) customer"},
		"replace nested":         {[]part.Set[value]{list(replace("order/lines", word("x")))}, "amount (number x) customer"},
		"wrap":                   {[]part.Set[value]{list(wrap("amount"))}, "<amount> (number lines) customer"},
		"replace then wrap":      {[]part.Set[value]{list(replace("amount", word("x")), wrap("amount"))}, "<x> (number lines) customer"},
		"remove":                 {[]part.Set[value]{list(remove("order"))}, "amount customer"},
		"remove nested":          {[]part.Set[value]{list(remove("order/number"))}, "amount (lines) customer"},
		"before":                 {[]part.Set[value]{list(before("order", "b"), before("order", "a"))}, "amount a b (number lines) customer"},
		"after":                  {[]part.Set[value]{list(after("order", "b"), after("order", "a"))}, "amount (number lines) a b customer"},
		"after and before":       {[]part.Set[value]{list(after("amount", "c"), before("order", "b")), list(after("amount", "a"))}, "amount a c b (number lines) customer"},
		"beside an inserted one": {[]part.Set[value]{list(after("x", "y")), list(after("amount", "x"))}, "amount x y (number lines) customer"},
		"beside a removed one":   {[]part.Set[value]{list(remove("amount")), list(after("amount", "x"))}, "x (number lines) customer"},
		"append, prepend":        {[]part.Set[value]{list(part.Append("", put("z", word("z")), part.Site{}), part.Append("", put("y", word("y")), part.Site{}), part.Prepend("", put("a", word("a")), part.Site{}), part.Prepend("", put("b", word("b")), part.Site{}))}, "a b amount (number lines) customer y z"},
		"append nested":          {[]part.Set[value]{list(part.Append("order", put("z", word("z")), part.Site{}))}, "amount (number lines z) customer"},
		"insert nested":          {[]part.Set[value]{list(after("order/number", "x"))}, "amount (number x lines) customer"},
		"inside and around":      {[]part.Set[value]{list(wrap("order")), list(replace("order/lines", word("x")))}, "amount <(number x)> customer"},
		"two sets, two parts":    {[]part.Set[value]{list(replace("amount", word("x"))), list(replace("customer", word("y")))}, "x (number lines) y"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			original := base()
			got, err := part.Apply(original, c.sets...)
			require.NoError(t, err)
			assert.Equal(t, c.want, text(got))
			assert.Equal(t, "amount (number lines) customer", text(original), "a list never changes")
		})
	}
}

func TestContradictingEditsAreRefusedNamingBothSites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sets []part.Set[value]
		want string
	}{
		"no such part":        {[]part.Set[value]{list(replace("amuont", word("x")))}, `replaces "amuont", which is not there (has amount, order, customer)`},
		"no such nested part": {[]part.Set[value]{list(replace("order/line", word("x")))}, `"order/line", which is not there (has number, lines)`},
		"no such anchor":      {[]part.Set[value]{list(after("amuont", "x"))}, `inserts after "amuont", which is not there`},
		"not a list":          {[]part.Set[value]{list(remove("amount/x"))}, `"amount" holds no parts`},
		"two replace":         {[]part.Set[value]{list(replace("amount", word("x"))), list(replace("amount", word("y")))}, `replaces it too`},
		"replace and remove":  {[]part.Set[value]{list(replace("amount", word("x"))), list(remove("amount"))}, `removes it too`},
		"two wrap":            {[]part.Set[value]{list(wrap("amount")), list(wrap("amount"))}, `wraps it too`},
		"one replaces twice":  {[]part.Set[value]{list(replace("amount", word("x")), replace("amount", word("y")))}, `replaces it too`},
		"inside a removed":    {[]part.Set[value]{list(remove("order")), list(replace("order/lines", word("x")))}, `edits "order/lines" inside it`},
		"insert in a removed": {[]part.Set[value]{list(remove("order")), list(after("order/lines", "x"))}, `edits "order/lines" inside it`},
		"name taken":          {[]part.Set[value]{list(after("amount", "customer"))}, `inserts "customer", a name that`},
		"name inserted twice": {[]part.Set[value]{list(after("amount", "x")), list(after("order", "x"))}, `inserts "x", a name that`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := part.Apply(base(), c.sets...)
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(err))
			assert.Contains(t, err.Error(), "gateway/part_test/edit_test.go:", "the error says where the edit was written")
		})
	}
}

// fx hands items over shuffled: whatever comes first, the result is the same.
func TestTheOrderOfSetsDoesNotMatter(t *testing.T) {
	t.Parallel()
	sets := []part.Set[value]{
		list(after("amount", "d"), after("d", "e")), list(after("amount", "b")), list(before("order", "c")), list(after("amount", "a")),
		list(replace("customer", word("x"))), list(remove("amount")), list(after("order/lines", "q")), list(after("order/lines", "p"), wrap("order/number")),
	}
	want, err := part.Apply(base(), sets...)
	require.NoError(t, err)
	assert.Equal(t, "a b d e c (<number> lines p q) x", text(want))
	for range 200 {
		rand.Shuffle(len(sets), func(i, j int) { sets[i], sets[j] = sets[j], sets[i] })
		got, err := part.Apply(base(), sets...)
		require.NoError(t, err)
		require.Equal(t, text(want), text(got))
	}
}

func TestAListIsCheckedBeforeItsFirstUse(t *testing.T) {
	t.Parallel()
	var nilValue value
	err := part.New(put("", word("a")), put("a/b", word("a")), put("twice", word("a")), put("twice", word("b")), put("none", nilValue)).Check("builder")
	for _, want := range []string{
		"builder 1 (", "has no name", `builder "a/b"`, "must not hold /", `two builders are named "twice"`, `builder "none"`, "is nil",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, base().Check("builder"))
}

func TestAPartTellsWhoPutAndChangedIt(t *testing.T) {
	t.Parallel()
	l, err := part.Apply(base(), list(replace("amount", word("x")), wrap("amount")))
	require.NoError(t, err)
	p := l.All()[0]
	verbs := []string{}
	for _, m := range p.Marks {
		verbs = append(verbs, m.Verb)
		assert.Equal(t, "github.com/gatewaycommand/gatewaycommand/gateway/part_test", m.Site.Package())
		assert.Equal(t, "edit_test.go", m.Site.File())
		assert.Positive(t, m.Site.Line())
	}
	assert.Equal(t, []string{"put", "replaced", "wrapped"}, verbs)
	assert.Equal(t, "unknown place", part.Site{}.String())
}
