package webhook_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// W8: what is secret is compared by hmac.Equal, subtle, Secret.Equal or the
// signature libraries alone. No file of the packages that verify compares byte
// slices or names a signature beside == or !=, and there is no other function
// that compares.
func TestW8OnlyConstantTimeComparisons(t *testing.T) {
	t.Parallel()
	read := 0
	for _, pattern := range []string{"*.go", "../inbox/*.go", "../returns/*.go", "../../providers/sandbox/webhook.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			read++
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, nil, 0)
			require.NoError(t, err)
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BinaryExpr:
					if n.Op == token.EQL || n.Op == token.NEQ {
						for _, side := range []ast.Expr{n.X, n.Y} {
							assert.False(t, secretive(side), "%s compares %s in a time that tells", fset.Position(n.Pos()), words(side))
						}
					}
				case *ast.SelectorExpr:
					x, _ := n.X.(*ast.Ident)
					if x != nil && (x.Name == "bytes" || x.Name == "reflect" || x.Name == "strings" || x.Name == "slices") {
						assert.NotContains(t, []string{"Equal", "Compare", "DeepEqual", "EqualFunc"}, n.Sel.Name, "%s", fset.Position(n.Pos()))
					}
				}
				return true
			})
		}
	}
	assert.Greater(t, read, 20)
}

// words returns the names in an expression, without those of a len.
func words(e ast.Expr) (all string) {
	ast.Inspect(e, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "len" {
				return false
			}
		}
		if id, ok := n.(*ast.Ident); ok {
			all += " " + strings.ToLower(id.Name)
		}
		return true
	})
	return all
}

// secretive reports whether an expression is, by its name, a secret or a signature.
func secretive(e ast.Expr) bool {
	for _, word := range strings.Fields(words(e)) {
		for _, s := range []string{"secret", "signature", "mac", "password", "reveal", "sum", "want", "got", "token"} {
			if word == s {
				return true
			}
		}
	}
	return false
}
