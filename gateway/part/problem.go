package part

import (
	"fmt"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// problems collects what is wrong, so that one start tells everything.
type problems struct{ texts []string }

func (p *problems) add(format string, args ...any) {
	p.texts = append(p.texts, fmt.Sprintf(format, args...))
}

func (p *problems) err() error {
	if len(p.texts) == 0 {
		return nil
	}
	return gateway.Errorf(gateway.CodeInternal, "%s", strings.Join(p.texts, "; "))
}
