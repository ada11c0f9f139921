// Package authorization explains whether a user may use a right of the management API.
package authorization

import (
	"context"
	"errors"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Accounts knows users.
type Accounts interface {
	// Account returns the user of that name, in any letter case, or domain.NotFound.
	Account(ctx context.Context, username string) (identity.Account, error)
}

// Standings knows the roles of users in groups and projects.
type Standings interface {
	// Standing returns the group or project and the effective role of the user there, or
	// domain.NotFound if there is none, or if it is pending deletion. A path is looked up
	// in any letter case. The user may be 0.
	Standing(ctx context.Context, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error)
}

// MovedProjects knows where projects have been.
type MovedProjects interface {
	// MovedTo returns the number of the project to which a path of the past leads, or
	// domain.NotFound.
	MovedTo(ctx context.Context, path source.Path) (source.ProjectID, error)
}

// Members knows what a change of members would be judged by.
type Members interface {
	// Plan returns the change by which a user would get a role in a group or project, or
	// with NoRole lose the membership, and changes nothing. A user who does not exist, or
	// who has no membership to lose, is a Refusal.
	Plan(ctx context.Context, by rights.Caller, on rights.Ref, who identity.Claim, role source.Role) (rights.MemberChange, error)
}

// Explainer explains rights. It is safe for concurrent use.
type Explainer struct {
	accounts  Accounts
	standings Standings
	moved     MovedProjects
	members   Members
	policy    identity.Policy
	now       application.Clock
}

// New makes an Explainer.
func New(accounts Accounts, standings Standings, moved MovedProjects, members Members, policy identity.Policy, now application.Clock) *Explainer {
	return &Explainer{accounts, standings, moved, members, policy, now}
}

// Question asks for a right.
type Question struct {
	Right rights.Right
	// Username is that of the user who would use it; empty for a request without a token.
	Username string
	// On is the full path of the group or project, or the username of the user, that the
	// right is on; it is ignored for a right on the instance. Digits are the number of a
	// group or project, as in the API.
	On string
	// Member is the username of the member who would get the role To, or with NoRole lose
	// the membership; empty for a question about the right alone. The right is
	// rights.ChangeMembers.
	Member string
	To     source.Role
}

// Explanation is the answer to a Question.
type Explanation struct {
	Question
	Actor   identity.Account
	Subject rights.Standing
	// MovedTo is the path of the project to which On leads as a path of the past; empty if
	// it leads to none.
	MovedTo string
	// Change is that of the member; the zero one if the question has none.
	Change rights.MemberChange
	// Refusal is why the user may not; nil if the user may.
	Refusal *domain.Refusal
	// Findings are the outcomes of the rules, that of the account itself first.
	Findings []rights.Finding
}

// userRule judges the account: a token of a blocked user lets nothing pass.
const userRule = "user"

// judged is what Decide and Explain of a right and of a change of members have in common.
type judged interface {
	Decide() error
	Explain() []rights.Finding
}

// Explain decides as the management API does and returns every rule. A right that is not
// known or not that to change members, and a user who does not exist, are a Refusal.
func (e *Explainer) Explain(ctx context.Context, q Question) (Explanation, error) {
	kind, ok := rights.KindOf(q.Right)
	if !ok {
		return Explanation{}, domain.Refuse(domain.Invalid, "there is no right %q", q.Right)
	}
	out := Explanation{Question: q}
	var err error
	if q.Username != "" {
		if out.Actor, err = e.account(ctx, q.Username); err != nil {
			return Explanation{}, err
		}
	}
	if out.Subject, err = e.subject(ctx, kind, out.Actor.ID, q.On); err != nil {
		return Explanation{}, err
	}
	if kind == rights.Project && !out.Subject.Known {
		if out.MovedTo, err = e.movedTo(ctx, q.On); err != nil {
			return Explanation{}, err
		}
	}
	caller := rights.Caller{Account: out.Actor}
	var c judged = caller.In(q.Right, out.Subject)
	if q.Member != "" {
		if out.Change, err = e.change(ctx, caller, kind, q); err != nil {
			return Explanation{}, err
		}
		c = out.Change
	}
	user := rights.Finding{Rule: userRule, Outcome: rights.Passed}
	if out.Refusal = e.policy.CheckUser(out.Actor.User, e.now()); out.Refusal != nil {
		user.Outcome, user.Message = rights.Refused, out.Refusal.Message
	}
	out.Findings = append([]rights.Finding{user}, c.Explain()...)
	if refusal, refused := errors.AsType[*domain.Refusal](c.Decide()); refused && out.Refusal == nil {
		out.Refusal = refusal
	}
	return out, nil
}

func (e *Explainer) account(ctx context.Context, username string) (identity.Account, error) {
	a, err := e.accounts.Account(ctx, username)
	if errors.Is(err, domain.NotFound) {
		err = domain.Refuse(domain.NotFound, "there is no user %q", username)
	}
	return a, err
}

// change returns the change of a member that is asked about.
func (e *Explainer) change(ctx context.Context, caller rights.Caller, kind rights.Kind, q Question) (rights.MemberChange, error) {
	if q.Right != rights.ChangeMembers(kind) {
		return rights.MemberChange{}, domain.Refuse(domain.Invalid, "the right %s is not that to change members", q.Right)
	}
	m, err := e.members.Plan(ctx, caller, ref(kind, q.On), identity.ClaimName(q.Member), q.To)
	if errors.Is(err, rights.Hidden(rights.User)) {
		err = domain.Refuse(domain.NotFound, "there is no user %q", q.Member)
	}
	return m, err
}

// subject returns what the right is on; it is not known if it does not exist.
func (e *Explainer) subject(ctx context.Context, kind rights.Kind, user identity.UserID, on string) (rights.Standing, error) {
	switch kind {
	case rights.Instance:
		return rights.Standing{Subject: rights.Subject{Kind: kind, Known: true}}, nil
	case rights.User:
		a, err := e.accounts.Account(ctx, on)
		if errors.Is(err, domain.NotFound) {
			return rights.Absent(kind), nil
		}
		return rights.Standing{Subject: rights.Subject{Kind: kind, Known: true, User: a.ID}, ID: int64(a.ID), Path: a.Username}, err
	}
	s, err := e.standings.Standing(ctx, user, ref(kind, on), e.now())
	if errors.Is(err, domain.NotFound) {
		return rights.Absent(kind), nil
	}
	return s, err
}

// ref names a group or project by its path or, as digits, by its number.
func ref(kind rights.Kind, on string) rights.Ref {
	if strings.Trim(on, "0123456789") != "" {
		return rights.Ref{Kind: kind, Path: on}
	}
	id, _ := identity.ParseID(on) // no row has the number 0
	return rights.Ref{Kind: kind, ID: id}
}

// movedTo returns the path of the project to which a path of the past leads; empty for
// none.
func (e *Explainer) movedTo(ctx context.Context, path string) (string, error) {
	id, err := e.moved.MovedTo(ctx, source.Path(path))
	var s rights.Standing
	if err == nil {
		s, err = e.standings.Standing(ctx, 0, rights.Ref{Kind: rights.Project, ID: int64(id)}, e.now())
	}
	if errors.Is(err, domain.NotFound) {
		return "", nil
	}
	return s.Path, err
}

// Role returns the word for the role of the actor on the subject; empty for a right that
// does not go by roles.
func (e Explanation) Role() string {
	if k := e.Subject.Kind; k != rights.Group && k != rights.Project {
		return ""
	}
	return e.Subject.Role.String()
}

// Decider returns the rule that refuses; nil if the user may.
func (e Explanation) Decider() *rights.Finding {
	for i, f := range e.Findings {
		if f.Outcome == rights.Refused {
			return &e.Findings[i]
		}
	}
	return nil
}
