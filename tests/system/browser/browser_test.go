// Package browser_test opens what the server shows to people in a Chromium.
package browser_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"gatehouse/tests/servertest"
)

var screenshots = flag.String("screenshots", "", "write pictures of the pages into this `folder`")

func TestMain(m *testing.M) { servertest.Main(m) }

// page is a tab of a browser, with what it asked for and what it complained about.
type page struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	// problems are errors on the console, violations of the policy of the page among them.
	problems []string
}

// open returns an empty tab of a Chromium of its own, until the end of the test.
func open(t *testing.T) *page {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(servertest.Need(t, "chromium")), chromedp.WindowSize(1300, 1000), chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := context.WithTimeout(context.Background(), servertest.WaitTimeout)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil { // which waits for the end of the process
			t.Errorf("end the browser: %v", err)
		}
	})
	return p
}

// listen takes note of an event.
func (p *page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			p.problems = append(p.problems, fmt.Sprint(e.Entry.Source, ": ", e.Entry.Text, " ", e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			p.problems = append(p.problems, fmt.Sprintf("console: %s", e.Args[0].Description))
		}
	}
}

// do does something with the page, and fails the test at once if it cannot.
func (p *page) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.picture("failed")
		p.t.Fatalf("%s: %v; the console says %q", what, err, p.takeProblems())
	}
}

// evaluate returns the value of an expression of JavaScript on the page, which its policy
// does not restrict.
func evaluate[T any](p *page, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// sees returns once an element of a selector of CSS is visible whose text contains words.
func (p *page) sees(selector, words string) {
	p.t.Helper()
	servertest.Await(p.t, selector+" with "+words, func() bool {
		return evaluate[bool](p, fmt.Sprintf("[...document.querySelectorAll(%q)].some((e) => e.checkVisibility() && e.textContent.includes(%q))", selector, words))
	})
}

// takeProblems returns the problems since the last call.
func (p *page) takeProblems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.problems
	p.problems = nil
	return taken
}

// foreign returns the requests that did not go to an origin.
func (p *page) foreign(origin string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.requests), func(url string) bool {
		return strings.HasPrefix(url, origin+"/") || strings.HasPrefix(url, "data:")
	})
}

// picture writes a picture of the window, if the flag says where to.
func (p *page) picture(name string) {
	p.t.Helper()
	if *screenshots == "" {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Log(err)
		return
	}
	name = strings.ReplaceAll(p.t.Name(), "/", "-") + "-" + name + ".png"
	if err := os.WriteFile(filepath.Join(*screenshots, name), png, 0o600); err != nil {
		p.t.Error(err)
	}
}
