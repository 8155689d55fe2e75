package browser

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// pause is between two looks.
const pause = 40 * time.Millisecond

// until looks again and again.
func (tab *Tab) until(what string, look func() bool) {
	tab.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(pause) {
		if look() {
			return
		}
		if time.Now().After(end) {
			tab.t.Fatalf("waited in vain for %s\n%s", what, tab.everything())
		}
	}
}

// everything says what the tab shows, for a test that fails.
func (tab *Tab) everything() string {
	all := ""
	for _, at := range tab.frames() {
		var text string
		if tab.run(at, `location.href + "\n" + (document.body ? document.body.innerText : "")`, &text) == nil {
			all += "--- " + text + "\n"
		}
	}
	for _, p := range tab.Problems() {
		all += "--- problem: " + p + "\n"
	}
	return all
}

// frames returns where scripts can be run, the main frame first.
func (tab *Tab) frames() (all []world) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for at, frame := range tab.worlds {
		if frame == tab.frame {
			all = slices.Insert(all, 0, at)
		} else {
			all = append(all, at)
		}
	}
	return all
}

// run evaluates an expression in a frame.
func (tab *Tab) run(at world, js string, into any) error {
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Thrown *struct {
			Text   string `json:"text"`
			Thrown struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	err := tab.try(at.session, "Runtime.evaluate", object{"expression": js, "contextId": at.id, "returnByValue": true, "awaitPromise": true}, &answer)
	switch {
	case err != nil:
		return err
	case answer.Thrown != nil:
		return fmt.Errorf("%s: %s %s", js, answer.Thrown.Text, answer.Thrown.Thrown.Description)
	case into == nil:
		return nil
	}
	return json.Unmarshal(answer.Result.Value, into)
}

// Eval evaluates an expression in the page and reads its value into a pointer. It
// waits until the page has come.
func (tab *Tab) Eval(js string, into any) {
	tab.t.Helper()
	var err error
	tab.until(js, func() bool {
		all := tab.frames()
		if len(all) == 0 {
			return false
		}
		err = tab.run(all[0], js, into)
		return err == nil
	})
}

// Wait waits until an expression is true in the page.
func (tab *Tab) Wait(js string) {
	tab.t.Helper()
	tab.until(js, func() bool {
		yes := false
		all := tab.frames()
		return len(all) > 0 && tab.run(all[0], "!!("+js+")", &yes) == nil && yes
	})
}

// See waits until the page, or a frame in it, shows an element that has a text.
func (tab *Tab) See(selector, text string) {
	tab.t.Helper()
	js := `Array.from(document.querySelectorAll(` + quote(selector) + `)).some(e => e.checkVisibility() && e.innerText.includes(` + quote(text) + `))`
	tab.until(fmt.Sprintf("%q in %s", text, selector), func() bool {
		for _, at := range tab.frames() {
			yes := false
			if tab.run(at, js, &yes) == nil && yes {
				return true
			}
		}
		return false
	})
}

// Shows reports whether the page shows such an element now.
func (tab *Tab) Shows(selector string) (yes bool) {
	tab.t.Helper()
	tab.Eval(`Array.from(document.querySelectorAll(`+quote(selector)+`)).some(e => e.checkVisibility())`, &yes)
	return yes
}

// Path waits until the page's address has this path, or one that begins with it
// when it ends with a slash.
func (tab *Tab) Path(path string) {
	tab.t.Helper()
	tab.Wait(`document.readyState === "complete" && (location.pathname === ` + quote(path) + ` || ` + quote(path) + `.endsWith("/") && location.pathname.startsWith(` + quote(path) + `))`)
}

// URL returns the page's address.
func (tab *Tab) URL() (url string) {
	tab.t.Helper()
	tab.Eval("location.href", &url)
	return url
}

func quote(text string) string { return strconv.QuoteToASCII(text) } // of letters and the like: the same in JavaScript
