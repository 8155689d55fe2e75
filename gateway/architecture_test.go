package gateway_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/gatewaycommand/gatewaycommand/"

// rules say who may import whom among our own packages. A package that stands
// under several prefixes follows the longest. Test files are free.
var rules = map[string][]string{
	"gateway":                     {"gateway/decline"},
	"gateway/decline":             {},
	"gateway/part":                {"gateway"},
	"gateway/tenant":              {"gateway"},
	"gateway/method":              {"gateway"},
	"gateway/webhook":             {"gateway"},
	"gateway/webhook/webhooktest": {"gateway/webhook"},
	"request":                     {"gateway", "gateway/part"},
	"transfer":                    {"gateway", "request"},
	"client":                      {"gateway", "request", "transfer"},
	"client/clienttest":           {"gateway", "request", "transfer", "client"},
	"validator":                   {"gateway", "gateway/decline", "gateway/part", "request", "transfer"},
	"handler":                     {"gateway", "gateway/part", "request", "transfer"},
	"command":                     {"gateway", "gateway/part", "request", "transfer", "client", "validator", "handler"},
	"gateway/gatewayfx":           {"command"},
	"gateway/storage":             {"gateway", "gateway/decline"},
	"gateway/task":                {"gateway", "gateway/storage", "gateway/task"},
	"gateway/internal/measure":    {},
	"gateway/outbox":              {"gateway", "gateway/storage", "gateway/task"},
	"gateway/inbox":               {"gateway", "gateway/decline", "gateway/storage", "gateway/engine", "gateway/webhook", "gateway/tenant"},
	"gateway/returns":             {"gateway", "gateway/storage", "gateway/engine"},
	"gateway/engine":              {"gateway", "gateway/decline", "command", "gateway/storage"},
	"gateway/status":              {"gateway", "gateway/storage"},
	"gateway/gatewaytest": {
		"gateway", "gateway/decline", "request", "transfer", "client", "client/clienttest", "command",
	},
	"providers": {
		"gateway", "gateway/decline", "gateway/tenant", "gateway/method", "gateway/webhook",
		"request", "transfer", "client", "validator", "handler", "command",
	},
	"gateway/engine/reconcile": {"gateway", "command", "gateway/storage", "gateway/engine"},
	"gateway/engine/operator":  {"gateway", "gateway/decline", "gateway/storage", "gateway/engine", "gateway/engine/reconcile", "gateway/engine/retention", "gateway/task"},
	"gateway/engine/retention": {"gateway", "gateway/storage"},
	"gateway/engine/enginetest": {
		"gateway", "client", "command", "gateway/storage", "gateway/storage/sqlite", "gateway/engine", "gateway/engine/reconcile",
		"gateway/tenant", "providers/sandbox", "providers/sandbox/simulator",
	},
	"providers/sandbox/simulator": {},
	"providers/collana/simulator": {},
	"providers/sequra/simulator":  {},
	"examples":                    {"*"},
}

// outside says which packages of other modules only some of ours may import.
var outside = map[string][]string{
	"go.uber.org/fx":                         {"gateway/gatewayfx", "providers", "examples"},
	"github.com/go-resty/resty/v2":           {"client"},
	"github.com/sony/gobreaker/v2":           {"client"},
	"golang.org/x/time/rate":                 {"client"},
	"github.com/cenkalti/backoff/v5":         {"client", "gateway/storage/postgres"},
	"github.com/go-playground/validator/v10": {"request"},
	"code.dny.dev/ssrf":                      {"gateway/outbox"},
	"github.com/standard-webhooks":           {"gateway/outbox", "gateway/webhook", "providers"},
	"database/sql":                           {"gateway/storage", "gateway/task"},
	"github.com/jackc/pgx/v5":                {"gateway/storage", "gateway/task"},
	"modernc.org/sqlite":                     {"gateway/storage", "gateway/task"},
	"github.com/pressly/goose/v3":            {"gateway/storage"},
	"github.com/stretchr/testify":            {"gateway/gatewaytest", "gateway/storage/storagetest", "gateway/task/tasktest", "gateway/engine/enginetest"},
	"go.uber.org/goleak":                     {"gateway/gatewaytest"},
}

