package explanation

import (
	"gatehouse/application/authorization"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// Right is an explained right of the management API. All members are always there.
type Right struct {
	Version int          `json:"version"`
	Right   rights.Right `json:"right"`
	Allowed bool         `json:"allowed"`
	// Kind is that of the refusal, Message its words for an operator; both are empty if
	// there is none.
	Kind    domain.Kind `json:"kind"`
	Message string      `json:"message"`
	// Rule is the rule that decided; empty if all passed.
	Rule  string      `json:"rule"`
	Actor RightActor  `json:"actor"`
	On    RightOn     `json:"on"`
	Rules []RightRule `json:"rules"`
}

// RightActor is who would use a right; the number is 0 for a request without a token.
type RightActor struct {
	ID       int64          `json:"id"`
	Username string         `json:"username"`
	State    identity.State `json:"state"`
	Admin    bool           `json:"admin"`
	External bool           `json:"external"`
	// Role is that in the group or project; empty for a right that is on neither.
	Role string `json:"role"`
}

// RightOn is what a right is on; the number is 0 for the instance, and for what does not
// exist.
type RightOn struct {
	Kind       rights.Kind `json:"kind"`
	ID         int64       `json:"id"`
	Path       string      `json:"path"`
	Visibility string      `json:"visibility"`
}

// RightRule is the outcome of one rule.
type RightRule struct {
	Rule    string         `json:"rule"`
	Outcome rights.Outcome `json:"outcome"`
	Message string         `json:"message"`
}

// NewRight returns the form of an explained right.
func NewRight(e authorization.Explanation) Right {
	s := e.Subject
	out := Right{
		Version: Version, Right: e.Right, Allowed: e.Refusal == nil,
		Actor: RightActor{int64(e.Actor.ID), e.Actor.Username, e.Actor.State, e.Actor.Admin, e.Actor.External, e.Role()},
		On:    RightOn{s.Kind, s.ID, s.Path, string(s.Visibility)},
		Rules: make([]RightRule, len(e.Findings)),
	}
	for i, f := range e.Findings {
		out.Rules[i] = RightRule{f.Rule, f.Outcome, f.Message}
	}
	if decider := e.Decider(); decider != nil {
		out.Kind, out.Rule, out.Message = e.Refusal.Kind, decider.Rule, decider.Message
	}
	return out
}
