package gitclient

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
)

// Scenario is what a client does at a host of its own.
type Scenario struct {
	Name string
	Play func(h *Host)
}

// Scenarios are what works with every Gitaly.
var Scenarios = []Scenario{
	{"clone", clone}, {"push", push}, {"refused", refused}, {"push to create", pushToCreate},
	{"moved project", moved}, {"wiki", wiki}, {"credentials", credentials}, {"blocked between two requests", blockedBetween},
	{"compressed request", compressed},
}

// clone clones by each version of the protocol, shallow and partial, with and without
// credentials.
func clone(h *Host) {
	h.Push("acme/cli")
	folder := h.Push("open/site")
	h.Commit(folder, "two", 10)
	h.Must(Maint, folder, "push", "origin", "main")
	for _, version := range []string{"0", "1", "2"} {
		out := h.Must("", "", "-c", "protocol.version="+version, "clone", h.Remote("open/site.git"), "v"+version)
		if sent := strings.Contains(out, "Git-Protocol: version="+version); sent != (version != "0") || strings.Contains(out, "401 Unauthorized") {
			h.Errorf("clone by version %s:\n%s", version, out)
		}
		if got, want := h.Head("v"+version, "HEAD"), h.Head(folder, "HEAD"); got != want {
			h.Errorf("version %s: got the commit %s, want %s", version, got, want)
		}
	}
	out := h.Must(Dev, "", "clone", h.Remote("acme/cli.git"), "private")
	h.Want("clone of a private project", out, "401 Unauthorized", "application/x-git-upload-pack-result")
	out = h.Must(Dev, "", "clone", h.Remote("acme/cli"), "without-git")
	h.Want("clone without .git", out, "301 Moved Permanently")
	h.Must(Dev, "without-git", "pull", "--quiet")
	h.Must("", "", "clone", h.Remote("OPEN/Site.git"), "case")

	h.Must("", "", "clone", "--depth", "1", h.Remote("open/site.git"), "shallow")
	if got := strings.TrimSpace(h.Must("", "shallow", "rev-list", "--count", "HEAD")); got != "1" {
		h.Errorf("shallow: got %s commits", got)
	}
	h.Must("", "shallow", "fetch", "--quiet", "--unshallow")
	out = h.Must("", "", "clone", "--filter=blob:none", "--no-checkout", h.Remote("open/site.git"), "partial")
	if missing := h.Must("", "partial", "rev-list", "--objects", "--all", "--missing=print"); !strings.Contains(missing, "?") || strings.Contains(out, "filtering not recognized") {
		h.Errorf("partial: no object is missing:\n%s\n%s", missing, out)
	}
	h.Must("", "partial", "checkout", "--quiet", "main") // which fetches the blobs
	h.Refused("could not read Username", "", "", "clone", h.Remote("acme/cli.git"), "no-credentials")
	h.Refused("could not read Username", "", "", "clone", h.Remote("acme/none.git"), "no-project")
	h.Refused("The project was not found", Dev, "", "clone", h.Remote("acme/none.git"), "no-project")
}

// push pushes a little and more than git keeps in memory, and pulls it elsewhere.
func push(h *Host) {
	folder := h.Push("acme/cli")
	h.Commit(folder, "large", 2<<20)
	out := h.Must(Maint, folder, "push", "origin", "main")
	h.Want("push of 2 MiB", out, "Transfer-Encoding: chunked", "application/x-git-receive-pack-result")
	if posts := strings.Count(out, "Send header: POST "); posts < 2 {
		h.Errorf("got %d requests, want one that asks first, and the push:\n%s", posts, out)
	}
	h.Must(Dev, "", "clone", h.Remote("acme/cli.git"), "dev")
	h.Commit("dev", "topic", 10)
	h.Must(Dev, "dev", "push", "origin", "HEAD:refs/heads/topic")
	h.Must(Maint, folder, "fetch", "--quiet", "origin")
	if got, want := h.Head(folder, "origin/topic"), h.Head("dev", "HEAD"); got != want {
		h.Errorf("got the commit %s, want %s", got, want)
	}
	h.Must(Dev, "dev", "push", "origin", ":topic")
}

// refused shows that the words of a refusal reach people.
func refused(h *Host) {
	folder := h.Push("acme/cli")
	h.Must(Dev, "", "clone", h.Remote("acme/cli.git"), "dev")
	h.Commit("dev", "two", 10)
	h.Refused(`You are not allowed to push to the protected branch "main"`, Dev, "dev", "push", "origin", "HEAD:main")
	h.Refused("Your access token may not push", Read, "dev", "push", "origin", "HEAD:refs/heads/x")
	h.Commit(folder, "three", 10)
	h.Must(Maint, folder, "push", "origin", "main")
	h.Must("", folder, "reset", "--quiet", "--hard", "HEAD~1")
	h.Commit(folder, "four", 10)
	h.Refused(`not allowed to force push to the protected branch "main"`, Maint, folder, "push", "--force", "origin", "main")
}

