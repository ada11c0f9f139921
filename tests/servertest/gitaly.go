package servertest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"gatehouse/tests/gitalytest"
)

// GitalyHooks returns hooks that ask and tell the server what Gitaly's do. What is told after
// a push is printed to its client; the test fails if the server does not take it.
func (s *Server) GitalyHooks(t *testing.T) gitalytest.Hooks {
	return gitalytest.Hooks{
		PreReceive: func(p gitalytest.Push) error {
			env, _ := json.Marshal(map[string]any{
				"GIT_OBJECT_DIRECTORY_RELATIVE": p.ObjectDirectory, "GIT_ALTERNATE_OBJECT_DIRECTORIES_RELATIVE": p.AlternateObjectDirectories,
			})
			if _, err := s.callGitaly(t, "/allowed", map[string]any{
				"user_id": strings.TrimPrefix(p.User.GetGlId(), "user-"), "gl_repository": p.Repository.GetGlRepository(),
				"project": p.Repository.GetRelativePath(), "action": "git-receive-pack", "protocol": p.Protocol,
				"changes": strings.Join(p.Changes, "\n") + "\n", "env": string(env),
			}); err != nil {
				return err
			}
			_, err := s.callGitaly(t, "/pre_receive", map[string]any{"gl_repository": p.Repository.GetGlRepository()})
			return err
		},
		PostReceive: func(p gitalytest.Push) string {
			answer, err := s.callGitaly(t, "/post_receive", map[string]any{
				"gl_repository": p.Repository.GetGlRepository(), "identifier": p.User.GetGlId(),
				"changes": strings.Join(p.Changes, "\n") + "\n", "push_options": p.Options,
			})
			var told struct {
				Decreased bool                       `json:"reference_counter_decreased"`
				Messages  []struct{ Message string } `json:"messages"`
			}
			if err = errors.Join(err, json.Unmarshal([]byte(answer.Body), &told)); err != nil || !told.Decreased {
				t.Errorf("/post_receive: got %v, %v", answer, err)
			}
			var text strings.Builder
			for _, m := range told.Messages {
				text.WriteString(m.Message + "\n")
			}
			return text.String()
		},
	}
}

// callGitaly posts to a route as Gitaly does. A refusal is an error with its message.
func (s *Server) callGitaly(t *testing.T, route string, parameters map[string]any) (Answer, error) {
	t.Helper()
	body, err := json.Marshal(parameters)
	if err != nil {
		return Answer{}, err
	}
	answer := s.Post(t, route, string(body))
	if answer.Status == http.StatusOK {
		return answer, nil
	}
	var refusal struct{ Message string }
	_ = json.Unmarshal([]byte(answer.Body), &refusal)
	return answer, errors.New(refusal.Message)
}
