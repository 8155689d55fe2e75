package command_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the repository, seen from this package.
const root = ".."

// tree is what stands in the repository: the source of every test function with
// its comment, by "folder.TestName", and every package's comment, by folder.
type tree struct{ tests, docs map[string]string }

var readTree = sync.OnceValues(func() (tree, error) {
	all := tree{tests: map[string]string{}, docs: map[string]string{}}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		return all.read(path)
	})
	return all, err
})

func (a tree) read(path string) error {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
	if err != nil {
		return nil //nolint:nilerr // go vet says so better; what is named and missing is told here
	}
	folder, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		return err
	}
	folder = filepath.ToSlash(folder)
	if !strings.HasSuffix(path, "_test.go") {
		if file.Doc != nil {
			a.docs[folder] += file.Doc.Text()
		}
		return nil
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
			a.tests[folder+"."+f.Name.Name] = source(file, f)
		}
	}
	return nil
}

// source returns the words of a test in which it may name a row: its name, its
// comment and the texts in it.
func source(file *ast.File, f *ast.FuncDecl) string {
	words := f.Name.Name + " " + f.Doc.Text()
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			words += " " + lit.Value
		}
		return true
	})
	for _, c := range file.Comments {
		if c.Pos() > f.Pos() && c.End() < f.End() {
			words += " " + c.Text()
		}
	}
	return words
}

func repository(t *testing.T) tree {
	t.Helper()
	all, err := readTree()
	require.NoError(t, err)
	require.Greater(t, len(all.tests), 200)
	return all
}
