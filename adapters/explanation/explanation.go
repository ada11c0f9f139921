// Package explanation is the JSON form of an explained decision, for every adapter that
// shows one. The Schema defines and describes it.
//
// Every member is always there: numbers are 0, texts and lists empty where there is
// nothing. Only rule, share, key_expires_at, expires_at and token_scopes may be null. A reader passes
// over members that it does not know. The texts of messages and hints are for people
// and may change; rule, outcome and kind are for programs.
//
// The member grants of a protection says whether it lets the change pass the rule by
// itself: the push is granted by any one. A role source with the role none does not
// count. Of the remedies it takes all: each is for the rule that would refuse after the
// first hint of the one before. Any other hint does in place of the first of its remedy.
package explanation

import (
	_ "embed" // the schema
	"errors"
	"time"

	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Version is the version of the form. A member that is added leaves it as it is; a
// member that is removed, or means something else, increases it.
const Version = 1

// Schema is the JSON Schema of an Explanation.
//
//go:embed explanation.schema.json
var Schema []byte

// Explanation is an explained decision. All members are always there.
type Explanation struct {
	Version int  `json:"version"`
	Allowed bool `json:"allowed"`
	// Kind and Message are the refusal's, and empty if there is none.
	Kind    domain.Kind `json:"kind"`
	Message string      `json:"message"`
	// Rule is the rule that decided; null if all passed.
	Rule       *Rule      `json:"rule"`
	Actor      Actor      `json:"actor"`
	Repository Repository `json:"repository"`
	Request    Request    `json:"request"`
	Rules      []Rule     `json:"rules"`
	Remedies   Remedies   `json:"remedies"`
}

// Rule is the outcome of a rule.
type Rule struct {
	Rule        string         `json:"rule"`
	Ref         string         `json:"ref"`
	Outcome     source.Outcome `json:"outcome"`
	Message     string         `json:"message"`
	Protections []Protection   `json:"protections"`
}

// Protection is a protection that matches the ref.
type Protection struct {
	Pattern        source.Pattern `json:"pattern"`
	AllowForcePush bool           `json:"allow_force_push"`
	Access         []Access       `json:"access"`
	Grants         bool           `json:"grants"`
}

// Access is an entry of a protection: a role, or the number and the name of a user, group
// or deploy key.
type Access struct {
	Role        string             `json:"role"`
	UserID      identity.UserID    `json:"user_id"`
	GroupID     source.NamespaceID `json:"group_id"`
	DeployKeyID identity.KeyID     `json:"deploy_key_id"`
	Name        string             `json:"name"`
	Grants      bool               `json:"grants"`
}

// Actor is who asks.
type Actor struct {
	Claim          string           `json:"claim"`
	UserID         identity.UserID  `json:"user_id"`
	Username       string           `json:"username"`
	State          identity.State   `json:"state"`
	Admin          bool             `json:"admin"`
	KeyID          identity.KeyID   `json:"key_id"`
	KeyType        identity.KeyKind `json:"key_type"`
	KeyTitle       string           `json:"key_title"`
	KeyFingerprint string           `json:"key_fingerprint"`
	KeyExpiresAt   *time.Time       `json:"key_expires_at"`
	// Role is the user's in the project; under a deploy key its creator's.
	Role        string       `json:"role"`
	RoleSources []RoleSource `json:"role_sources"`
	KeyEnabled  bool         `json:"key_enabled"`
	KeyCanPush  bool         `json:"key_can_push"`
}

// RoleSource is where a role comes from.
type RoleSource struct {
	Kind source.RoleSourceKind `json:"kind"`
	// Role is what the source gives, "none" if it does not count.
	Role string `json:"role"`
	// Decides says whether the actor's role is this one.
	Decides    bool       `json:"decides"`
	Membership Membership `json:"membership"`
	Share      *Share     `json:"share"`
}

// Membership is a user's role in a group or project.
type Membership struct {
	GroupID   source.NamespaceID `json:"group_id"`
	ProjectID source.ProjectID   `json:"project_id"`
	Path      string             `json:"path"`
	Role      string             `json:"role"`
	State     source.MemberState `json:"state"`
	ExpiresAt *string            `json:"expires_at"`
}

// Share is of a group or project with another group.
type Share struct {
	GroupID   source.NamespaceID `json:"group_id"`
	ProjectID source.ProjectID   `json:"project_id"`
	Path      string             `json:"path"`
	With      string             `json:"with"`
	Role      string             `json:"role"`
	ExpiresAt *string            `json:"expires_at"`
}

// Repository is what is asked for.
type Repository struct {
	Target       string            `json:"target"`
	GLRepository string            `json:"gl_repository"`
	Path         string            `json:"path"`
	Visibility   source.Visibility `json:"visibility"`
	// Moved means that the target is a former path of the project.
	Moved bool `json:"moved"`
	// Creates is what the command creates if it is allowed: "project", "wiki" or nothing.
	Creates string `json:"creates"`
}

// Request is the command.
type Request struct {
	Action   source.Command  `json:"action"`
	Protocol source.Protocol `json:"protocol"`
	IP       string          `json:"ip"`
	// NamespacePath is the only group that the SSH certificate is for.
	NamespacePath string `json:"namespace_path"`
	// TokenScopes are those of the access token; null without one.
	TokenScopes []identity.Scope `json:"token_scopes"`
	Changes     []string         `json:"changes"`
}

// Remedies are what would have the command allowed, which takes all of them.
type Remedies struct {
	// Enough is false if more may be needed.
	Enough bool     `json:"enough"`
	AllOf  []Remedy `json:"all_of"`
}

// Remedy is what would have a rule pass: any one of its hints.
type Remedy struct {
	Rule  string `json:"rule"`
	Ref   string `json:"ref"`
	AnyOf []Hint `json:"any_of"`
}

// Hint is one change that would have a rule pass.
type Hint struct {
	Kind source.HintKind `json:"kind"`
	Text string          `json:"text"`
}

// New returns the JSON form of an explanation.
func New(explained gitaccess.Explanation) Explanation {
	c := &explained.Case
	out := Explanation{
		Version: Version, Allowed: explained.Refusal == nil,
		Actor: newActor(explained), Repository: newRepository(c),
		Request:  Request{Action: c.Command, Protocol: c.Protocol, NamespacePath: c.NamespacePath, Changes: []string{}},
		Rules:    []Rule{},
		Remedies: Remedies{explained.Enough, []Remedy{}},
	}
	if c.AddressGiven {
		out.Request.IP = c.Address.String()
	}
	if c.Token != nil {
		out.Request.TokenScopes = append([]identity.Scope{}, c.Token.Scopes...)
	}
	for _, change := range c.Changes {
		out.Request.Changes = append(out.Request.Changes, change.String())
	}
	for _, f := range explained.Findings {
		out.Rules = append(out.Rules, newRule(f))
	}
	for _, r := range explained.Remedies {
		remedy := Remedy{Rule: r.Rule, Ref: r.Ref, AnyOf: []Hint{}}
		for _, h := range r.AnyOf {
			remedy.AnyOf = append(remedy.AnyOf, Hint(h))
		}
		out.Remedies.AllOf = append(out.Remedies.AllOf, remedy)
	}
	if refusal, ok := errors.AsType[*domain.Refusal](explained.Refusal); ok {
		out.Kind, out.Message = refusal.Kind, refusal.Message
		if f := explained.Decider(); f != nil {
			rule := newRule(*f)
			out.Rule = &rule
		}
	}
	return out
}

func newRule(f source.Finding) Rule {
	out := Rule{Rule: f.Rule, Ref: f.Ref, Outcome: f.Outcome, Message: f.Message, Protections: []Protection{}}
	for _, m := range f.Protections {
		p := Protection{Pattern: m.Pattern, AllowForcePush: m.AllowForcePush, Access: []Access{}, Grants: m.Grants}
		for _, a := range m.Access {
			p.Access = append(p.Access, Access{accessRole(a.Access), a.User, a.Group, a.DeployKey, a.Name, a.Grants})
		}
		out.Protections = append(out.Protections, p)
	}
	return out
}

// accessRole is the word of the world file for an entry's role; empty for an entry of a
// user, group or key.
func accessRole(a source.Access) string {
	switch {
	case !a.IsRole():
		return ""
	case a.Role == source.NoRole:
		return "no_one"
	case a.Role == source.AdminsOnly:
		return "admin"
	default:
		return a.Role.String()
	}
}

func newActor(explained gitaccess.Explanation) Actor {
	c := &explained.Case
	user, key := c.Actor.User, c.Actor.Key
	out := Actor{
		Claim:  c.Claim.String(),
		UserID: user.ID, Username: user.Username, State: user.State, Admin: user.Admin,
		KeyID: key.ID, KeyType: key.Kind, KeyTitle: key.Title,
		Role: c.Role.String(), RoleSources: []RoleSource{}, KeyEnabled: c.KeyEnabled, KeyCanPush: c.KeyCanPush,
	}
	if key.Known() {
		out.KeyFingerprint = "SHA256:" + string(key.Fingerprint)
	}
	if !key.ExpiresAt.IsZero() {
		at := key.ExpiresAt.UTC()
		out.KeyExpiresAt = &at
	}
	for _, s := range explained.Roles {
		role := s.RoleAt(c.Now)
		m := s.Membership
		one := RoleSource{
			Kind: s.Kind, Role: role.String(), Decides: role != source.NoRole && role == c.Role,
			Membership: Membership{m.In.Group, m.In.Project, m.Path, m.Role.String(), m.State, day(m.ExpiresAt)},
		}
		if s.Kind == source.ByShare {
			one.Share = &Share{s.Share.In.Group, s.Share.In.Project, s.Share.Path, s.Share.With, s.Share.Role.String(), day(s.Share.ExpiresAt)}
		}
		out.RoleSources = append(out.RoleSources, one)
	}
	return out
}

// day is a date; nil for none.
func day(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(time.DateOnly)
	return &text
}

func newRepository(c *source.Case) Repository {
	out := Repository{Target: c.Target.String(), Moved: c.Moved}
	if c.Project.Known() {
		out.Path = c.Project.FullPath(c.Repository.Kind)
		out.Visibility = c.Project.Visibility
	}
	switch {
	case c.Project.ToBeCreated:
		out.Creates = "project"
	case c.Project.Known():
		out.GLRepository = c.Repository.String()
		if c.CreatesWiki() {
			out.Creates = "wiki"
		}
	}
	return out
}
