package status_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
)

// setup is what a page is made of.
type setup struct {
	Base    string            `json:"base"`
	Client  string            `json:"client"`
	Data    map[string]string `json:"data"`
	Options map[string]any    `json:"options,omitempty"` // nil: the client starts by itself
	Page    string            `json:"page,omitempty"`    // the event that the page handles
	Fails   string            `json:"fails,omitempty"`   // the event in which the page breaks
	Refuse  int               `json:"refuse,omitempty"`  // how many requests fail at first
}

// browser runs the client, as the handler serves it, in Node with a small DOM.
// Code from strings is forbidden there.
type browser struct {
	*testing.T
	lines chan seen
	in    io.Writer
}

// seen is one thing that happened in a browser.
type seen struct {
	Event    string
	Shown    string
	Detail   json.RawMessage
	DOM      *dom
	Fetch    string
	Cache    string
	Redirect string
	Assign   string
	Submit   map[string]any
	Sleep    float64
	Stopped  string
	Uncaught string
}

type dom struct {
	Tag        string
	Attributes map[string]string
	Text       string
	Children   []*dom
}

func (d *dom) find(tag string) *dom {
	if d == nil || d.Tag == tag {
		return d
	}
	for _, c := range d.Children {
		if found := c.find(tag); found != nil {
			return found
		}
	}
	return nil
}

func (w *world) browse(t *testing.T, token string, change ...func(s *setup)) *browser {
	t.Helper()
	s := setup{Base: w.server.URL, Client: w.server.URL + w.service.ClientPath(), Data: map[string]string{
		"payment": "/v1/payments/" + token, "frames": "https://psp.example https://other.example", "return": "/checkout", "done": "/thanks",
	}}
	for _, c := range change {
		c(&s)
	}
	raw, err := json.Marshal(s)
	require.NoError(t, err)
	node, err := exec.LookPath("node")
	require.NoError(t, err, "the client's tests need Node (Debian's package is nodejs)")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	cmd := exec.CommandContext(ctx, node, "--disallow-code-generation-from-strings", filepath.Join("testdata", "browser.mjs"), string(raw))
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	b := &browser{T: t, lines: make(chan seen, 10_000), in: in}
	noise := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(stderr)
		noise <- string(text)
	}()
	go func() {
		defer close(b.lines)
		scan := bufio.NewScanner(out)
		scan.Buffer(nil, 1<<20)
		for scan.Scan() {
			var s seen
			if json.Unmarshal(scan.Bytes(), &s) == nil {
				b.lines <- s
			}
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		for range b.lines { //nolint:revive // until it has ended
		}
		assert.Empty(t, <-noise)
		assert.NoError(t, cmd.Wait())
		cancel()
	})
	return b
}

func (b *browser) do(command string) {
	b.Helper()
	_, err := io.WriteString(b.in, command+"\n")
	require.NoError(b, err)
}

// until returns the next thing seen that is right.
func (b *browser) until(right func(s seen) bool) seen {
	b.Helper()
	after := time.After(25 * time.Second)
	for {
		select {
		case s, open := <-b.lines:
			require.True(b, open, "the browser has ended")
			if right(s) {
				return s
			}
		case <-after:
			require.Fail(b, "the browser did not get there")
		}
	}
}

func (b *browser) event(name string) seen {
	b.Helper()
	return b.until(func(s seen) bool { return s.Event == name })
}

// shown returns what the page shows after an event.
func (b *browser) shown(name string) *dom {
	b.Helper()
	return b.until(func(s seen) bool { return s.Shown == name }).DOM
}

func (b *browser) view() (v status.View) {
	b.Helper()
	require.NoError(b, json.Unmarshal(b.event("payment-status").Detail, &v))
	return v
}

func TestC22TheShopperSeesEveryStepAndIsNeverBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(t, w.pay("pay_17"))
	assert.Equal(t, "Your payment is being processed.", b.shown("payment-status").find("p").Text)
	w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionIframe, URL: "https://psp.example/frame"})
	frame := b.shown("payment-action").find("iframe")
	require.NotNil(t, frame)
	assert.Equal(t, "https://psp.example/frame", frame.Attributes["src"])
	w.held(1) // the frame is shown while it goes on asking
	w.phase("pay_17", "reserve.pending")
	assert.Equal(t, "reserve.pending", b.view().Phase)
	w.move("pay_17", gateway.StateSucceeded)
	assert.True(t, b.view().Terminal)
	b.event("payment-end")
	assert.Equal(t, "/thanks", b.until(func(s seen) bool { return s.Assign != "" }).Assign)
	w.held(0)
}

