package browser

import (
	"fmt"
	"slices"
	"time"
)

// Go visits an address and waits until it is loaded.
func (tab *Tab) Go(url string) {
	tab.t.Helper()
	tab.loaded(func() {
		var went struct {
			Error string `json:"errorText"`
		}
		tab.must("Page.navigate", object{"url": url}, &went)
		if went.Error != "" {
			tab.t.Fatalf("%s: %s", url, went.Error)
		}
	})
}

// Reload loads the page again.
func (tab *Tab) Reload() {
	tab.t.Helper()
	tab.loaded(func() { tab.must("Page.reload", nil, nil) })
}

// Back goes back by one page, as the browser's button does.
func (tab *Tab) Back() {
	tab.t.Helper()
	var history struct {
		At      int `json:"currentIndex"`
		Entries []struct {
			ID int `json:"id"`
		} `json:"entries"`
	}
	tab.must("Page.getNavigationHistory", nil, &history)
	if history.At == 0 {
		tab.t.Fatal("there is nothing to go back to")
	}
	tab.must("Page.navigateToHistoryEntry", object{"entryId": history.Entries[history.At-1].ID}, nil)
}

func (tab *Tab) loaded(begin func()) {
	tab.t.Helper()
	count := func() int {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		return tab.loads
	}
	before := count()
	begin()
	tab.until("the page to load", func() bool { return count() > before })
}

// Click clicks in the middle of an element of the page or of a frame in it, once
// the element is there.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	if err := tab.click(selector, 1); err != nil {
		tab.t.Fatal(err)
	}
}

// ClickTwice clicks twice, as fast as an impatient shopper does: the second click
// goes to the same place, whatever is there by then.
func (tab *Tab) ClickTwice(selector string) {
	tab.t.Helper()
	if err := tab.click(selector, 2); err != nil {
		tab.t.Log(err) // the page that was clicked at may have gone before its last click
	}
}

// doubleClick is what people take from one click to the next.
const doubleClick = 120 * time.Millisecond

// click clicks where an element stands. A page that moves between the look and the
// click, as one does on a machine that is busy, is clicked at once more.
func (tab *Tab) click(selector string, times int) (err error) {
	tab.t.Helper()
	for end := time.Now().Add(patience); ; {
		var at world
		var x, y float64
		tab.until("something to click at "+selector+" that stands still", func() bool {
			wasX, wasY := x, y
			there := slices.ContainsFunc(tab.frames(), func(w world) bool { at = w; return tab.place(w, selector, &x, &y) })
			return there && x == wasX && y == wasY // what was just scrolled to cannot be hit yet
		})
		if !tab.scriptless { // else the page would complain of the script that listens
			_ = tab.run(at, `globalThis.clicked = false; `+element(selector)+`?.addEventListener("click", () => { globalThis.clicked = true }, {capture: true, once: true})`, nil)
		}
		mouse := func(kind string, clicks int) error {
			button := map[bool]string{true: "none", false: "left"}[clicks == 0]
			return tab.try(tab.session, "Input.dispatchMouseEvent", object{"type": kind, "x": x, "y": y, "button": button, "clickCount": clicks}, nil)
		}
		press := func(clicks int) error {
			if err := mouse("mousePressed", clicks); err != nil {
				return err
			}
			return mouse("mouseReleased", clicks)
		}
		if err = mouse("mouseMoved", 0); err == nil {
			err = press(1)
		}
		if err == nil && tab.missed(at, selector, x, y) && time.Now().Before(end) {
			continue
		}
		for n := 2; n <= times && err == nil; n++ {
			time.Sleep(doubleClick)
			err = press(n)
		}
		return err
	}
}

// missed reports whether a click certainly did not reach its element, because that
// is somewhere else by now. One that is covered where it stands was not missed.
func (tab *Tab) missed(at world, selector string, x, y float64) bool {
	var clicked bool
	if tab.scriptless || tab.run(at, "globalThis.clicked === true", &clicked) != nil || clicked {
		return false // it went to where the click leads
	}
	var nowX, nowY float64
	return tab.place(at, selector, &nowX, &nowY) && (nowX != x || nowY != y)
}