type listed struct {
	Dir        string
	ImportPath string
	Name       string
	Imports    []string
	GoFiles    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=Dir,ImportPath,Name,Imports,GoFiles", module+"...")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var all []listed
	for d := json.NewDecoder(out); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		all = append(all, p)
	}
	require.NoError(t, cmd.Wait())
	require.Greater(t, len(all), 10)
	return all
}

func ruleOf(pkg string) ([]string, bool) {
	for at := pkg; at != "."; at = filepath.Dir(at) {
		if allowed, ok := rules[at]; ok {
			return allowed, true
		}
	}
	return nil, false
}

func under(pkg string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return pkg == root || strings.HasPrefix(pkg, root+"/") })
}

func TestPackagesImportOnlyWhatTheHouseAllows(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := ruleOf(pkg)
		if !assert.True(t, known, "%s stands in no room: add it to the rules", pkg) {
			continue
		}
		for _, imp := range p.Imports {
			own, ours := strings.CutPrefix(imp, module)
			if ours {
				storage := strings.HasPrefix(pkg, "gateway/storage/") && own == "gateway/storage"
				same := storage || strings.HasPrefix(pkg, "providers/") && strings.Split(own, "/")[0] == "providers" && strings.Split(own, "/")[1] == strings.Split(pkg, "/")[1]
				fxModule := strings.HasPrefix(pkg, "providers/") && own == "gateway/gatewayfx" // module.go only: see below
				assert.True(t, slices.Contains(allowed, "*") || slices.Contains(allowed, own) || same || fxModule, "%s must not import %s", pkg, own)
				example := strings.HasPrefix(pkg, "examples/") // may import anything: it shows how
				assert.False(t, strings.HasSuffix(own, "test") && !strings.HasSuffix(pkg, "test") && !example, "%s imports a test kit, %s", pkg, own)
				continue
			}
			if pkg == "gateway" || pkg == "gateway/decline" || strings.HasSuffix(pkg, "/simulator") {
				assert.NotContains(t, strings.Split(imp, "/")[0], ".", "%s must import the standard library only, not %s", pkg, imp)
			}
			for dep, roots := range outside {
				if imp == dep || strings.HasPrefix(imp, dep+"/") {
					assert.True(t, under(pkg, roots), "%s must not import %s", pkg, imp)
				}
			}
		}
	}
}

// fx stays in gatewayfx, in a provider's module.go and in the examples.
func TestProvidersUseFxInModuleFilesOnly(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if !strings.HasPrefix(strings.TrimPrefix(p.ImportPath, module), "providers/") {
			continue
		}
		for _, file := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			require.NoError(t, err)
			uses := strings.Contains(string(text), `"go.uber.org/fx"`) || strings.Contains(string(text), `gatewayfx"`)
			assert.False(t, uses && file != "module.go", "%s/%s imports fx; only module.go may", p.ImportPath, file)
		}
	}
}

func TestTheTopLevelIsAsItWasFixed(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("..")
	require.NoError(t, err)
	fixed := []string{"go.mod", "go.sum", "gateway", "command", "request", "transfer", "client", "handler", "validator", "providers", "examples", "README.md", "LICENSE"}
	for _, e := range entries {
		assert.True(t, strings.HasPrefix(e.Name(), ".") || slices.Contains(fixed, e.Name()), "%s must not stand at the top", e.Name())
	}
	for _, banned := range []string{"utils", "util", "types", "common", "helpers"} {
		found, err := filepath.Glob(filepath.Join("..", "*", banned))
		require.NoError(t, err)
		assert.Empty(t, found)
	}
}

// Every exported name is documented, and every package says what it is.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 {
			continue // tests only: go doc shows nothing of it
		}
		documented := false
		for _, file := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			require.NoError(t, err)
			prefix := "// Package " + p.Name + " "
			if p.Name == "main" {
				prefix = "// Command " + filepath.Base(p.Dir) + " "
			}
			documented = documented || strings.Contains(string(text), "\n"+prefix) || strings.HasPrefix(string(text), prefix)
		}
		assert.True(t, documented, "%s has no package comment", p.ImportPath)
	}
}
