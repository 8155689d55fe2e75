package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything is waited for: a machine may be busy.
const patience = 30 * time.Second

// names are what Chromium is called in various places.
var names = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"}

// chromium is the one browser of a test binary.
var chromium struct {
	once  sync.Once
	pipe  *pipe
	close func()
	err   error
}

// Main runs a package's tests and then closes the browser, if one was started.
func Main(m *testing.M) int {
	code := m.Run()
	if chromium.close != nil {
		chromium.close()
	}
	return code
}

// need starts the browser when it does not run yet. Where there is none, the test
// fails in CI, and is skipped elsewhere with what to install.
func need(t testing.TB) *pipe {
	t.Helper()
	chromium.once.Do(func() { chromium.pipe, chromium.close, chromium.err = start() })
	if mayMiss(chromium.err, os.Getenv("CI")) {
		t.Skip(chromium.err)
	}
	if chromium.err != nil {
		t.Fatal(chromium.err)
	}
	return chromium.pipe
}

// mayMiss reports whether a test may go without the browser: where there is none,
// and nobody counts on the test.
func mayMiss(err error, ci string) bool { return errors.Is(err, errNone) && ci == "" }

var errNone = errors.New("this test needs Chromium: apt-get install chromium, or say in CHROMIUM where a Chromium or Chrome is")

func find() (string, error) {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path, nil
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNone
}

// start starts a Chromium that reads from its descriptor 3 and writes to its
// descriptor 4: no port is opened. It has a profile of its own, which is removed,
// and calls nobody but the pages that it is sent to.
func start() (_ *pipe, stop func(), err error) {
	path, err := find()
	if err != nil {
		return nil, nil, err
	}
	profile, err := os.MkdirTemp("", "chromium-test-")
	if err != nil {
		return nil, nil, err
	}
	theirs, ours, err := pipes()
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(profile))
	}
	said := &tail{}
	cmd := exec.Command(path, flags(profile)...)
	cmd.ExtraFiles = theirs
	cmd.Stderr = said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that it ends with its helpers
	err = cmd.Start()
	for _, f := range theirs {
		_ = f.Close()
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start %s: %w", path, err), ours[0].Close(), ours[1].Close(), os.RemoveAll(profile))
	}
	p := newPipe(ours[0], ours[1])
	stop = func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = p.call(ctx, "", "Browser.close", nil, nil)
		select {
		case <-p.done:
		case <-ctx.Done():
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what is left of it
		_ = cmd.Wait()
		<-p.done
		_, _ = ours[0].Close(), ours[1].Close()
		for end := time.Now().Add(5 * time.Second); os.RemoveAll(profile) != nil && time.Now().Before(end); { // while its last helper dies
			time.Sleep(pause)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.call(ctx, "", "Browser.getVersion", nil, nil); err != nil {
		stop()
		return nil, nil, fmt.Errorf("%s does not answer: %w\n%s", path, err, said)
	}
	return p, stop, nil
}

func flags(profile string) []string {
	all := []string{
		"--headless", "--remote-debugging-pipe", "--user-data-dir=" + profile, "--disable-gpu", "--disable-quic", "--no-first-run", "--mute-audio",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage",
		"--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
		"--hide-scrollbars", "--force-color-profile=srgb", "--lang=en-GB",
	}
	if os.Geteuid() == 0 { // its sandbox does not run as root
		all = append(all, "--no-sandbox")
	}
	return append(all, "about:blank")
}

// pipes returns what becomes the browser's descriptors 3 and 4, and our ends of them.
func pipes() (theirs, ours []*os.File, err error) {
	in, to, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	from, out, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	return []*os.File{in, out}, []*os.File{to, from}, nil
}

// tail keeps the end of what the browser complains about.
type tail struct {
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, b...)
	t.end = bytes.Clone(t.end[max(0, len(t.end)-4096):])
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end)
}
