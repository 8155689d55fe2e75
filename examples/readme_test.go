// Package examples_test keeps the README true: its programs run, its other
// snippets compile, its commands work.
package examples_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readme(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	return string(raw)
}

// snippets returns the fenced blocks of a language.
func snippets(t *testing.T, language string) []string {
	t.Helper()
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(readme(t), -1) {
		blocks = append(blocks, m[1])
	}
	require.NotEmpty(t, blocks)
	return blocks
}

// goTool runs the go tool with files that stand nowhere but in an overlay.
func goTool(t *testing.T, args []string, files map[string]string) string {
	t.Helper()
	dir, replace := t.TempDir(), map[string]string{}
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	for name, text := range files {
		real := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		require.NoError(t, os.WriteFile(real, []byte(text), 0o600))
		replace[filepath.Join(root, name)] = real
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	file := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(file, overlay, 0o600))
	cmd := exec.Command("go", append([]string{args[0], "-overlay", file}, args[1:]...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "OPERATIONS_EXAMPLE_DIR="+filepath.Join(dir, "operations")) // it leaves a shop behind
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "go %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

func TestTheProgramInTheReadmeRuns(t *testing.T) {
	t.Parallel()
	programs := 0
	for i, s := range snippets(t, "go") {
		if !strings.HasPrefix(s, "package main") {
			continue
		}
		programs++
		name := fmt.Sprintf("examples/zz_readme_%d/main.go", i)
		out := goTool(t, []string{"run", "./" + filepath.Dir(name)}, map[string]string{name: s})
		assert.Contains(t, out, "moved: true as pay_")
	}
	assert.Equal(t, 1, programs)
}

// frame makes a program of a snippet that is a part of one.
const frame = `package main

import (
	"context"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/request"
)

type Titles struct{}

func (*Titles) Build(context.Context, gateway.Subject, *request.Document) error { return nil }

var _ = fx.Module
var _ = client.Retry
var _ = command.Override
var _ = gatewayfx.Provide
var _ = engine.New
var _ = sqlite.Open

func main() {}
`

func TestTheOtherSnippetsInTheReadmeCompile(t *testing.T) {
	t.Parallel()
	for i, s := range snippets(t, "go") {
		if strings.HasPrefix(s, "package main") {
			continue
		}
		switch {
		case strings.HasPrefix(s, "db, err"):
			s = "func snippet(ctx context.Context, pools *command.Pools, total gateway.Money, card *gateway.Instrument) error {\n" + s + "\nreturn r.Payment.Due.Err()\n}\n"
		case !strings.HasPrefix(s, "var ") && !strings.HasPrefix(s, "func "):
			s = "func snippet(err error) {\n" + s + "}\n"
		}
		name := fmt.Sprintf("examples/zz_snippet_%d/main.go", i)
		goTool(t, []string{"build", "-o", os.DevNull, "./" + filepath.Dir(name)}, map[string]string{name: frame + s})
	}
}

// commands returns every command that the README tells to run.
func commands(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, s := range snippets(t, "sh") {
		all = append(all, strings.Split(strings.TrimSpace(s), "\n")...)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(readme(t), -1) {
		if strings.HasPrefix(m[1], "go ") || strings.HasPrefix(m[1], "bash ") || strings.HasPrefix(m[1], "ENGINE_") {
			all = append(all, m[1])
		}
	}
	require.Greater(t, len(all), 5)
	return all
}

func TestTheCommandsInTheReadmeWork(t *testing.T) {
	t.Parallel()
	for _, c := range commands(t) {
		words := strings.Fields(strings.ReplaceAll(c, "'", ""))
		switch {
		case c == "go run ./examples/crash", c == "go run ./examples/checkout": // one kills itself, one waits for visitors; their own tests run them
			goTool(t, []string{"vet", words[2]}, nil)
		case strings.HasPrefix(c, "go run "):
			goTool(t, words[1:], nil)
		case strings.Contains(c, "go test "):
			// This is such a run: what it names must exist, running it again would not end.
			for i, w := range words {
				if strings.HasPrefix(w, "./") {
					goTool(t, []string{"list", w}, nil)
				}
				if w == "-fuzz" || w == "-bench" || w == "-run" && words[i+1] != "^$" {
					pkg := words[len(words)-1]
					assert.NotEmpty(t, strings.TrimSpace(strings.TrimSuffix(goTool(t, []string{"test", "-list", words[i+1], pkg}, nil), "ok")), "%s names nothing", c)
				}
			}
		case strings.HasPrefix(c, "bash "):
			_, err := os.Stat("../" + words[1])
			assert.NoError(t, err)
		default:
			assert.Fail(t, "nobody checks this command", c)
		}
	}
}

func TestTheFoldersInTheReadmeAreThere(t *testing.T) {
	t.Parallel()
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z]+)/` \\|").FindAllStringSubmatch(readme(t), -1) {
		info, err := os.Stat("../" + m[1])
		if assert.NoError(t, err) {
			assert.True(t, info.IsDir())
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(readme(t), -1) {
		_, err := os.Stat("../" + m[1])
		assert.NoError(t, err, "a link leads nowhere")
	}
}
