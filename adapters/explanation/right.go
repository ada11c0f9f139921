package explanation

import (
	_ "embed" // the schema

	"gatehouse/application/authorization"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// RightSchema is the JSON Schema of a Right.
//
//go:embed right.schema.json
var RightSchema []byte

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
	Rule  string     `json:"rule"`
	Actor RightActor `json:"actor"`
	On    RightOn    `json:"on"`
	// Change is null for a question about the right alone.
	Change *RightChange `json:"change"`
	Rules  []RightRule  `json:"rules"`
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
	// MovedTo is the path of the project to which the path of the question led in the past;
	// empty for none.
	MovedTo string `json:"moved_to"`
}

// RightChange is a change of a member. The roles are words: none as the old one of a user
// without a membership that counts, and as the new one of a user who is removed.
type RightChange struct {
	Verb   audit.Verb  `json:"verb"`
	Member RightMember `json:"member"`
	Old    string      `json:"old"`
	New    string      `json:"new"`
	// Inherited is the highest role by memberships in the groups above, and InheritedFrom
	// the name of the group where it is; empty for none.
	Inherited     string `json:"inherited"`
	InheritedFrom string `json:"inherited_from"`
}

// RightMember is whose membership changes.
type RightMember struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
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
		On:    RightOn{s.Kind, s.ID, s.Path, string(s.Visibility), e.MovedTo},
		Rules: make([]RightRule, len(e.Findings)),
	}
	if m := e.Change; m.Member.Known() {
		out.Change = &RightChange{
			Verb: m.Verb, Member: RightMember{int64(m.Member.ID), m.Member.Username}, Old: m.Old.String(), New: m.New.String(), InheritedFrom: m.InheritedFrom,
		}
		if m.Inherited != source.NoRole {
			out.Change.Inherited = m.Inherited.String()
		}
	}
	for i, f := range e.Findings {
		out.Rules[i] = RightRule{f.Rule, f.Outcome, f.Message}
	}
	if decider := e.Decider(); decider != nil {
		out.Kind, out.Rule, out.Message = e.Refusal.Kind, decider.Rule, decider.Message
	}
	return out
}
