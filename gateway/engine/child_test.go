package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

// A race between goroutines shares a connection pool, a writer and a clock, and so
// misses what two machines would meet. Tests of races therefore start this binary
// again, as processes that share nothing but the database and the provider.
const roleVariable, shopVariable = "ENGINE_ROLE", "ENGINE_SHOP"

// roles are what such a process can be; each answers one kind of job.
var roles = map[string]func(s *site, job []byte) (any, error){
	"racer":    func(s *site, job []byte) (any, error) { return answerTo(job, s.race) },
	"naive":    func(s *site, job []byte) (any, error) { return answerTo(job, s.raceNaively) },
	"repeater": func(s *site, job []byte) (any, error) { return answerTo(job, s.repeat) },
}

// place is where a shop's provider and its database are.
type place struct{ Server, SQLite, Postgres string }

func (p place) open(ctx context.Context, now func() time.Time, conns int) (*storage.DB, error) {
	if p.Postgres != "" {
		return postgres.Open(ctx, p.Postgres, postgres.Options{Now: now, MaxConns: conns})
	}
	return sqlite.Open(ctx, p.SQLite, sqlite.Options{Now: now})
}

// site is one process of a shop: an engine on the common database.
type site struct {
	db  *storage.DB
	eng *engine.Engine
}

// serve is the whole life of such a process: a job on each line of its input, an
// answer on each line of its output, until the input ends.
func serve(role string) (err error) {
	var at place
	if err := json.Unmarshal([]byte(os.Getenv(shopVariable)), &at); err != nil {
		return err
	}
	db, err := at.open(context.Background(), nil, 16)
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := assemble(link{url: at.Server}, 10*time.Second, nil)
	if err != nil {
		return err
	}
	defer p.Close(context.Background()) //nolint:errcheck // the process ends
	eng, err := engine.New(engine.Config{Pools: p, Storage: db, Sealer: plainSealer{}})
	if err != nil {
		return err
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var job json.RawMessage
		if err := in.Decode(&job); err != nil {
			if err == io.EOF { //nolint:errorlint // Decode returns it as it is
				return nil
			}
			return err
		}
		answer, err := roles[role](&site{db, eng}, job)
		if err != nil {
			return err
		}
		if err := out.Encode(answer); err != nil {
			return err
		}
	}
}

func answerTo[J, A any](raw []byte, do func(J) (A, error)) (any, error) {
	var job J
	if err := json.Unmarshal(raw, &job); err != nil {
		return nil, err
	}
	return do(job)
}

// process is a started one, as its parent sees it.
type process struct {
	name string
	in   *json.Encoder
	out  *json.Decoder
}

// processes starts so many; they end with the test.
func processes(t *testing.T, n int, role string, at place) []*process {
	t.Helper()
	shop, err := json.Marshal(at)
	require.NoError(t, err)
	var all []*process
	for i := range n {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleVariable+"="+role, shopVariable+"="+string(shop))
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() {
			_ = in.Close()
			assert.NoError(t, cmd.Wait(), "a process of the shop ended badly")
		})
		all = append(all, &process{fmt.Sprint("process-", i), json.NewEncoder(in), json.NewDecoder(out)})
	}
	return all
}

// together gives every process its job at once, and waits for all the answers.
func together[A any](t *testing.T, all []*process, job func(i int) any) []A {
	t.Helper()
	answers, errs := make([]A, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	for i, p := range all {
		wg.Go(func() {
			if errs[i] = p.in.Encode(job(i)); errs[i] == nil {
				errs[i] = p.out.Decode(&answers[i])
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		require.NoError(t, err, "%s does not answer", all[i].name)
	}
	return answers
}

// onBothStores runs a test of several processes on SQLite and on PostgreSQL.
func onBothStores(t *testing.T, test func(t *testing.T, at place)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, place{SQLite: t.TempDir() + "/shop.db"})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, place{Postgres: postgrestest.Database(t)})
	})
}
