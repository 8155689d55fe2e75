package request

import (
	"strconv"
	"strings"
)

// nextStep cuts the first step off a path. The empty path has no steps.
func nextStep(path string) (step, rest string, more bool) {
	step, rest, more = strings.Cut(path, "/")
	if strings.IndexByte(step, '~') >= 0 {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
	}
	return step, rest, more
}

func escapeStep(name string) string {
	if !strings.ContainsAny(name, "/~") {
		return name
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

func joinPath(steps []string) string {
	escaped := make([]string, len(steps))
	for i, s := range steps {
		escaped[i] = escapeStep(s)
	}
	return strings.Join(escaped, "/")
}

// position reads a step as a place in a list: digits without leading zeros. It returns -1 for anything else.
func position(step string) int {
	if step == "" || len(step) > 9 || step[0] == '0' && len(step) > 1 {
		return -1
	}
	n := 0
	for i := range len(step) {
		if step[i] < '0' || step[i] > '9' {
			return -1
		}
		n = 10*n + int(step[i]-'0')
	}
	return n
}

// lookup follows path from i; -1 when it leads nowhere. The empty path is i itself.
func (a *arena) lookup(i int32, path string) int32 {
	if path == "" {
		return i
	}
	for more := true; more; {
		var step string
		step, path, more = nextStep(path)
		if i = a.step(i, step); i == 0 {
			return -1
		}
	}
	return i
}

func (a *arena) step(i int32, step string) int32 {
	if a.nodes[i].kind == KindList {
		return a.element(i, position(step))
	}
	c := a.child(i, step)
	if c == 0 && a.loose && step == "0" {
		return i // a list of one, see Value.At
	}
	return c
}

// resolve follows steps from the root; 0 when they lead nowhere.
func (a *arena) resolve(steps []string) int32 {
	i := int32(0)
	for _, s := range steps {
		if i = a.step(i, s); i == 0 {
			return 0
		}
	}
	return i
}

// steps appends the steps that lead from the root to i.
func (a *arena) steps(i int32, dst []string) []string {
	if i == 0 {
		return dst
	}
	n := &a.nodes[i]
	dst = a.steps(n.up, dst)
	if a.nodes[n.up].kind == KindList {
		return append(dst, strconv.Itoa(a.place(i)))
	}
	return append(dst, n.name)
}

// place counts the live elements before i in its list.
func (a *arena) place(i int32) int {
	k := 0
	for c := a.first(a.nodes[i].up); c != 0 && c != i; c = a.next(c) {
		k++
	}
	return k
}
