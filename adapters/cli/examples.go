package cli

import (
	"net/http"
	"slices"
	"strings"
)

// example is one call of GitLab's documentation with its documented answer.
// Words in angle brackets stand for what is known only when it is made.
type example struct {
	title  string
	method string
	// path is behind the address, with its query.
	path    string
	headers []string
	// data are the --data of curl, which joins them with "&".
	data   []string
	status int
	// world is applied before the call: not every example goes on where the one
	// before it ended. Empty for most.
	world string
	// answer is the documented body; empty for none. An answer that has more is
	// as good, and a text that ends in "..." stands for any that begins like it.
	answer string
	// fresh are members whose values are made anew for each answer.
	fresh []string
}

// The words that an example may hold.
const (
	secretWord = "<secret>"
	keyWord    = "<key>"
)

var withSecret = []string{"Gitlab-Shared-Secret: " + secretWord}

// examples are those of the documentation that are served, in its order. The
// demo prints and plays them all.
var examples = slices.Concat(gitExamples, kasExamples, portalExamples)

// gitExamples are those of GitLab Shell and Gitaly.
var gitExamples = []example{
	{
		title:  "Git Authentication",
		method: http.MethodPost, path: "/api/v4/internal/allowed", headers: withSecret,
		data:   []string{"key_id=11&project=gnuwget/wget2&action=git-upload-pack&protocol=ssh"},
		status: http.StatusOK,
		answer: `{
  "status": true,
  "gl_repository": "project-3",
  "gl_project_path": "gnuwget/wget2",
  "gl_id": "user-1",
  "gl_username": "root",
  "git_config_options": [],
  "gitaly": {
    "repository": {
      "storage_name": "default",
      "relative_path": "@hashed/4e/07/4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce.git",
      "git_object_directory": "",
      "git_alternate_object_directories": [],
      "gl_repository": "project-3",
      "gl_project_path": "gnuwget/wget2"
    },
    "address": "unix:/Users/bvl/repos/gitlab/gitaly.socket",
    "token": null
  },
  "gl_console_messages": []
}`,
	},
	{
		title:  "LFS Authentication",
		method: http.MethodPost, path: "/api/v4/internal/lfs_authenticate", headers: withSecret,
		data:   []string{"key_id=11&project=gnuwget/wget2"},
		status: http.StatusOK,
		answer: `{
  "username": "root",
  "lfs_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...",
  "repository_http_path": "http://localhost:3001/gnuwget/wget2.git",
  "expires_in": 1800
}`,
	},
	{
		title:  "Authorized Keys Check",
		method: http.MethodGet, path: "/api/v4/internal/authorized_keys?key=" + keyWord, headers: withSecret,
		status: http.StatusOK,
		answer: `{
  "id": 11,
  "title": "admin@example.com",
  "key": "ssh-rsa ...",
  "created_at": "2019-06-27T15:29:02.219Z"
}`,
	},
	{
		title:  "Get user for user ID or key",
		method: http.MethodGet, path: "/api/v4/internal/discover?key_id=7", headers: withSecret,
		status: http.StatusOK,
		answer: `{
  "id": 7,
  "name": "Dede Eichmann",
  "username": "rubi"
}`,
	},
	{
		title:  "Instance information",
		method: http.MethodGet, path: "/api/v4/internal/check", headers: withSecret,
		status: http.StatusOK,
		answer: `{
  "api_version": "v4",
  "gitlab_version": "12.3.0-pre",
  "gitlab_rev": "d69c988e6a6",
  "redis": true
}`,
		fresh: []string{"gitlab_rev"},
	},
	{
		title:  "Get new 2FA recovery codes using an SSH key",
		method: http.MethodPost, path: "/api/v4/internal/two_factor_recovery_codes", headers: withSecret,
		data:   []string{"key_id=7"},
		status: http.StatusOK,
		answer: `{
  "success": true,
  "recovery_codes": [
    "d93ee7037944afd5",
    "19d7b84862de93dd",
    "1e8c52169195bf71",
    "be50444dddb7ca84",
    "26048c77d161d5b7",
    "482d5c03d1628c47",
    "d2c695e309ce7679",
    "dfb4748afc4f12a7",
    "0e5f53d1399d7979",
    "af04d5622153b020"
  ]
}`,
		fresh: []string{"recovery_codes"},
	},
	{
		title:  "Get new personal access-token",
		method: http.MethodPost, path: "/api/v4/internal/personal_access_token", headers: withSecret,
		data:   []string{"user_id=29&name=mytokenname&scopes[]=read_user&scopes[]=read_repository&expires_at=2020-07-24"},
		status: http.StatusOK,
		answer: `{
  "success": true,
  "token": "Hf_79B288hRv_3-TSD1R",
  "scopes": ["read_user","read_repository"],
  "expires_at": "2020-07-24"
}`,
		fresh: []string{"token"},
	},
	{
		title:  "Incrementing counter on pre-receive",
		method: http.MethodPost, path: "/api/v4/internal/pre_receive", headers: withSecret,
		data:   []string{"gl_repository=project-7"},
		status: http.StatusOK,
		answer: `{
  "reference_counter_increased": true
}`,
	},
	{
		title:  "PostReceive",
		method: http.MethodPost, path: "/api/v4/internal/post_receive", headers: withSecret,
		data: []string{
			"gl_repository=project-7", "identifier=user-1",
			`changes=0000000000000000000000000000000000000000 fd9e76b9136bdd9fe217061b497745792fe5a5ee gh-pages\n`,
		},
		status: http.StatusOK,
		answer: `{
  "messages": [
    {
      "message": "Hello from post-receive",
      "type": "alert"
    }
  ],
  "reference_counter_decreased": true
}`,
	},
}

// fill puts what is known now in place of the words in angle brackets.
func (e example) fill(known map[string]string) example {
	var pairs []string
	for word, value := range known {
		pairs = append(pairs, word, value)
	}
	words := strings.NewReplacer(pairs...)
	each := func(texts []string) (out []string) {
		for _, text := range texts {
			out = append(out, words.Replace(text))
		}
		return out
	}
	e.path, e.headers, e.data = words.Replace(e.path), each(e.headers), each(e.data)
	return e
}

// prepare is the command that applies the example's world to a database.
func (e example) prepare(database string) string {
	if e.world == "" {
		return ""
	}
	return "gatehouse apply --database " + quote(database) + " - <<'EOF'\n" + e.world + "EOF\n"
}

// curl is the example as a command for a shell.
func (e example) curl(base string) string {
	lines := []string{"curl --request " + e.method}
	for _, header := range e.headers {
		lines = append(lines, "--header "+quote(header))
	}
	for _, data := range e.data {
		lines = append(lines, "--data "+quote(data))
	}
	return strings.Join(append(lines, quote(base+e.path)), " \\\n     ")
}

// quote makes one word of text for a shell, and leaves a backslash alone.
func quote(text string) string {
	if strings.ContainsAny(text, "\"$`!") {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return `"` + text + `"`
}
