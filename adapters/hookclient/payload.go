package hookclient

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// payload is the body of a push event or of a tag push event.
type payload struct {
	ObjectKind   string     `json:"object_kind"`
	EventName    string     `json:"event_name"`
	Before       string     `json:"before"`
	After        string     `json:"after"`
	Ref          string     `json:"ref"`
	RefProtected bool       `json:"ref_protected"`
	CheckoutSHA  *string    `json:"checkout_sha"`
	Message      *string    `json:"message"`
	UserID       *int64     `json:"user_id"`
	UserName     string     `json:"user_name"`
	UserUsername string     `json:"user_username"`
	UserEmail    string     `json:"user_email"`
	UserAvatar   *string    `json:"user_avatar"`
	ProjectID    int64      `json:"project_id"`
	Project      project    `json:"project"`
	Commits      []commit   `json:"commits"`
	Total        int        `json:"total_commits_count"`
	PushOptions  options    `json:"push_options"`
	Repository   repository `json:"repository"`
}

type project struct {
	ID                int64   `json:"id"`
	Name              string  `json:"name"`
	Description       *string `json:"description"`
	WebURL            string  `json:"web_url"`
	AvatarURL         *string `json:"avatar_url"`
	GitSSHURL         string  `json:"git_ssh_url"`
	GitHTTPURL        string  `json:"git_http_url"`
	Namespace         string  `json:"namespace"`
	VisibilityLevel   int     `json:"visibility_level"`
	PathWithNamespace string  `json:"path_with_namespace"`
	DefaultBranch     *string `json:"default_branch"`
	CIConfigPath      *string `json:"ci_config_path"`
	Homepage          string  `json:"homepage"`
	URL               string  `json:"url"`
	SSHURL            string  `json:"ssh_url"`
	HTTPURL           string  `json:"http_url"`
}

type commit struct {
	ID        string   `json:"id"`
	Message   string   `json:"message"`
	Title     string   `json:"title"`
	Timestamp string   `json:"timestamp"`
	URL       string   `json:"url"`
	Author    author   `json:"author"`
	Added     []string `json:"added"`
	Modified  []string `json:"modified"`
	Removed   []string `json:"removed"`
}

type author struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type repository struct {
	Name            string  `json:"name"`
	URL             string  `json:"url"`
	Description     *string `json:"description"`
	Homepage        string  `json:"homepage"`
	GitHTTPURL      string  `json:"git_http_url"`
	GitSSHURL       string  `json:"git_ssh_url"`
	VisibilityLevel int     `json:"visibility_level"`
}

// levels are GitLab's numbers for visibilities.
var levels = map[source.Visibility]int{source.Private: 0, source.Internal: 10, source.Public: 20}

// payload returns the body of an event.
func (i Instance) payload(e hooks.Event) ([]byte, error) {
	home := i.project(e.Project)
	out := payload{
		ObjectKind: "push", EventName: "push",
		Before: string(e.Change.Old), After: string(e.Change.New), Ref: e.Change.Ref.String(), RefProtected: e.Protected,
		CheckoutSHA: optional(string(e.Checkout)), Message: optional(e.Message), ProjectID: home.ID, Project: home,
		Commits: []commit{}, Total: e.Total, PushOptions: newOptions(e.Options),
		Repository: repository{
			Name: home.Name, URL: home.GitSSHURL, Homepage: home.WebURL, GitHTTPURL: home.GitHTTPURL,
			GitSSHURL: home.GitSSHURL, VisibilityLevel: home.VisibilityLevel,
		},
	}
	if e.Tag() {
		out.ObjectKind, out.EventName = "tag_push", "tag_push"
	}
	pusher := e.Pusher()
	out.UserName, out.UserUsername, out.UserEmail = pusher.Name, pusher.Username, pusher.PublicEmail
	if pusher.Known() {
		id := int64(pusher.ID)
		out.UserID = &id
	}
	for _, c := range e.Commits {
		out.Commits = append(out.Commits, commit{
			ID: string(c.ID), Message: c.Message, Title: c.Title, Timestamp: c.At.Format(time.RFC3339),
			URL:    home.WebURL + "/-/commit/" + string(c.ID),
			Author: author{c.AuthorName, c.AuthorEmail},
			Added:  list(c.Added), Modified: list(c.Modified), Removed: list(c.Removed),
		})
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(out)
	return text.Bytes(), err
}

func (i Instance) project(p source.Project) project {
	above := source.Path(p.Path).Parent()
	name := strings.TrimPrefix(p.Path[len(above):], "/")
	web := i.URL + "/" + p.Path
	ssh := i.SSHURL(p.Path)
	return project{
		ID: int64(p.ID), Name: name, WebURL: web, GitSSHURL: ssh, GitHTTPURL: web + ".git",
		Namespace:       string(above)[strings.LastIndex(string(above), "/")+1:],
		VisibilityLevel: levels[p.Visibility], PathWithNamespace: p.Path, DefaultBranch: optional(p.DefaultBranch),
		Homepage: web, URL: ssh, SSHURL: ssh, HTTPURL: web + ".git",
	}
}

// optional returns null for empty text.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// list returns an empty list for nil, so that JSON has no null.
func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

// options are push options by namespace and key, as GitLab shows them: true without a
// value, and the number of times for each value of an option that accumulates.
type options map[string]map[string]any

func newOptions(texts []string) options {
	out := options{}
	for _, o := range source.ParsePushOptions(texts) {
		if out[o.Namespace] == nil {
			out[o.Namespace] = map[string]any{}
		}
		out[o.Namespace][o.Key] = shown(o)
	}
	return out
}

func shown(o source.PushOption) any {
	switch {
	case o.Accumulates():
		counts := map[string]int{}
		for _, value := range o.Values {
			counts[value]++
		}
		return counts
	case len(o.Values) == 0:
		return true
	default:
		return o.Values[0]
	}
}
