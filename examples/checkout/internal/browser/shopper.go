package browser

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Shopper is somebody with a browser of their own: tabs of one shopper share
// cookies and storage, those of two do not.
type Shopper struct {
	t       testing.TB
	pipe    *pipe
	context string
}

// NewShopper returns a shopper, who leaves when the test ends.
func NewShopper(t testing.TB) *Shopper {
	t.Helper()
	s := &Shopper{t: t, pipe: need(t)}
	var made struct {
		ID string `json:"browserContextId"`
	}
	s.must("", "Target.createBrowserContext", nil, &made)
	s.context = made.ID
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = s.pipe.call(ctx, "", "Target.disposeBrowserContext", object{"browserContextId": s.context}, nil)
	})
	return s
}

type object = map[string]any

// try makes a call that may fail, and must makes one that must not.
func (s *Shopper) try(session, method string, params, result any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.pipe.call(ctx, session, method, params, result)
}

func (s *Shopper) must(session, method string, params, result any) {
	s.t.Helper()
	if err := s.try(session, method, params, result); err != nil {
		s.t.Fatal(err)
	}
}

// Tab opens a tab, as large as a small desktop. When the test ends, it fails for
// every problem that the tab has had and that was not excused.
func (s *Shopper) Tab() *Tab {
	s.t.Helper()
	var target struct {
		ID string `json:"targetId"`
	}
	s.must("", "Target.createTarget", object{"url": "about:blank", "browserContextId": s.context, "newWindow": true}, &target)
	var attached struct {
		ID string `json:"sessionId"`
	}
	s.must("", "Target.attachToTarget", object{"targetId": target.ID, "flatten": true}, &attached)
	tab := &Tab{Shopper: s, session: attached.ID, frame: target.ID, worlds: map[world]string{}}
	tab.follow(attached.ID)
	tab.Size(1280, 800)
	s.t.Cleanup(func() {
		for _, p := range tab.Problems() {
			s.t.Errorf("the page complained: %s", p)
		}
	})
	return tab
}

// domains are what a session is asked to tell about.
var domains = []string{"Page", "Runtime", "Log", "Network", "DOM"}

// follow hears what a session tells: that of the page, or of a frame that has a
// process of its own.
func (tab *Tab) follow(session string) {
	tab.pipe.hear(session, func(method string, params json.RawMessage) { tab.heard(session, method, params) })
	for _, domain := range domains {
		_ = tab.try(session, domain+".enable", nil, nil) // a frame may have gone meanwhile
	}
	_ = tab.try(session, "Target.setAutoAttach", object{"autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true}, nil)
}

// Tab is one tab. Its methods fail the test when what they wait for does not come.
type Tab struct {
	*Shopper

	session string
	frame   string // the main one

	scriptless bool // nothing tells whether a click has reached its element

	mu       sync.Mutex
	worlds   map[world]string // the frame of each
	loads    int
	problems []string
	excused  []*regexp.Regexp
}

// world is where scripts run: a frame's document.
type world struct {
	session string
	id      int
}

func (tab *Tab) must(method string, params, result any) {
	tab.t.Helper()
	tab.Shopper.must(tab.session, method, params, result)
}

// heard keeps what the tests need of the events.
func (tab *Tab) heard(session, method string, params json.RawMessage) {
	var e struct {
		Session string `json:"sessionId"`
		Context struct {
			ID   int `json:"id"`
			Data struct {
				Default bool   `json:"isDefault"`
				Frame   string `json:"frameId"`
			} `json:"auxData"`
		} `json:"context"`
		Gone  int    `json:"executionContextId"`
		Kind  string `json:"type"`
		Entry struct {
			Level, Source, Text, URL string
		} `json:"entry"`
		Exception struct {
			Text   string `json:"text"`
			Thrown struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
		Args []struct {
			Value       any    `json:"value"`
			Description string `json:"description"`
		} `json:"args"`
		Message string `json:"message"`
	}
	if json.Unmarshal(params, &e) != nil {
		return
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch method {
	case "Runtime.executionContextCreated":
		if e.Context.Data.Default {
			tab.worlds[world{session, e.Context.ID}] = e.Context.Data.Frame
		}
	case "Runtime.executionContextDestroyed":
		delete(tab.worlds, world{session, e.Gone})
	case "Runtime.executionContextsCleared":
		maps.DeleteFunc(tab.worlds, func(w world, _ string) bool { return w.session == session })
	case "Target.attachedToTarget": // a frame with a process of its own
		go tab.follow(e.Session)
	case "Target.detachedFromTarget":
		tab.pipe.drop(e.Session)
		maps.DeleteFunc(tab.worlds, func(w world, _ string) bool { return w.session == e.Session })
	case "Page.loadEventFired":
		if session == tab.session {
			tab.loads++
		}
	case "Page.javascriptDialogOpening":
		tab.problems = append(tab.problems, "a dialog: "+e.Message)
	case "Runtime.exceptionThrown":
		tab.problems = append(tab.problems, e.Exception.Text+" "+e.Exception.Thrown.Description)
	case "Runtime.consoleAPICalled":
		if e.Kind == "error" || e.Kind == "warning" || e.Kind == "assert" {
			said := []string{"console." + e.Kind + ":"}
			for _, a := range e.Args {
				text, _ := a.Value.(string)
				said = append(said, text+a.Description)
			}
			tab.problems = append(tab.problems, strings.Join(said, " "))
		}
	case "Log.entryAdded":
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			tab.problems = append(tab.problems, e.Entry.Source+": "+e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// Excuse lets problems pass that match a regular expression, before or after they
// occur: such as the failing requests of a shopper who is sent into a tunnel.
func (tab *Tab) Excuse(pattern string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.excused = append(tab.excused, regexp.MustCompile(pattern))
}

// Problems returns what the tab has complained about and is not excused.
func (tab *Tab) Problems() (all []string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
next:
	for _, p := range tab.problems {
		for _, e := range tab.excused {
			if e.MatchString(p) {
				continue next
			}
		}
		all = append(all, p)
	}
	return all
}