// element returns an expression for the element that a selector means.
func element(selector string) string {
	return `Array.from(document.querySelectorAll(` + quote(selector) + `)).find(e => e.checkVisibility() && !e.disabled)`
}

// place finds the middle of an element, scrolled into view.
func (tab *Tab) place(at world, selector string, x, y *float64) bool {
	var found struct {
		Result struct {
			ID string `json:"objectId"`
		} `json:"result"`
	}
	if tab.try(at.session, "Runtime.evaluate", object{"expression": element(selector), "contextId": at.id}, &found) != nil || found.Result.ID == "" {
		return false
	}
	it := object{"objectId": found.Result.ID}
	if tab.try(at.session, "DOM.scrollIntoViewIfNeeded", it, nil) != nil {
		return false
	}
	left, top, right, bottom, ok := tab.box(at.session, it)
	if !ok {
		return false
	}
	*x, *y = (left+right)/2, (top+bottom)/2
	if at.session == tab.session {
		return true
	}
	// A frame with a process of its own counts from its own corner.
	var owner struct {
		Node int `json:"backendNodeId"`
	}
	tab.mu.Lock()
	frame := tab.worlds[at]
	tab.mu.Unlock()
	if tab.try(tab.session, "DOM.getFrameOwner", object{"frameId": frame}, &owner) != nil {
		return false
	}
	var box struct {
		Model struct {
			Content []float64 `json:"content"` // within its border
		} `json:"model"`
	}
	if tab.try(tab.session, "DOM.getBoxModel", object{"backendNodeId": owner.Node}, &box) != nil || len(box.Model.Content) != 8 {
		return false
	}
	*x, *y = *x+box.Model.Content[0], *y+box.Model.Content[1]
	return true
}

// box returns where something is in its viewport.
func (tab *Tab) box(session string, it object) (left, top, right, bottom float64, ok bool) {
	var at struct {
		Quads [][]float64 `json:"quads"`
	}
	if tab.try(session, "DOM.getContentQuads", it, &at) != nil || len(at.Quads) == 0 || len(at.Quads[0]) != 8 {
		return 0, 0, 0, 0, false
	}
	q := at.Quads[0]
	return q[0], q[1], q[4], q[5], true
}

// Press presses keys by their names, such as "Tab", "Enter", " " or "ArrowDown".
func (tab *Tab) Press(keys ...string) {
	tab.t.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13, " ": 32, "ArrowUp": 38, "ArrowDown": 40}
	for _, key := range keys {
		code, known := codes[key]
		if !known {
			tab.t.Fatalf("the key %q is not known", key)
		}
		down := object{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code}
		if key == "Enter" {
			down["text"] = "\r"
		}
		if key == " " {
			down["text"], down["code"] = " ", "Space"
		}
		tab.must("Input.dispatchKeyEvent", down, nil)
		tab.must("Input.dispatchKeyEvent", object{"type": "keyUp", "key": key, "code": down["code"], "windowsVirtualKeyCode": code}, nil)
	}
}

// Offline cuts the tab off from every network, or connects it again.
func (tab *Tab) Offline(off bool) {
	tab.t.Helper()
	tab.must("Network.emulateNetworkConditions", object{"offline": off, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}, nil)
}

// NoScripts forbids every script from the next page on.
func (tab *Tab) NoScripts() {
	tab.t.Helper()
	tab.must("Emulation.setScriptExecutionDisabled", object{"value": true}, nil)
	tab.scriptless = true
}

// Size makes the tab a screen of so many pixels: a telephone's when it is narrow.
func (tab *Tab) Size(width, height int) {
	tab.t.Helper()
	tab.must("Emulation.setDeviceMetricsOverride", object{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
}

// Dark asks for dark colours, or for light ones.
func (tab *Tab) Dark(on bool) {
	tab.t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[on]
	tab.must("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// String names the tab in messages.
func (tab *Tab) String() string { return fmt.Sprintf("tab %.8s", tab.frame) }
