// Command crash kills itself in the middle of a capture, and recovers when it is
// started again: run it twice.
//
//	go run ./examples/crash
//	go run ./examples/crash
//
// The first start authorizes 10.00 EUR, captures 6.00, and is killed (SIGKILL, no
// deferred call runs) after the provider has taken the money and before a word of
// that is written down. The second start knows only that it was about to send; it
// asks the provider, and books what had really happened, once.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func main() {
	dir := os.Getenv("CRASH_EXAMPLE_DIR")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "gatewaycommand-crash-example")
	}
	if err := run(context.Background(), os.Stdout, dir); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, dir string) error {
	_, err := os.Stat(filepath.Join(dir, "shop.db"))
	second := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// The provider keeps its own books, in a journal of its own.
	provider, err := simulator.Start(simulator.Config{Journal: filepath.Join(dir, "provider.journal")})
	if err != nil {
		return err
	}
	defer provider.Close()
	db, err := sqlite.Open(ctx, filepath.Join(dir, "shop.db"))
	if err != nil {
		return err
	}
	defer db.Close()

	if !second {
		eng, err := open(provider, db, command.Override("sandbox", gateway.OpCapture, command.WrapClient(killAfterTheAnswer(w))))
		if err != nil {
			return err
		}
		return first(ctx, w, eng) // does not return
	}
	eng, err := open(provider, db)
	if err != nil {
		return err
	}
	if err := recovered(ctx, w, eng, provider); err != nil {
		return err
	}
	return os.RemoveAll(dir) // the next start is a first one again
}

func open(provider *simulator.Server, db *storage.DB, more ...command.Item) (*engine.Engine, error) {
	api, err := sandbox.New(sandbox.Config{BaseURL: provider.URL(), Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)})})
	if err != nil {
		return nil, err
	}
	pools, err := command.Assemble(append(more, api.Provider())...)
	if err != nil {
		return nil, err
	}
	return engine.New(engine.Config{Pools: pools, Storage: db, SendTimeout: 2 * time.Second, LeaseMargin: time.Second})
}

// killAfterTheAnswer ends the process as a power cut would, at the worst moment:
// the provider has acted and nobody here has written it down.
func killAfterTheAnswer(w io.Writer) client.Policy {
	return func(next client.Client) client.Client {
		return client.Func(func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
			r, err := next.PlaceRequest(ctx, t)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(w, "4. the provider answered %d: it has taken 6.00 EUR\n5. this process is killed before it can write that down. Start it again.\n", r.Status)
			self, ferr := os.FindProcess(os.Getpid())
			if ferr == nil {
				_ = self.Kill()
			}
			select {} // until the signal arrives
		})
	}
}

const payment = "order-1017"

func first(ctx context.Context, w io.Writer, eng *engine.Engine) error {
	p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: payment, Amount: gateway.Minor(1000, "EUR")})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "1. a payment of %s is written down\n", p.Due)
	card := &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenOK)}
	if _, err = eng.Authorize(ctx, engine.Request{Store: "es", Payment: p.ID, Key: payment + "-auth", Provider: "sandbox", All: true, Instrument: card}); err != nil {
		return err
	}
	fmt.Fprintf(w, "2. %s is held\n3. the capture of 6.00 EUR is written down, claimed, and sent\n", p.Due)
	_, err = eng.Capture(ctx, capture(p))
	return err
}

func capture(p gateway.Payment) engine.Request {
	return engine.Request{Store: "es", Payment: p.ID, Key: payment + "-ship", Amount: gateway.Minor(600, "EUR")}
}

// recovered is the second start: the shop does just what it did before.
func recovered(ctx context.Context, w io.Writer, eng *engine.Engine, provider *simulator.Server) error {
	p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: payment, Amount: gateway.Minor(1000, "EUR")})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "1. the payment is there: %s, captured so far as we know: %s\n", p.Status(), p.Balances.Captured)
	fmt.Fprintf(w, "2. a capture was claimed and has no answer; its sender is given %s to show itself\n", "3 seconds")
	r, err := eng.Capture(ctx, capture(p)) // the same command with the same key
	if gateway.CodeOf(err) != gateway.CodeIndeterminate {
		return fmt.Errorf("an unknown was expected: %w", err)
	}
	fmt.Fprintf(w, "3. it did not: the operation is now %q. It is not sent again, and not called failed\n", r.Operation.State)
	if err := eng.ResolveOne(ctx, "es", r.Operation.ID); err != nil {
		return err
	}
	if r, err = eng.Capture(ctx, capture(p)); err != nil {
		return err
	}
	fmt.Fprintf(w, "4. the provider was asked by our own reference: the operation is %q\n", r.Operation.State)
	return compare(w, r.Payment, provider)
}

// compare shows both ledgers.
func compare(w io.Writer, p gateway.Payment, provider *simulator.Server) error {
	fmt.Fprintf(w, "5. two ledgers, kept by two programs:\n")
	for _, m := range p.Movements {
		fmt.Fprintf(w, "     ours      %-8s %9s %s  learned by %s\n", m.Kind, m.Amount.Decimal(), m.Amount.Currency(), m.Source)
	}
	taken := int64(0)
	for _, e := range provider.Ledger() {
		fmt.Fprintf(w, "     theirs    %-8s %9s %s\n", e.Kind, gateway.Minor(e.Amount, e.Currency).Decimal(), e.Currency)
		if e.Kind == simulator.KindCapture {
			taken += e.Amount
		}
	}
	if taken != p.Balances.Captured.Minor() {
		return fmt.Errorf("the ledgers differ: theirs %d, ours %s", taken, p.Balances.Captured)
	}
	fmt.Fprintf(w, "   equal: %s captured, once\n", p.Balances.Captured)
	return nil
}