func TestC22AFailureIsToldAndLeadsBackToTheChoiceOfMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	w.move("pay_17", gateway.StateFailed)
	b := w.browse(t, token)
	page := b.shown("payment-end")
	assert.Equal(t, "Your payment did not go through. Nothing was charged.", page.find("p").Text)
	assert.Equal(t, "/checkout", page.find("a").Attributes["href"])

	w = newWorld(t)
	b = w.browse(t, "forged")
	assert.Equal(t, "/checkout", b.shown("payment-end").find("a").Attributes["href"], "one that does not exist, too")
}

func TestC22TheShopperReturnsToThePageAndItResumes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(t, w.pay("pay_17"))
	b.view()
	w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionRedirect, URL: "https://bank.example/1"})
	assert.Equal(t, "https://bank.example/1", b.until(func(s seen) bool { return s.Assign != "" }).Assign)
	b.do("reload")
	back := b.shown("payment-action")
	assert.Equal(t, "https://bank.example/1", back.find("a").Attributes["href"], "who comes back is not sent away again, and may go")
	w.move("pay_17", gateway.StateSucceeded)
	b.event("payment-end")
	assert.Equal(t, "/thanks", b.until(func(s seen) bool { return s.Assign != "" }).Assign, "no second redirect came before")
}

// What a notification adds to what the answer said changes the view, not what is to be done.
func TestC22TheSameThingToDoIsNotDoneAgainWhenSomethingElseChanges(t *testing.T) {
	t.Parallel()
	for _, a := range []gateway.Action{
		{Kind: gateway.ActionRedirect, URL: "https://bank.example/1"},
		{Kind: gateway.ActionForm, URL: "https://bank.example/1", Fields: map[string]string{"PaReq": "x"}},
		{Kind: gateway.ActionIframe, URL: "https://psp.example/frame"},
	} {
		w := newWorld(t)
		b := w.browse(t, w.pay("pay_17"))
		asked, left := 0, 0
		until := func(event string) {
			b.until(func(s seen) bool {
				if s.Event == "payment-action" {
					asked++
				}
				if s.Assign != "" || s.Submit != nil {
					left++
				}
				return s.Shown == event
			})
		}
		until("payment-status")
		w.move("pay_17", gateway.StateActionRequired, &a)
		until("payment-action")
		w.phase("pay_17", "prepare.pending")
		until("payment-status")
		b.do("reload")
		until("payment-action")
		w.phase("pay_17", "prepare.done")
		until("payment-status")
		w.move("pay_17", gateway.StateFailed)
		until("payment-end")
		assert.Equal(t, 2, asked, "%s: once by each page", a.Kind)
		assert.Equal(t, map[bool]int{true: 0, false: 1}[a.Kind == gateway.ActionIframe], left, "%s: the shopper is sent away once", a.Kind)
	}
}

func TestC26TheFirstRequestHasNoStatusAndEveryAnswerIsFollowedByANewOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	b := w.browse(t, token)
	fetched := func() seen { return b.until(func(s seen) bool { return s.Fetch != "" }) }
	first := fetched()
	assert.Equal(t, "/v1/payments/"+token, first.Fetch)
	assert.Equal(t, "no-store", first.Cache, "C25: caches are bypassed")
	assert.Equal(t, "error", first.Redirect)
	v := w.view(token)
	assert.Equal(t, first.Fetch+"?known="+v.Version, fetched().Fetch)
	w.phase("pay_17", "reserve.pending")
	assert.Equal(t, first.Fetch+"?known="+w.view(token).Version, fetched().Fetch)
	w.move("pay_17", gateway.StateFailed)
	b.event("payment-end")
}

func TestC26ADefectOfThePageDoesNotEndTheAsking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(t, w.pay("pay_17"), func(s *setup) { s.Fails = "payment-status" })
	b.view()
	assert.Equal(t, "a page's own defect", b.until(func(s seen) bool { return s.Uncaught != "" }).Uncaught)
	w.move("pay_17", gateway.StateSucceeded)
	b.event("payment-end")
}

