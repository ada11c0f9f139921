package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// explanation is the answer of explain as --json prints it.
type explanation struct {
	Allowed bool `json:"allowed"`
	// Kind and Message are the refusal's, and empty if there is none.
	Kind    domain.Kind `json:"kind"`
	Message string      `json:"message"`
	// Rule is the rule that decided; null if all passed.
	Rule       *ruleJSON      `json:"rule"`
	Actor      actorJSON      `json:"actor"`
	Repository repositoryJSON `json:"repository"`
	Request    requestJSON    `json:"request"`
	Rules      []ruleJSON     `json:"rules"`
}

type ruleJSON struct {
	Rule    string         `json:"rule"`
	Ref     string         `json:"ref"`
	Outcome source.Outcome `json:"outcome"`
	Message string         `json:"message"`
}

type actorJSON struct {
	Claim    string           `json:"claim"`
	UserID   identity.UserID  `json:"user_id"`
	Username string           `json:"username"`
	State    identity.State   `json:"state"`
	Admin    bool             `json:"admin"`
	KeyID    identity.KeyID   `json:"key_id"`
	KeyType  identity.KeyKind `json:"key_type"`
	KeyTitle string           `json:"key_title"`
	// Role is the user's in the project; under a deploy key its creator's.
	Role       string `json:"role"`
	KeyEnabled bool   `json:"key_enabled"`
	KeyCanPush bool   `json:"key_can_push"`
}

type repositoryJSON struct {
	Target       string            `json:"target"`
	GLRepository string            `json:"gl_repository"`
	Path         string            `json:"path"`
	Visibility   source.Visibility `json:"visibility"`
	// Moved means that the target is a former path of the project.
	Moved bool `json:"moved"`
}

type requestJSON struct {
	Action   source.Command  `json:"action"`
	Protocol source.Protocol `json:"protocol"`
	IP       string          `json:"ip"`
	Changes  []string        `json:"changes"`
}

func newExplanation(request gitaccess.Request, explained gitaccess.Explanation) explanation {
	s := explained.Standing
	out := explanation{
		Allowed: explained.Refusal == nil,
		Actor: actorJSON{
			Claim:  request.Claim.String(),
			UserID: s.Actor.User.ID, Username: s.Actor.User.Username, State: s.Actor.User.State, Admin: s.Actor.User.Admin,
			KeyID: s.Actor.Key.ID, KeyType: s.Actor.Key.Kind, KeyTitle: s.Actor.Key.Title,
			Role: s.Role.String(), KeyEnabled: s.KeyEnabled, KeyCanPush: s.KeyCanPush,
		},
		Repository: repositoryJSON{Target: request.Target.String(), Moved: s.Moved},
		Request:    requestJSON{Action: request.Command, Protocol: request.Protocol, Changes: []string{}},
		Rules:      []ruleJSON{},
	}
	if s.Project.Known() {
		out.Repository.GLRepository = s.Repository.String()
		out.Repository.Path = s.Project.FullPath(s.Repository.Kind)
		out.Repository.Visibility = s.Project.Visibility
	}
	if request.AddressGiven {
		out.Request.IP = request.Address.String()
	}
	for _, change := range request.Changes {
		out.Request.Changes = append(out.Request.Changes, change.String())
	}
	for _, f := range explained.Findings {
		out.Rules = append(out.Rules, ruleJSON{f.Rule, f.Ref, f.Outcome, f.Message})
	}
	out.setRefusal(explained.Refusal)
	return out
}

// setRefusal sets the refusal and the rule that decided: the first that
// refused.
func (e *explanation) setRefusal(err error) {
	refusal, ok := errors.AsType[*domain.Refusal](err)
	if !ok {
		return
	}
	e.Kind, e.Message = refusal.Kind, refusal.Message
	for i := range e.Rules {
		if e.Rules[i].Outcome == source.Refused {
			e.Rule = &e.Rules[i]
			return
		}
	}
}

// print writes the explanation as tables.
func (e *explanation) print(w io.Writer) error {
	head := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"who", e.who()}, {"what", e.what()}, {"verdict", e.verdict()}, {"decided by", e.decider()},
	} {
		_, _ = fmt.Fprintf(head, "%s\t%s\n", line[0], line[1]) // Flush returns the error
	}
	if err := head.Flush(); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w)
	rows := make([][]string, len(e.Rules))
	for i, r := range e.Rules {
		rows[i] = []string{r.Rule, cell(r.Ref), string(r.Outcome), cell(r.Message)}
	}
	return writeTable(w, []string{"rule", "ref", "outcome", "message"}, rows)
}

func (e *explanation) who() string {
	a := e.Actor
	var parts []string
	if a.KeyID != 0 {
		parts = append(parts, fmt.Sprintf("%s %d %q", strings.ReplaceAll(string(a.KeyType), "_", " "), a.KeyID, a.KeyTitle))
	}
	if a.UserID != 0 {
		user := fmt.Sprintf("user %d %s, %s", a.UserID, a.Username, a.State)
		if a.Admin {
			user += ", administrator"
		}
		if a.KeyType == identity.DeployKey {
			user = "created by " + user
		}
		parts = append(parts, user)
	}
	if len(parts) == 0 {
		return fmt.Sprintf("a stranger (%s)", a.Claim)
	}
	role := "role here: " + a.Role
	if a.KeyType == identity.DeployKey {
		role = fmt.Sprintf("enabled here: %t, may push: %t", a.KeyEnabled, a.KeyCanPush)
	}
	return strings.Join(append(parts, role), "; ")
}

func (e *explanation) what() string {
	r := e.Repository
	place := r.Target + ", which does not exist"
	if r.GLRepository != "" {
		place = fmt.Sprintf("%s %s (%s)", r.GLRepository, r.Path, r.Visibility)
	}
	if r.Moved {
		place += ", formerly " + r.Target
	}
	return fmt.Sprintf("%s over %s on %s", e.Request.Action, e.Request.Protocol, place)
}

func (e *explanation) verdict() string {
	if e.Allowed {
		return "allowed"
	}
	return fmt.Sprintf("refused (%s): %s", e.Kind, e.Message)
}

func (e *explanation) decider() string {
	switch {
	case e.Rule != nil:
		return strings.TrimSpace(e.Rule.Rule + " " + e.Rule.Ref)
	default:
		return cmp.Or(e.Message, "no rule refuses")
	}
}
