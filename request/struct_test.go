package request

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

type structLine struct {
	SKU   string        `json:"sku" validate:"required"`
	Price gateway.Money `json:"price" validate:"required" request:"decimal"`
}

type structRequest struct {
	Amount   gateway.Money     `json:"amount" validate:"required,gt=0" request:"protected"`
	Fee      gateway.Money     `json:"fee,omitempty"`
	Decimal  *gateway.Money    `json:"decimal,omitempty" request:"decimal"`
	Card     gateway.Secret    `json:"card" validate:"required,numeric" request:"required"`
	CVC      string            `json:"cvc,omitempty" request:"secret" validate:"omitempty,len=3"`
	Note     string            `json:"note,omitempty" validate:"max=5"`
	Lines    []structLine      `json:"lines" validate:"dive"`
	Meta     map[string]string `json:"metadata,omitempty"`
	When     time.Time         `json:"when,omitzero"`
	Addr     netip.Addr        `json:"addr,omitzero"`
	Raw      json.RawMessage   `json:"raw,omitempty"`
	Big      uint64            `json:"big,omitempty"`
	Count    int               `json:"count,string,omitempty"`
	Live     bool              `json:"live,string,omitempty"`
	Rate     Number            `json:"rate,omitempty"`
	Amounts  []gateway.Money   `json:"amounts,omitempty"`
	Decimals []gateway.Money   `json:"decimals,omitempty" request:"decimal"`
	Address  *struct {
		City string `json:"city" validate:"required"`
	} `json:"address"`
	structCommon
	skipped string
}

type structCommon struct {
	Channel string `json:"channel,omitempty"`
	Hidden  string `json:"-"`
}

func fullRequest() structRequest {
	m := gateway.Minor(1005, "EUR")
	r := structRequest{
		Amount: m, Fee: gateway.Minor(0, "EUR"), Decimal: &m, Card: gateway.NewSecret("4111"), CVC: "737",
		Lines: []structLine{{"a", gateway.Minor(5, "EUR")}}, Meta: map[string]string{"z": "1", "a": "2", "a/b": "3"},
		When: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Addr: netip.MustParseAddr("::1"), Raw: json.RawMessage(`{"x": [1.0]}`),
		Big: 1 << 63, Count: 7, Live: true, Rate: "0.175", Amounts: []gateway.Money{m}, Decimals: []gateway.Money{m},
		structCommon: structCommon{Channel: "Web", Hidden: "no"}, skipped: "no",
	}
	r.Address = &struct {
		City string `json:"city" validate:"required"`
	}{"Amsterdam"}
	return r
}

func TestStructWritesFieldsByTheirTags(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	r := fullRequest()
	require.NoError(t, as(d, "typed", func() { require.NoError(t, d.Struct(&r)) }))
	assert.Equal(t, `{"amount":1005,"fee":0,"decimal":"10.05","card":"4111","cvc":"737","lines":[{"sku":"a","price":"0.05"}],`+
		`"metadata":{"a":"2","a/b":"3","z":"1"},"when":"2024-01-02T03:04:05Z","addr":"::1","raw":{"x":[1.0]},"big":9223372036854775808,`+
		`"count":"7","live":"true","rate":0.175,"amounts":[1005],"decimals":["10.05"],"address":{"city":"Amsterdam"},"channel":"Web"}`, encoded(t, d))
	assert.Contains(t, d.String(), `"card":"***","cvc":"***"`)
	assert.Equal(t, "typed", d.Origin("address/city"))
	d.Seal()
	require.NoError(t, d.Check())
	d.Int("amount", 1)
	require.ErrorContains(t, d.Err(), "protected")
}