func TestC26ActionsAreFollowedAndReachNothingOfThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	b := w.browse(t, token)
	b.view()
	act := func(a gateway.Action) *dom {
		w.move("pay_17", gateway.StateActionRequired, &a)
		return b.shown("payment-action")
	}
	fragment := `<p id="x">Pay</p><script>parent.document.title = "taken"</script>`
	frame := act(gateway.Action{Kind: gateway.ActionHTML, HTML: fragment}).find("iframe")
	assert.Equal(t, "/v1/payments/"+token+"/frame?action="+w.view(token).Action.ID, frame.Attributes["src"])
	assert.Equal(t, "allow-scripts allow-forms allow-popups allow-top-navigation-by-user-activation", frame.Attributes["sandbox"], "without an origin")

	fields := act(gateway.Action{Kind: gateway.ActionDisplay, Fields: map[string]string{"iban": `ES00<img src=x onerror=alert(1)>`}})
	assert.Equal(t, `ES00<img src=x onerror=alert(1)>`, fields.find("dd").Text, "as text")

	w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionForm, URL: "https://bank.example/f", Fields: map[string]string{"PaReq": "x", "submit": "y"}})
	assert.Equal(t, map[string]any{"action": "https://bank.example/f", "method": "post", "fields": map[string]any{"PaReq": "x", "submit": "y"}},
		b.until(func(s seen) bool { return s.Submit != nil }).Submit)
	assert.NotNil(t, b.shown("payment-action").find("button"), "should the browser not send it")

	for _, url := range []string{"https://evil.example/frame", "https://psp.example.evil.example/", "https://shop.example/own"} {
		page := act(gateway.Action{Kind: gateway.ActionIframe, URL: url})
		assert.Nil(t, page.find("iframe"), "%s is no origin that the page allows", url)
		assert.Equal(t, "/checkout", page.find("a").Attributes["href"])
	}
	page := act(gateway.Action{Kind: gateway.ActionRedirect, URL: "http://bank.example/"})
	assert.NotEqual(t, "http://bank.example/", page.find("a").Attributes["href"], "not from https to http")
	page = act(gateway.Action{Kind: gateway.ActionChallenge, Fields: map[string]string{"creq": "x"}})
	assert.Equal(t, "/checkout", page.find("a").Attributes["href"], "what the page does not handle cannot be shown")
}

func TestC26ThePageMayFollowAnActionItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(t, w.pay("pay_17"), func(s *setup) { s.Page = "payment-action" })
	b.view()
	w.move("pay_17", gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionChallenge, Fields: map[string]string{"creq": "x"}})
	var a status.Action
	require.NoError(t, json.Unmarshal(b.event("payment-action").Detail, &a))
	assert.Equal(t, map[string]string{"creq": "x"}, a.Fields)
	assert.Nil(t, b.shown("payment-action").find("a"), "nothing is said of what cannot be shown")
}

// C27, with growing pauses in place of 10 ms more each time: what is asked of a
// server that fails gets less and less.
func TestC27FailuresAreAnsweredByLongerPausesAndThenTheShopperIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(t, w.pay("pay_17"), func(s *setup) {
		s.Refuse, s.Options = 8, map[string]any{"failures": 8}
	})
	for _, want := range []float64{0.5, 1, 2, 4, 8, 16, 20} {
		assert.InDelta(t, want, b.until(func(s seen) bool { return s.Sleep > 0 }).Sleep, 1e-9)
	}
	page := b.shown("payment-ask")
	assert.Equal(t, "Try again", page.find("button").Text)
	assert.Equal(t, "ask", b.until(func(s seen) bool { return s.Stopped != "" }).Stopped, "it asks no more by itself")
	b.do("click")
	assert.Equal(t, status.WordProcessing, b.view().Status, "who says yes begins anew")
	w.move("pay_17", gateway.StateSucceeded)
	b.event("payment-end")
}

func TestC27ASuccessForgetsTheFailuresAndAServerThatWantsRestGetsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inner := w.service.Handler()
	answers := make(chan int, 100)
	for _, code := range []int{500, 502, 0, 503, 429} {
		answers <- code
	}
	w.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == w.service.ClientPath() {
			inner.ServeHTTP(rw, r)
			return
		}
		select {
		case code := <-answers:
			if code > 0 {
				rw.Header().Set("Retry-After", "7")
				rw.WriteHeader(code)
				return
			}
		default:
		}
		inner.ServeHTTP(rw, r)
	}))
	token := w.pay("pay_17")
	b := w.browse(t, token, func(s *setup) { s.Options = map[string]any{"failures": 3} })
	slept := func() float64 { return b.until(func(s seen) bool { return s.Sleep > 0 }).Sleep }
	assert.InDelta(t, 7, slept(), 1e-9, "as long as the server wants")
	slept()
	b.view()
	slept()
	slept() // four failures in all, and never three in a row
	w.held(1)
	w.move("pay_17", gateway.StateSucceeded)
	b.event("payment-end")
}

func TestAPageThatIsStoppedAsksNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(t, w.pay("pay_17"), func(s *setup) { s.Options = map[string]any{"failures": 8} })
	b.view()
	w.held(1)
	b.do("stop")
	assert.Equal(t, "stopped", b.until(func(s seen) bool { return s.Stopped != "" }).Stopped)
	w.held(0)
}

func TestAPageFromTheBrowsersCacheAsksAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(t, w.pay("pay_17"))
	b.view()
	w.held(1)
	b.do("cached")
	b.until(func(s seen) bool { return s.Fetch != "" })
	w.move("pay_17", gateway.StateSucceeded)
	b.event("payment-end")
}
