package validator

import (
	"context"
	"reflect"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Typed returns a validator that gets the answer decoded into a T, once per
// exchange. An answer that does not fit is indeterminate and f is not called.
func Typed[T any](f func(ctx context.Context, x transfer.Exchange, answer T) Result) Validator {
	return Func(func(ctx context.Context, x transfer.Exchange) Result {
		answer, err := transfer.As[T](x)
		if err != nil {
			return Failed(err)
		}
		return f(ctx, x, answer)
	})
}

// Struct returns a validator that decodes the answer into a T and checks the
// rules of its validate tags (go-playground/validator). What breaks a rule is
// indeterminate: the provider said something that this program does not understand.
func Struct[T any]() Validator { return rules[T]{} }

type rules[T any] struct{}

func (rules[T]) Validate(_ context.Context, x transfer.Exchange) Result {
	answer, err := transfer.As[T](x)
	if err != nil {
		return Failed(err)
	}
	if err := request.ValidateStruct(&answer); err != nil {
		return Fail(Failure{Code: gateway.CodeIndeterminate, Detail: "the answer breaks a rule: " + textOf(gateway.AsError(err, gateway.CodeIndeterminate))})
	}
	return Result{}
}

// Check finds unknown tags at the start: the tag library panics on them at first use.
func (rules[T]) Check() error { return request.CheckStruct(reflect.TypeFor[T]()) }

// String returns the name of the struct.
func (rules[T]) String() string { return "rules of " + reflect.TypeFor[T]().String() }
