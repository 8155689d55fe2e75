package browser

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	code := Main(m)
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

// site serves one page under a policy, and its frame from another origin.
func site(t *testing.T, policy, html string) string {
	t.Helper()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `<body style="margin:0"><div style="height:900px"></div><button id="inner" onclick="this.textContent='pressed'">Press</button></body>`)
	}))
	t.Cleanup(other.Close)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, strings.ReplaceAll(`<!doctype html><link rel="icon" href="data:,">`+html, "OTHER", other.URL))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// sees waits until the tab has complained, and takes the complaint.
func sees(t *testing.T, tab *Tab, want string) {
	t.Helper()
	tab.until(want, func() bool { return strings.Contains(strings.Join(tab.Problems(), "\n"), want) })
	tab.Excuse(".")
}

func TestWhatAPageDoesWrongIsNoticed(t *testing.T) {
	t.Parallel()
	shopper := NewShopper(t)
	for _, one := range []struct{ policy, html, want string }{
		{"default-src 'none'; img-src data:", `<script>1</script>`, "Content Security Policy"},
		{"", `<script>console.error("it", "broke")</script>`, "it broke"},
		{"", `<script>throw new Error("a defect")</script>`, "a defect"},
		{"", `<img src="/missing.png">`, "404"},
		{"", `<iframe sandbox src="OTHER" srcdoc="<script>1</script>"></iframe>`, "sandboxed"},
	} {
		tab := shopper.Tab()
		tab.Go(site(t, one.policy, one.html))
		sees(t, tab, one.want)
	}
}

func TestAClickReachesWhatIsInAFrameBelowTheFold(t *testing.T) {
	t.Parallel()
	for _, sandbox := range []string{"allow-scripts allow-same-origin", "allow-scripts"} { // the second has a process of its own
		tab := NewShopper(t).Tab()
		tab.Go(site(t, "", `<div style="height:2000px"></div><iframe title="x" sandbox="`+sandbox+`" src="OTHER" width="300" height="200" style="margin:50px;border:7px solid"></iframe>`))
		tab.Click("#inner")
		tab.See("#inner", "pressed")
	}
}

func TestAClickGoesToWhateverCoversTheElement(t *testing.T) {
	t.Parallel()
	tab := NewShopper(t).Tab()
	tab.Go(site(t, "", `<button id="under" onclick="document.title='under'">Under</button><div style="position:fixed;inset:0" onclick="document.title='cover'"></div>`))
	tab.Click("#under")
	tab.Wait(`document.title === "cover"`)
}

// The page moves when the pointer comes, after the last look at where things are:
// the click goes nowhere, and is made again, once.
func TestAClickIsMadeAgainWhenThePageHasMovedAway(t *testing.T) {
	t.Parallel()
	for _, click := range []func(tab *Tab){func(tab *Tab) { tab.Click("#pay") }, func(tab *Tab) { tab.ClickTwice("#pay") }} {
		tab := NewShopper(t).Tab()
		tab.Go(site(t, "", `<button id="pay">Pay</button><script>
			const pay = document.getElementById("pay")
			let clicks = 0
			addEventListener("mousemove", () => { pay.style.marginTop = "400px" }, {once: true})
			pay.addEventListener("click", () => { document.title = "paid " + ++clicks })</script>`))
		click(tab)
		tab.Wait(`document.title.startsWith("paid ")`)
	}
	tab := NewShopper(t).Tab()
	tab.Go(site(t, "", `<button id="pay" onclick="document.title += 'x'; this.style.marginTop = '400px'">Pay</button>`))
	tab.Click("#pay")
	var title string
	tab.Eval("document.title", &title)
	assert.Equal(t, "x", title, "it was reached, and moved because of that")
}

func TestShoppersHaveNothingInCommon(t *testing.T) {
	t.Parallel()
	url := site(t, "", `<p>x</p>`)
	one, two := NewShopper(t), NewShopper(t)
	first, second, other := one.Tab(), one.Tab(), two.Tab()
	for _, tab := range []*Tab{first, second, other} {
		tab.Go(url)
	}
	first.Eval(`void localStorage.setItem("a", "b")`, nil)
	var kept *string
	second.Eval(`localStorage.getItem("a")`, &kept)
	require.NotNil(t, kept)
	other.Eval(`localStorage.getItem("a")`, &kept)
	assert.Nil(t, kept)
}

func TestWithoutABrowserTestsFailInCIAndSayElsewhereWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CHROMIUM", "")
	_, err := find()
	require.ErrorIs(t, err, errNone)
	assert.Contains(t, err.Error(), "apt-get install chromium")
	assert.False(t, mayMiss(err, "true"), "in CI it must be there")
	assert.True(t, mayMiss(err, ""))
	assert.False(t, mayMiss(errors.New("it does not answer"), ""), "a browser that is there must work")
	_, _, err = start()
	require.ErrorIs(t, err, errNone)
	t.Setenv("CHROMIUM", "/nowhere/chromium")
	t.Setenv("TMPDIR", t.TempDir())
	_, _, err = start()
	require.ErrorContains(t, err, "/nowhere/chromium")
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	assert.Empty(t, left)
}
