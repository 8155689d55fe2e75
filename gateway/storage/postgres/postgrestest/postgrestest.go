// Package postgrestest gives tests a PostgreSQL of their own: a private cluster
// on a loopback port, started once for a test binary and thrown away at its end.
//
//	func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }
//
//	func TestX(t *testing.T) { db, err := postgres.Open(ctx, postgrestest.Database(t)) }
//
// It uses the PostgreSQL that is installed (Debian's package postgresql), or the
// one that TEST_POSTGRES_URL names. Where there is neither, tests that ask for a
// database are skipped, and fail when CI is set.
package postgrestest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver, registered as "pgx"
)

var cluster struct {
	once sync.Once
	url  string // of the maintenance database
	err  error
	stop func()
}

// Main runs a package's tests and then stops the cluster, if one was started.
func Main(m *testing.M) int {
	code := m.Run()
	if cluster.stop != nil {
		cluster.stop()
	}
	return code
}

// Database returns the URL of a new, empty database, which is dropped when the test ends.
func Database(t testing.TB) string {
	t.Helper()
	cluster.once.Do(func() {
		if cluster.url = os.Getenv("TEST_POSTGRES_URL"); cluster.url == "" {
			cluster.url, cluster.stop, cluster.err = start()
		}
	})
	if cluster.err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("PostgreSQL is needed in CI: %v", cluster.err)
		}
		t.Skipf("there is no PostgreSQL here: %v", cluster.err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	if err := admin("CREATE DATABASE " + name); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() { _ = admin("DROP DATABASE " + name + " WITH (FORCE)") })
	u, err := url.Parse(cluster.url)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// admin runs one statement on the maintenance database.
func admin(statement string) error {
	db, err := sql.Open("pgx", cluster.url)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(context.Background(), statement)
	return err
}

func start() (dsn string, stop func(), err error) {
	bin, err := binaries()
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "postgres-test-")
	if err != nil {
		return "", nil, err
	}
	clean := func() { _ = os.RemoveAll(dir) }
	if os.Geteuid() == 0 { // PostgreSQL does not run as root
		if out, err := exec.Command("chown", "postgres", dir).CombinedOutput(); err != nil {
			clean()
			return "", nil, fmt.Errorf("there is no user postgres: %s", out)
		}
	}
	data, port := filepath.Join(dir, "data"), freePort()
	run := func(name string, args ...string) error {
		out, err := as(dir, filepath.Join(bin, name), args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, out)
		}
		return nil
	}
	if err := run("initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C"); err != nil {
		clean()
		return "", nil, err
	}
	options := fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200", port)
	if err := run("pg_ctl", "-D", data, "-w", "-t", "60", "-l", filepath.Join(dir, "log"), "-o", options, "start"); err != nil {
		clean()
		return "", nil, err
	}
	stop = func() {
		_ = run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
		clean()
	}
	return fmt.Sprintf("postgres://test@127.0.0.1:%d/postgres?sslmode=disable", port), stop, nil
}

// as makes a command that runs as the user postgres when this one is root.
func as(dir, name string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	_ = cancel // the command ends with the context
	if os.Geteuid() == 0 {
		args, name = append([]string{"--reuid=postgres", "--regid=postgres", "--clear-groups", name}, args...), "setpriv"
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	return cmd
}

func binaries() (string, error) {
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(real), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("pg_ctl is not installed; Debian's package is postgresql")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
	return filepath.Dir(found[0]), nil
}

func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 54329
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it is a TCP listener
}
