package command

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// String returns the tree.
func (d Description) String() string { return d.Tree() }

// ours is the library's own module, which a tree need not repeat on every line.
var ours = strings.TrimSuffix(reflect.TypeFor[Description]().PkgPath(), "command")

// Tree returns the description as a tree, for terminals. Places in this library
// are shown without its module path.
func (d Description) Tree() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.%s  (%s, %s)\n", d.Provider, d.Operation, d.Kind, d.Site)
	writeTree(&b, "", d.Stages)
	return strings.ReplaceAll(b.String(), ours, "")
}

func writeTree(b *strings.Builder, indent string, elements []Element) {
	for i, e := range elements {
		branch, below := "├─ ", "│  "
		if i == len(elements)-1 {
			branch, below = "└─ ", "   "
		}
		b.WriteString(indent + branch + e.Name)
		if e.Is != "" {
			b.WriteString("  " + e.Is)
		}
		if e.Site != "" {
			b.WriteString("  (" + e.Site + ")")
		}
		b.WriteByte('\n')
		bar := "   "
		if len(e.Parts) > 0 {
			bar = "│  "
		}
		for _, note := range e.Notes {
			b.WriteString(indent + below + bar + "· " + note + "\n")
		}
		writeTree(b, indent+below, e.Parts)
	}
}

// JSON returns the description as indented JSON.
func (d Description) JSON() ([]byte, error) { return json.MarshalIndent(d, "", "  ") }

// Mermaid returns the description as a Mermaid flowchart, for documents and
// pull requests: one box per stage in the order in which they act, their parts inside.
func (d Description) Mermaid() string {
	var b strings.Builder
	fmt.Fprintf(&b, "flowchart LR\n  subject([%s])\n", label(d.Provider+"."+string(d.Operation)))
	previous := "subject"
	for i, stage := range d.Stages {
		id := fmt.Sprintf("s%d", i)
		if stage.Name == "endpoint" {
			fmt.Fprintf(&b, "  %s[/%s/]\n  client -.- %s\n", id, label(strings.Join(append([]string{"endpoint"}, stage.Notes...), "\n")), id)
			continue
		}
		if stage.Name == "client" {
			id = "client"
		}
		if len(stage.Parts) == 0 {
			fmt.Fprintf(&b, "  %s[%s]\n", id, label(strings.TrimSpace(stage.Name+"\n"+stage.Is)))
		} else {
			fmt.Fprintf(&b, "  subgraph %s[%s]\n    direction TB\n", id, label(stage.Name))
			mermaidParts(&b, "    ", id, stage.Parts)
			b.WriteString("  end\n")
		}
		if d.Kind != "strategy" {
			fmt.Fprintf(&b, "  %s --> %s\n", previous, id)
			previous = id
		} else {
			fmt.Fprintf(&b, "  subject -. one of .-> %s\n", id)
		}
	}
	if d.Kind != "strategy" {
		fmt.Fprintf(&b, "  %s --> outcome([%s])\n", previous, label("outcome"))
	}
	return b.String()
}

func mermaidParts(b *strings.Builder, indent, prefix string, parts []Element) {
	previous := ""
	for i, p := range parts {
		id := fmt.Sprintf("%s_%d", prefix, i)
		if len(p.Parts) > 0 {
			fmt.Fprintf(b, "%ssubgraph %s[%s]\n", indent, id, label(p.Name))
			mermaidParts(b, indent+"  ", id, p.Parts)
			fmt.Fprintf(b, "%send\n", indent)
		} else {
			fmt.Fprintf(b, "%s%s[%s]\n", indent, id, label(p.Name))
		}
		if previous != "" {
			fmt.Fprintf(b, "%s%s --> %s\n", indent, previous, id)
		}
		previous = id
	}
}

// label quotes a text for Mermaid, which knows no backslash.
func label(s string) string {
	return `"` + strings.NewReplacer(`"`, "#quot;", "<", "#lt;", ">", "#gt;", "\n", "<br/>").Replace(s) + `"`
}