func TestStructLeavesOutWhatIsEmpty(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	require.NoError(t, d.Struct(structRequest{Amount: gateway.Minor(1, "EUR"), Card: gateway.NewSecret("1")}))
	assert.Equal(t, `{"amount":1,"card":"1","lines":[]}`, encoded(t, d))
	require.NoError(t, d.Check())
	d = newDoc(t)
	require.NoError(t, d.Struct(struct {
		A *string `json:"a" request:"required,protected"`
	}{}))
	require.ErrorContains(t, d.Check(), "required fields are missing: a")
	d = newDoc(t)
	require.NoError(t, d.Struct(struct {
		L []*int            `json:"l"`
		M map[string]*int   `json:"m"`
		E *structCommon     `json:"e,omitempty"`
		S map[string]string `json:"s"`
	}{L: []*int{nil}, M: map[string]*int{"x": nil}}))
	assert.Equal(t, `{"l":[null],"m":{"x":null},"s":{}}`, encoded(t, d))
}

func TestStructUsesTheProvidersExponents(t *testing.T) {
	t.Parallel()
	d := newDoc(t)
	m := gateway.Minor(10, "CLP")
	require.NoError(t, d.StructIn(structRequest{
		Amount: m, Card: gateway.NewSecret("1"), Decimal: &m, Amounts: []gateway.Money{m}, Decimals: []gateway.Money{m},
		Lines: []structLine{{"a", m}},
	}, gateway.Exponents{"CLP": 2}))
	assert.Equal(t, `{"amount":1000,"decimal":"10.00","card":"1","lines":[{"sku":"a","price":"10.00"}],"amounts":[1000],"decimals":["10.00"]}`, encoded(t, d))
}

type brokenJSON struct{}

func (brokenJSON) MarshalJSON() ([]byte, error) { return nil, errors.New("4111") }

type brokenText struct{}

func (brokenText) MarshalText() ([]byte, error) { return nil, errors.New("4111") }

type loop struct {
	Next *loop   `json:"next,omitempty"`
	List []*loop `json:"list,omitempty"`
}

func TestStructRefusesWhatItCannotWrite(t *testing.T) {
	t.Parallel()
	cycle := &loop{}
	cycle.Next = cycle
	cycle.List = []*loop{cycle, cycle}
	for want, v := range map[string]any{
		"Struct needs a struct, not <nil>": nil,
		"Struct needs a struct, not int":   1,
		"Struct needs a struct, not *int":  (*int)(nil),
		"a float cannot hold":              struct{ A float64 }{},
		"(field B.A): a float cannot hold": struct{ B []*struct{ A float32 } }{},
		"a interface cannot be written":    struct{ A any }{},
		"a chan cannot be written":         struct{ A chan int }{},
		"bytes have no form":               struct{ A []byte }{},
		"strings as keys":                  struct{ A map[int]int }{},
		"only a gateway.Money can be decimal": struct {
			A int `request:"decimal"`
		}{},
		"only a string can be secret": struct {
			A int `request:"secret"`
		}{},
		`field "M": the amount has no currency`: struct{ M gateway.Money }{},
		`field "L": the amount has no currency`: struct{ L []gateway.Money }{[]gateway.Money{{}}},
		"request.brokenJSON cannot be written":  struct{ A brokenJSON }{},
		"request.brokenText cannot be written":  struct{ A []brokenText }{[]brokenText{{}}},
		"json.RawMessage cannot be written":     struct{ A json.RawMessage }{json.RawMessage(`{"a":1,"a":2}`)},
		"the text is no JSON number":            struct{ A Number }{},
		"deeper than 64 levels":                 cycle,
		`field "T": the text is not UTF-8`:      struct{ T string }{"\xff"},
		`the name "a\x00" is not UTF-8`:         struct{ M map[string]int }{map[string]int{"a\x00": 1}},
	} {
		d := newDoc(t)
		err := d.Struct(v)
		require.ErrorContains(t, err, want)
		assert.Same(t, err, d.Err())
		assert.NotContains(t, err.Error(), "4111")
		var e *gateway.Error
		require.ErrorAs(t, d.Struct(v), &e, "it stays")
	}
}

