package sandbox

import (
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/validator"
)

// answers judges an answer: first the errors that it states, then its status,
// and only if both are well what it says. more are the rules of its struct, and
// the echo of what was sent.
func answers(statuses []int, more ...validator.Validator) validator.Composite {
	parts := []validator.Part{
		validator.Breaking("errors", Errors.Validator(problems)),
		validator.Breaking("status", validator.Status(statuses...)),
	}
	for i, name := range []string{"rules", "echo"}[:len(more)] {
		parts = append(parts, validator.Breaking(name, more[i]))
	}
	return validator.Compose(parts...)
}

var (
	done     = []int{http.StatusOK}
	created  = []int{http.StatusCreated}
	accepted = []int{http.StatusCreated, http.StatusAccepted} // 202: pending
	deleted  = []int{http.StatusNoContent}
)
