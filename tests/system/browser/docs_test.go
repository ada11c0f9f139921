package browser_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"gatehouse/tests/servertest"
)

// TestDocs reads the API on the page of each listener, calls it with a token, and finds
// that the page has forgotten the token when it is loaded again.
func TestDocs(t *testing.T) {
	t.Parallel()
	servertest.Need(t, "chromium")
	s := servertest.Start(t, servertest.Settings(t, "memory:", "http.public_routes=[portal, api]"), servertest.WithWorld(t, servertest.World))
	everywhere := map[string]string{
		"management: users": "/api/v4/user", "management: placeholders": "/api/v4/runners", "customers portal": "/api/v4/namespaces/{id}/minutes",
		"health": "/-/readiness", "documentation": "/-/docs",
	}
	internal := map[string]string{"GitLab Shell and Gitaly": "/api/v4/internal/allowed", "kas": "/api/v4/internal/kubernetes/agent_info"}
	for name, c := range map[string]struct {
		address    string
		has, lacks []map[string]string
	}{
		"internal": {s.TCP, []map[string]string{everywhere, internal}, nil},
		"public":   {s.Public, []map[string]string{everywhere}, []map[string]string{internal}},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			origin := "http://" + c.address
			p.do("open the page", chromedp.Navigate(origin+servertest.Root+"/-/docs"))
			p.sees(".info .title", "Gatehouse")
			p.picture("opened")
			for _, operations := range c.has {
				for section, path := range operations {
					p.filter(path)
					p.sees(".opblock-tag", section)
					p.sees(fmt.Sprintf("[data-path=%q]", path), "") // its text has marks where a line may break
				}
			}
			for _, operations := range c.lacks {
				for section, path := range operations {
					p.filter(path)
					if names := p.sections(); slices.Contains(names, section) {
						t.Errorf("got the sections %q", names)
					}
				}
			}

			p.filter("getCurrentUser")
			p.call("401")
			if problems := p.takeProblems(); len(problems) != 1 { // the browser logs the status
				t.Errorf("a call without a token: the console says %q", problems)
			}
			p.authorize(servertest.PortalToken)
			p.call("200")
			p.sees(".live-responses-table .response-col_description", `"username": "root"`)
			p.picture("called")

			p.do("reload", chromedp.Reload())
			p.filter("getCurrentUser")
			p.call("401")
			const storage = "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie])"
			if kept := evaluate[string](p, storage); kept != `[[],[],""]` {
				t.Errorf("the page keeps %s", kept)
			}
			if problems := p.takeProblems(); len(problems) != 1 {
				t.Errorf("the console says %q", problems)
			}
			if requests := p.foreign(origin); len(requests) > 0 {
				t.Errorf("the page asked for %q", requests)
			}
			p.refusesScripts()
		})
	}
}

// filter shows the operations that have some words alone. The words come at once, as from the
// clipboard.
func (p *page) filter(words string) {
	p.t.Helper()
	const field = ".operation-filter-input"
	p.sees(field, "")
	evaluate[any](p, fmt.Sprintf(`{
		const field = document.querySelector(%q);
		Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, %q);
		field.dispatchEvent(new Event("input", {bubbles: true}));
	}`, field, words))
}

// sections returns the names of the sections that are shown.
func (p *page) sections() (names []string) {
	p.t.Helper()
	return evaluate[[]string](p, "[...document.querySelectorAll('.opblock-tag')].map((e) => e.dataset.tag)")
}

// authorize types a token in.
func (p *page) authorize(token string) {
	p.t.Helper()
	const form = "//div[contains(@class, 'auth-container')][.//*[contains(text(), 'privateToken')]][.//*[text()='PRIVATE-TOKEN']]"
	p.do("type a token in", chromedp.Click(chromedp.CSS(".btn.authorize")), chromedp.SendKeys(form+"//input", token))
	p.picture("authorize")
	p.do("authorize",
		chromedp.Click(form+"//button[contains(@class, 'authorize')]"), chromedp.WaitVisible(form+"//button[text()='Logout']"),
		chromedp.Click(chromedp.CSS(".btn-done")))
}

// call tries the one operation that is shown, and returns once the answer has a status.
func (p *page) call(status string) {
	p.t.Helper()
	p.sees(".opblock-summary-control", "")
	evaluate[any](p, "document.querySelector('.opblock:not(.is-open) .opblock-summary-control')?.click()")
	p.sees(".try-out__btn", "")
	evaluate[any](p, "document.querySelector('.try-out__btn:not(.cancel)')?.click()")
	p.do("call", chromedp.Click(chromedp.CSS(".execute")))
	p.sees(".live-responses-table .response-col_status", status)
}

// refusesScripts fails the test unless the page refuses a script that is written into it, and
// the browser reports that: without reports takeProblems would say nothing.
func (p *page) refusesScripts() {
	p.t.Helper()
	p.takeProblems()
	const write = "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = true'})); !!window.ran"
	if evaluate[bool](p, write) {
		p.t.Fatal("the page runs a script that is written into it")
	}
	servertest.Await(p.t, "the report of a violation", func() bool { return len(p.takeProblems()) > 0 })
}