func TestCheckStructFindsWrongTagsAtAssembly(t *testing.T) {
	t.Parallel()
	require.NoError(t, CheckStruct(reflect.TypeFor[structRequest]()))
	require.NoError(t, CheckStruct(reflect.TypeFor[**structRequest]()))
	require.NoError(t, CheckStruct(reflect.TypeFor[benchRequest]()))
	require.NoError(t, CheckStruct(reflect.TypeFor[loop]()))
	for want, typ := range map[string]reflect.Type{
		"a struct is needed": reflect.TypeFor[int](),
		"Undefined validation": reflect.TypeFor[struct {
			A string `validate:"nonsense"`
		}](),
		"the validate tags": reflect.TypeFor[struct {
			A string `validate:"omitempty,min=x"`
		}](),
		"validate tags are wrong": reflect.TypeFor[struct {
			L []struct {
				A string `validate:"requird"`
			}
		}](),
		"tags are wrong": reflect.TypeFor[struct {
			M map[string]*struct {
				A int `validate:"nope"`
			}
		}](),
		"are wrong: ": reflect.TypeFor[struct {
			L []string `validate:"dive,nope"`
		}](),
		"a float cannot hold": reflect.TypeFor[struct{ P *struct{ A float64 } }](),
		"unknown option protecetd": reflect.TypeFor[struct {
			A int `request:"protecetd"`
		}](),
		"another field has": twins,
	} {
		require.ErrorContains(t, CheckStruct(typ), want, "%v", typ)
	}
	require.Error(t, CheckStruct(nil))
}

func TestValidateStructListsEveryRuleAndNoValue(t *testing.T) {
	t.Parallel()
	r := fullRequest()
	r.Note = ""
	require.NoError(t, ValidateStruct(r))
	require.NoError(t, ValidateStruct(&r))
	const pan = "4111111111111111"
	r.Amount, r.Card, r.CVC, r.Note, r.Address.City = gateway.Money{}, gateway.NewSecret("x"+pan), pan, pan, ""
	r.Lines = append(r.Lines, structLine{})
	err := ValidateStruct(&r)
	assert.Equal(t, gateway.CodeInvalid, gateway.CodeOf(err))
	for _, want := range []string{
		`field "amount" breaks the rule required`, `field "card" breaks the rule numeric`, `field "cvc" breaks the rule len=3`,
		`field "note" breaks the rule max=5`, `field "lines/1/sku" breaks the rule required`, `field "lines/1/price" breaks the rule required`, `field "address/city" breaks the rule required`,
	} {
		require.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), pan)
	require.NoError(t, errors.Unwrap(err), "the cause would hold the value")

	zero := structRequest{Amount: gateway.Minor(0, "EUR"), Card: gateway.NewSecret("1")}
	err = ValidateStruct(zero)
	require.ErrorContains(t, err, `field "amount" breaks the rule gt=0`, "an amount of nothing is there, and not more than 0")
	require.NotContains(t, err.Error(), "required")
	zero.Card = gateway.Secret{}
	require.ErrorContains(t, ValidateStruct(zero), `field "card" breaks the rule required`)

	assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(ValidateStruct(nil)))
	assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(ValidateStruct(1)))
	assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(ValidateStruct((*structRequest)(nil))))
	assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(ValidateStruct(struct {
		A string `validate:"nope"`
	}{})))
}

type generic[T any] struct {
	V T `json:"v" validate:"required"`
}

type outer[T any] struct {
	G T `json:"g"`
}

func TestPathsOfGenericAndNamelessStructsAreRight(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, ValidateStruct(generic[gateway.Money]{}), `field "v" breaks`)
	require.ErrorContains(t, ValidateStruct(outer[generic[gateway.Secret]]{}), `field "g/v" breaks`)
	require.ErrorContains(t, ValidateStruct(struct {
		A int `json:"a" validate:"required"`
	}{}), `field "a" breaks`)
}
