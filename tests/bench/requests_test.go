package bench_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/tests/servertest"
)

// heads are the request lines and headers as GitLab Shell sends them, up to the
// value of Content-Length.
type heads struct{ allowed, preReceive, postReceive, authorizedKeys string }

// newHeads returns heads with a token that is valid for a day. All requests share it: the
// server stores no tokens.
func newHeads() heads {
	now := time.Now()
	signer := &servertest.Server{Secret: secret, Log: new(servertest.Log)}
	token := signer.Sign(jwt.MapClaims{"iss": "gitlab-shell", "iat": now.Unix(), "exp": now.Add(24 * time.Hour).Unix()})
	const headers = " HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: GitLab-Shell\r\nContent-Type: application/json\r\n" +
		"X-Request-Id: 01HF7YAT31JZ0MBQ8V8K2QKX3T\r\nAccept-Encoding: gzip\r\n"
	signed := servertest.TokenHeader + ": " + token + "\r\n"
	post := func(path string) string {
		return "POST /api/v4/internal/" + path + headers + signed + "Content-Length: "
	}
	return heads{
		allowed: post("allowed"), preReceive: post("pre_receive"), postReceive: post("post_receive"),
		authorizedKeys: headers + signed + "\r\n",
	}
}

// post returns a request with a head and the body that write appends. It writes the body
// first to know its length.
func post(head string, scratch []byte, write func([]byte) []byte) []byte {
	const room = len("65535\r\n\r\n")
	start := len(head) + room
	if cap(scratch) < start {
		scratch = make([]byte, 0, 4<<10)
	}
	body := write(scratch[start:start])
	request := append(scratch, head...)
	request = strconv.AppendInt(request, int64(len(body)), 10)
	request = append(request, "\r\n\r\n"...)
	return append(request, body...)
}

// pickAccess returns a user, who has the key with that number, and the path of a project.
type pickAccess func() (key int, path string)

// fetch returns GitLab Shell's request for a fetch of a project by its path, which is
// granted.
func (h heads) fetch(pick pickAccess) requestWriter {
	return h.access("git-upload-pack", pick, granted)
}

// access returns GitLab Shell's request for an action, and how answers begin.
func (h heads) access(action string, pick pickAccess, want []byte) requestWriter {
	return func(scratch []byte) (request, wanted []byte) {
		return post(h.allowed, scratch, func(body []byte) []byte {
			key, path := pick()
			body = append(body, `{"action":"`...)
			body = append(body, action...)
			body = append(body, `","project":"/`...)
			body = append(body, path...)
			body = append(body, `.git","changes":"_any","protocol":"ssh","key_id":"`...)
			body = strconv.AppendInt(body, int64(key), 10)
			return append(body, `","check_ip":"127.0.0.1"}`...)
		}), want
	}
}

// mixed returns what a Git host is asked: of ten requests four fetch a private project
// through an inherited role, two ask whether a member may push, two fetch a public project,
// one fetches an own project and one is refused.
func (h heads) mixed(w world) requestWriter {
	inherited, public, own := h.fetch(w.inherited), h.fetch(w.public), h.fetch(w.own)
	push := h.access("git-receive-pack", w.plain, granted)
	foreign := h.access("git-upload-pack", w.foreign, missing)
	often := [10]requestWriter{inherited, inherited, inherited, inherited, push, push, public, public, own, foreign}
	return func(scratch []byte) (request, want []byte) { return often[rand.IntN(len(often))](scratch) }
}

// push returns Gitaly's request for a push of many refs to the first user's project:
// new branches, changed branches, tags.
func (h heads) push(refs int) requestWriter {
	const old, fresh, none = "1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222", "0000000000000000000000000000000000000000"
	var changes strings.Builder
	for i := range refs {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&changes, `%s %s refs/heads/feature/%d-of-many\n`, none, fresh, i)
		case 1:
			fmt.Fprintf(&changes, `%s %s refs/heads/feature/%d-of-many\n`, old, fresh, i)
		case 2:
			fmt.Fprintf(&changes, `%s %s refs/tags/nightly-%d\n`, none, fresh, i)
		}
	}
	body := `{"action":"git-receive-pack","gl_repository":"project-1","project":"/var/opt/repositories/` + placeOnDisk +
		`","changes":"` + changes.String() + `","protocol":"ssh","relative_path":"` + placeOnDisk +
		`","env":"{\"GIT_ALTERNATE_OBJECT_DIRECTORIES_RELATIVE\":[\"objects\"],\"GIT_OBJECT_DIRECTORY_RELATIVE\":\"objects/tmp_objdir-incoming-x\"}","key_id":"1"}`
	request := []byte(h.allowed + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	return func([]byte) ([]byte, []byte) { return request, granted }
}

// authorizedKey returns a look-up of a random key.
func (h heads) authorizedKey(keys int) requestWriter {
	return func(scratch []byte) (request, want []byte) {
		scratch = append(scratch, "GET /api/v4/internal/authorized_keys?key="...)
		scratch = base64.StdEncoding.AppendEncode(scratch, blob(1+rand.Int64N(int64(keys))))
		return append(scratch, h.authorizedKeys...), granted
	}
}
