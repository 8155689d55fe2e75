// Command operations mounts the operator's command line in a shop's own binary,
// as an application would: with its provider, its database and its tasks.
//
//	go run ./examples/operations                   makes a shop in which something is wrong, and says how to go on
//	go run ./examples/operations doctor            what is wrong
//	go run ./examples/operations reconcile -apply  the provider's books against ours
//	go run ./examples/operations parked            what nobody knows
//	go run ./examples/operations tasks health      the background work
//	go run ./examples/operations help              everything else
//	go run ./examples/operations reset             forget the shop
//
// The exit code is 0 when all is well, 1 when something was found, 2 when the
// command could not do its work; "go run" itself says 1 for both, a built binary
// says which. The shop is a SQLite file, and the provider's books a journal beside it, in
// the temporary folder or where OPERATIONS_EXAMPLE_DIR says.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/operator"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
	"github.com/gatewaycommand/gatewaycommand/gateway/task/leased"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func main() {
	dir := os.Getenv("OPERATIONS_EXAMPLE_DIR")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "gatewaycommand-operations-example")
	}
	code, err := run(context.Background(), os.Stdout, dir, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		code = operator.ExitFailed
	}
	os.Exit(code)
}

func run(ctx context.Context, w io.Writer, dir string, args []string) (code int, err error) {
	if len(args) == 1 && args[0] == "reset" {
		return operator.ExitOK, os.RemoveAll(dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "ready")); errors.Is(err, fs.ErrNotExist) {
		if err := seed(ctx, dir); err != nil {
			return 0, err
		}
	}
	s, err := open(ctx, dir, time.Now)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if len(args) == 0 {
		return operator.ExitOK, s.howToGoOn(ctx, w, dir)
	}
	// In a shop, another process works at the tasks all the time: q.Run.
	if _, err := s.tasks.Work(ctx, 10); err != nil {
		return 0, err
	}
	return operator.Run(ctx, operator.Config{
		Engine: s.engine, DB: s.db, Store: "es", Tasks: s.tasks,
		Sources: map[string]reconcile.Source{"sandbox": books(s.pools.For("sandbox"))},
	}, args, w), nil
}

// shop is the application.
type shop struct {
	provider *simulator.Server
	db       *storage.DB
	pools    *command.Pools
	engine   *engine.Engine
	tasks    *leased.Queue
	mail     error // why letters cannot be sent; nil when they can
}

// letter is a task's payload: which letter to send.
type letter struct{ Order string }

var letters = task.NewKind[letter]("shop.letter")

func open(ctx context.Context, dir string, now func() time.Time) (_ *shop, err error) {
	s := &shop{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	// The provider keeps its own books.
	if s.provider, err = simulator.Start(simulator.Config{Clock: now, Journal: filepath.Join(dir, "provider.journal")}); err != nil {
		return nil, err
	}
	if s.db, err = sqlite.Open(ctx, filepath.Join(dir, "shop.db"), sqlite.Options{Now: now}); err != nil {
		return nil, err
	}
	api, err := sandbox.New(sandbox.Config{BaseURL: s.provider.URL(), Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)})})
	if err != nil {
		return nil, err
	}
	// This merchant's contract has no cancelling by key: a lost authorization needs a person.
	contract := command.Override("sandbox", gateway.OpAuthorize, command.Promise(func(e *gateway.Endpoint) { e.CancelByKey = "" }))
	if s.pools, err = command.Assemble(api.Provider(), contract); err != nil {
		return nil, err
	}
	if s.engine, err = engine.New(engine.Config{Pools: s.pools, Storage: s.db}); err != nil {
		return nil, err
	}
	s.tasks, err = leased.New(task.Config{Storage: s.db, Handlers: []task.Handler{
		letters.Handle(func(context.Context, *task.Run, letter) error { return s.mail }),
	}})
	return s, err
}

func (s *shop) close(ctx context.Context) (err error) {
	if s.pools != nil {
		err = errors.Join(err, s.pools.Close(ctx))
	}
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	if s.provider != nil {
		err = errors.Join(err, s.provider.Close())
	}
	return err
}
