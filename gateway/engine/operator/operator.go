package operator

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// The exit codes of Run.
const (
	ExitOK     = 0 // all is well
	ExitFound  = 1 // something was found: differences, failing checks
	ExitFailed = 2 // wrong use, an error, or an incomplete comparison
)

// Config is what the commands work on.
type Config struct {
	Engine *engine.Engine
	DB     *storage.DB
	Store  gateway.StoreID // where -store is not given

	// Sources are the books of providers, by provider, for reconcile.
	Sources map[string]reconcile.Source
	// Tasks are the application's background tasks, for tasks and doctor: any
	// [task.Queue]. Nil: the application has none, and tasks says so.
	Tasks task.Operator
	// Inbox takes providers' notifications, for inbox replay. Nil: none is replayed.
	Inbox Replayer
	// Unmapped tells the error codes that providers sent and no table knew, with
	// how often, for doctor. Nil leaves that check out.
	Unmapped func() map[string]int
}

// subcommand is one thing that an operator can do.
type subcommand struct {
	name  string
	args  string // what follows the flags
	short string
	long  string
	run   func(c *call) error
}

func subcommands() []subcommand {
	return []subcommand{reconcileCommand, parkedCommand, paymentCommand, settleCommand, discrepanciesCommand, inboxCommand, deliveriesCommand, tasksCommand, eraseCommand, statsCommand, doctorCommand}
}

// call is one run of a subcommand.
type call struct {
	context.Context //nolint:containedctx // lives as long as one call
	Config
	flags *flag.FlagSet
	args  []string
	json  bool
	out   io.Writer
	found bool
}

// Run runs one subcommand and returns the exit code. args are those after the
// application's own words. Everything is written to stdout, errors too.
func Run(ctx context.Context, cfg Config, args []string, stdout io.Writer) int {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		overview(stdout)
		if len(args) == 0 {
			return ExitFailed
		}
		return ExitOK
	}
	i := slices.IndexFunc(subcommands(), func(s subcommand) bool { return s.name == args[0] })
	if i < 0 {
		_, _ = fmt.Fprintf(stdout, "error: there is no command %q\n\n", args[0])
		overview(stdout)
		return ExitFailed
	}
	s := subcommands()[i]
	c := &call{Context: ctx, Config: cfg, args: args[1:], out: stdout, flags: flag.NewFlagSet(s.name, flag.ContinueOnError)}
	c.flags.SetOutput(stdout)
	c.flags.BoolVar(&c.json, "json", false, "write one JSON object instead of text")
	c.flags.Func("store", "the store; without it the application's own", func(v string) error { c.Store = gateway.StoreID(v); return nil })
	c.flags.Usage = func() {
		_, _ = fmt.Fprintf(stdout, "usage: %s [flags]%s\n\n%s\n\nflags:\n", s.name, s.args, s.long)
		c.flags.PrintDefaults()
	}
	if cfg.Engine == nil || cfg.DB == nil {
		return c.failed(gateway.Errorf(gateway.CodeInternal, "the application gave no Engine or no DB"))
	}
	err := s.run(c)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return ExitOK
	case errors.Is(err, errSaid):
		return ExitFailed
	case err != nil:
		return c.failed(err)
	case c.found:
		return ExitFound
	}
	return ExitOK
}

func overview(w io.Writer) {
	_, _ = fmt.Fprint(w, "commands:\n")
	for _, s := range subcommands() {
		_, _ = fmt.Fprintf(w, "  %-13s %s\n", s.name, s.short)
	}
	_, _ = fmt.Fprint(w, "\nEach explains itself with -h. Exit codes: 0 all is well, 1 something was found, 2 it could not be done.\n")
}

// errSaid ends a subcommand that has written what is wrong.
var errSaid = errors.New("said already")

// parse reads the flags that the subcommand has defined by now. want is how many
// arguments may follow them.
func (c *call) parse(want int) error {
	if err := c.flags.Parse(c.args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errSaid
	}
	switch {
	case c.flags.NArg() > want:
		return gateway.Invalid("%q is one argument too many: flags come first", c.flags.Arg(want))
	case c.Store == "":
		return gateway.Invalid("say which store with -store")
	}
	return nil
}

// failed says what went wrong.
func (c *call) failed(err error) int {
	e := gateway.AsError(err, gateway.CodeInternal)
	if c.json {
		_ = c.write(map[string]any{"error": map[string]any{"code": e.Code, "detail": err.Error()}})
		return ExitFailed
	}
	c.say("error: %s\n", err)
	return ExitFailed
}

func (c *call) write(v any) error {
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// say writes text. What came from outside cannot steer the operator's terminal.
func (c *call) say(format string, args ...any) {
	_, _ = io.WriteString(c.out, strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, fmt.Sprintf(format, args...)))
}

func (c *call) view(f func(tx *storage.Tx) error) error { return c.DB.View(c, f) }