func pushToCreate(h *Host) {
	h.Init("new", "dev/fresh.git")
	h.Refused("may not push", Read, "new", "push", "origin", "main")
	h.Refused("not found", Maint, "new", "push", "origin", "main") // another's namespace
	out := h.Must(Dev, "new", "push", "origin", "main")
	h.Want("push to create", out, "The private project 'dev/fresh' was created", "dev/fresh.git")
	h.Must(Dev, "", "clone", h.Remote("dev/fresh.git"), "again")
	h.Refused("could not be created", Dev, "new", "push", h.Remote("dev/-bad.git"), "main")
}

func moved(h *Host) {
	folder := h.Push("acme/cli")
	h.Must("", folder, "remote", "set-url", "origin", h.Remote("old/cli.git"))
	h.Must(Maint, folder, "fetch", "--quiet", "origin")
	h.Commit(folder, "two", 10)
	out := h.Must(Maint, folder, "push", "origin", "main")
	h.Want("push by the path of the past", out, "Project 'old/cli' has moved to 'acme/cli'", "acme/cli.git")
}

func wiki(h *Host) {
	h.Push("acme/cli")
	h.Refused("This wiki is empty", Dev, "", "clone", h.Remote("acme/cli.wiki.git"), "empty")
	h.Init("wiki", "acme/cli.wiki.git")
	h.Must(Dev, "wiki", "push", "origin", "main")
	h.Must(Dev, "", "clone", h.Remote("acme/cli.wiki.git"), "again")
}

func credentials(h *Host) {
	h.Push("acme/cli")
	h.Push("open/site")
	for _, token := range []string{"wrong", Expired} {
		h.Refused("The access token is wrong, has expired or was revoked", token, "", "clone", h.Remote("acme/cli.git"), "none")
	}
	h.Refused("may not read repositories", Narrow, "", "clone", h.Remote("acme/cli.git"), "none")
	h.Must(Read, "", "clone", h.Remote("acme/cli.git"), "read")
	at, err := url.Parse(h.Remote("acme/cli.git"))
	if err != nil {
		h.Fatal(err)
	}
	at.User = url.UserPassword("oauth2", Dev)
	h.Must("", "", "clone", at.String(), "in-the-url")
	h.Must("", "", "-c", "http.extraHeader=Authorization: Bearer "+Dev, "clone", h.Remote("acme/cli.git"), "bearer")
	h.Refused("could not read Username", "", "", "-c", "http.extraHeader=Authorization: Bearer wrong", "clone", h.Remote("open/site.git"), "none") // though the project is public
}

// blockedBetween blocks the user between the refs and the push.
func blockedBetween(h *Host) {
	h.Push("acme/cli")
	h.Must(Dev, "", "clone", h.Remote("acme/cli.git"), "dev")
	h.Commit("dev", "two", 10)
	between := h.Between(func(r *http.Request) {
		if r.Method == http.MethodPost {
			h.API(http.MethodPost, "/users/3/block")
		}
	})
	// Git shows no words of an answer to a POST but its status.
	h.Refused("403", Dev, "dev", "push", between+"/acme/cli.git", "HEAD:refs/heads/topic")
	h.API(http.MethodPost, "/users/3/unblock")
	if out := h.Must(Dev, "dev", "ls-remote", "origin"); strings.Contains(out, "refs/heads/topic") {
		h.Errorf("the push went through:\n%s", out)
	}
}

// compressed clones so many branches that git compresses its request, which names them.
func compressed(h *Host) {
	folder := h.Push("open/site")
	branches := []string{"push", "--quiet", "origin"}
	for i := range 40 {
		h.Must("", folder, "commit", "--quiet", "--allow-empty", "--message", "Commit "+strconv.Itoa(i))
		branches = append(branches, "HEAD~"+strconv.Itoa(i)+":refs/heads/branch-"+strconv.Itoa(i))
	}
	h.Must(Maint, folder, branches...)
	var zipped atomic.Int32
	between := h.Between(func(r *http.Request) {
		if r.Header.Get("Content-Encoding") == "gzip" {
			zipped.Add(1)
		}
	})
	h.Must("", "", "clone", "--quiet", between+"/open/site.git", "clone")
	if zipped.Load() == 0 {
		h.Errorf("git compressed no request")
	}
	if got, want := h.Head("clone", "origin/branch-0"), h.Head(folder, "HEAD"); got != want {
		h.Errorf("got the commit %s, want %s", got, want)
	}
}
