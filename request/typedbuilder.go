package request

import (
	"context"
	"reflect"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Typed returns a builder that writes a struct: names and omitempty by the json
// tag, rules by the validate tag (go-playground/validator), protection by
// `request:"protected"`, presence by `request:"required"`. A struct that breaks
// a rule is [gateway.CodeInvalid], naming every field and rule and no value, and
// nothing is sent. An unknown tag or a float field stops the start.
//
//	type increment struct {
//		Amount      int64  `json:"amount" validate:"gt=0" request:"protected"`
//		Description string `json:"description,omitempty" validate:"max=100"`
//	}
//
//	request.Typed(func(_ context.Context, s gateway.Subject) (increment, error) {
//		return increment{Amount: s.Amount.Minor()}, nil
//	})
func Typed[T any](fill func(ctx context.Context, s gateway.Subject) (T, error)) Builder {
	return typed[T]{fill}
}

type typed[T any] struct {
	fill func(context.Context, gateway.Subject) (T, error)
}

func (b typed[T]) Build(ctx context.Context, s gateway.Subject, doc *Document) error {
	v, err := b.fill(ctx, s)
	if err != nil {
		return err
	}
	if err := ValidateStruct(&v); err != nil {
		return err
	}
	return doc.Struct(v)
}

// Check finds unknown tags and floats at the start.
func (b typed[T]) Check() error {
	if b.fill == nil {
		return gateway.Errorf(gateway.CodeInternal, "Typed has no function")
	}
	return CheckStruct(reflect.TypeFor[T]())
}

// String returns the name of the struct.
func (b typed[T]) String() string { return "typed " + reflect.TypeFor[T]().String() }
