package httpapi

import (
	"net/http"
	"time"

	"gatehouse/application"
)

// WorkhorseHeader has the token of a GitLab Workhorse in front of the server.
const WorkhorseHeader = "Gitlab-Workhorse-Api-Request"

// Workhorse knows the requests that a Workhorse in front makes itself. It is safe for
// concurrent use; nil stands for no Workhorse.
type Workhorse struct {
	secret func() []byte
	tokens *TokenChecker
}

// NewWorkhorse makes a Workhorse that calls secret for every token. It is nil without a
// secret.
func NewWorkhorse(secret func() []byte, clock application.Clock) *Workhorse {
	if secret == nil {
		return nil
	}
	return &Workhorse{secret, NewTokenChecker("gitlab-workhorse", workhorseLeeway, false, clock)}
}

// workhorseLeeway is by how much its clock may differ.
const workhorseLeeway = time.Minute

// Signed says whether a request has a token that Workhorse should have signed, and then why
// it does not count, or nil.
func (w *Workhorse) Signed(r *http.Request) (signed bool, err error) {
	token := r.Header.Get(WorkhorseHeader)
	if w == nil || token == "" {
		return false, nil
	}
	return true, w.tokens.Check(token, [][]byte{w.secret()})
}
