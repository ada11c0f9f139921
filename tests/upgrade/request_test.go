package upgrade_test

import (
	"encoding/json"
	"fmt"
	"strings"
)

// caller is a program that sends requests, with its way to authenticate.
type caller int

const (
	shellCaller caller = iota
	kasCaller
	portalCaller
)

// request is one request below /api/v4. A body is JSON, or else a form.
type request struct {
	caller caller
	// token is the agent's or the portal's, or the name of one that the writer
	// had made.
	token              string
	method, path, body string
}

// String returns the heading of the answer.
func (r request) String() string {
	text := r.method + " " + r.path
	if r.token != "" {
		text += " as " + r.token
	}
	if r.body != "" {
		text += " " + r.body
	}
	return text
}

// object is a JSON object.
type object map[string]any

func (o object) String() string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(o); err != nil {
		panic(err) // the values are constants of a test
	}
	return strings.TrimSpace(text.String())
}

// get is a request of GitLab Shell without a body.
func get(path string) request {
	return request{shellCaller, "", "GET", "/internal/" + path, ""}
}

// post is a request of GitLab Shell or Gitaly.
func post(path string, body object) request {
	return request{shellCaller, "", "POST", "/internal/" + path, body.String()}
}

// fetch and push ask as GitLab Shell does, before Git runs; who is a parameter
// such as key_id.
func fetch(project, who string, id any) request {
	return command("git-upload-pack", project, object{who: id})
}

func push(project, who string, id any) request {
	return command("git-receive-pack", project, object{who: id})
}

func command(action, project string, more object) request {
	body := object{"action": action, "project": project, "changes": "_any", "protocol": "ssh", "check_ip": "198.51.100.7"}
	for name, value := range more {
		body[name] = value
	}
	return post("allowed", body)
}

// pushed asks as Gitaly does, with the change of one ref.
func pushed(project int, who string, id any, change string) request {
	return post("allowed", object{
		"action": "git-receive-pack", "gl_repository": fmt.Sprintf("project-%d", project), "project": "x.git",
		"changes": change + "\n", "protocol": "ssh", who: id,
		"env": `{"GIT_ALTERNATE_OBJECT_DIRECTORIES_RELATIVE":["objects"],"GIT_OBJECT_DIRECTORY_RELATIVE":"objects/incoming-x"}`,
	})
}

// received is Gitaly's request after a push.
func received(repository, identifier, changes string, options ...string) request {
	body := object{"gl_repository": repository, "identifier": identifier, "changes": changes}
	if len(options) > 0 {
		body["push_options"] = options
	}
	return post("post_receive", body)
}

// kas is a request of the agent server with an agent's token.
func kas(token, method, path string, body object) request {
	r := request{kasCaller, token, method, "/internal/" + path, ""}
	if body != nil {
		r.body = body.String()
	}
	return r
}

// portal is a request of the customers portal.
func portal(token, method, path string, body object) request {
	r := request{portalCaller, token, method, path, ""}
	if body != nil {
		r.body = body.String()
	}
	return r
}

// Commits, and changes of a ref by them.
const (
	none  = "0000000000000000000000000000000000000000"
	first = "1111111111111111111111111111111111111111"
	next  = "2222222222222222222222222222222222222222"
)

func created(ref string) string { return none + " " + next + " " + ref }
func updated(ref string) string { return first + " " + next + " " + ref }
func deleted(ref string) string { return first + " " + none + " " + ref }
