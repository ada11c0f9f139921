package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// explanationText prints an explanation for an operator.
type explanationText struct {
	*gitaccess.Explanation
	c *source.Case
}

// printExplanation writes the verdict with what led to it, and below it a table of the
// rules.
func printExplanation(w io.Writer, explained gitaccess.Explanation) error {
	r := explanationText{&explained, &explained.Case}
	head := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, part := range []struct {
		label string
		lines []string
	}{
		{"verdict", r.verdict()}, {"who", r.who()}, {"role", r.role()}, {"what", r.what()},
		{"protections", r.protections()}, {"it takes", r.remedies()},
	} {
		for i, line := range part.lines {
			if i > 0 {
				part.label = ""
			}
			_, _ = fmt.Fprintf(head, "%s\t%s\n", part.label, printable(line)) // Flush returns the error
		}
	}
	if err := head.Flush(); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w)
	rows := make([][]string, len(r.Findings))
	for i, f := range r.Findings {
		rows[i] = []string{f.Rule, cell(f.Ref), string(f.Outcome), cell(note(f))}
	}
	return writeTable(w, []string{"rule", "ref", "outcome", "message"}, rows)
}

func (r explanationText) verdict() []string {
	if r.Refusal == nil {
		return []string{"allowed: no rule refuses"}
	}
	kind, decider := "", ""
	if refusal, ok := errors.AsType[*domain.Refusal](r.Refusal); ok {
		kind = fmt.Sprintf(" (%s)", refusal.Kind)
	}
	if f := r.Decider(); f != nil {
		decider = strings.TrimSpace("by the rule " + f.Rule + " " + f.Ref)
	}
	return []string{fmt.Sprintf("refused%s: %s", kind, r.Refusal), decider}
}

func (r explanationText) who() []string {
	user, key := r.c.Actor.User, r.c.Actor.Key
	account := fmt.Sprintf("user %d %s, %s", user.ID, user.Username, user.State)
	if user.Admin {
		account += ", administrator"
	}
	keyText := fmt.Sprintf("%s %d %q", strings.ReplaceAll(string(key.Kind), "_", " "), key.ID, key.Title)
	if !key.ExpiresAt.IsZero() {
		verb := "expires"
		if key.Expired(r.c.Now) {
			verb = "expired"
		}
		keyText += fmt.Sprintf(", %s %s", verb, key.ExpiresAt.UTC().Format(time.RFC3339))
	}
	switch {
	case r.c.Actor.IsDeployKey() && user.Known():
		return []string{keyText, "created by " + account}
	case key.Known() && !user.Known():
		return []string{keyText, "its creator was deleted"}
	case key.Known():
		return []string{keyText, account}
	case user.Known():
		return []string{account}
	case r.c.Claim.Kind == identity.Anonymous:
		return []string{"a stranger"}
	default:
		return []string{fmt.Sprintf("a stranger: %s is not known", r.c.Claim)}
	}
}

// role says what the actor may do in the project, and why.
func (r explanationText) role() []string {
	if !r.c.Project.Known() || !r.c.Actor.User.Known() && !r.c.Actor.Key.Known() {
		return nil
	}
	text := fmt.Sprintf("%s in %s", r.c.Role, r.place())
	if r.c.Actor.User.Admin && !r.c.Actor.IsDeployKey() {
		text += "; administrators need none"
	}
	if r.c.Actor.IsDeployKey() {
		access := "not enabled here"
		switch {
		case r.c.KeyCanPush:
			access = "enabled here with write access"
		case r.c.KeyEnabled:
			access = "enabled here without write access"
		}
		text = fmt.Sprintf("%s; its creator has the role %s", access, text)
	}
	lines := []string{text}
	for _, s := range r.Roles {
		lines = append(lines, "- "+r.roleSource(s))
	}
	return lines
}

// place is the project, or the namespace of one that is to be created.
func (r explanationText) place() string {
	if r.c.Project.ToBeCreated {
		return string(source.Path(r.c.Project.Path).Parent())
	}
	return r.c.Project.Path
}

// roleSource says where a role comes from, until when, and whether it counts.
func (r explanationText) roleSource(s source.RoleSource) string {
	m := s.Membership
	text := ""
	switch s.Kind {
	case source.Ownership:
		text = fmt.Sprintf("%s of the personal namespace %s", m.Role, m.Path)
	default:
		text = fmt.Sprintf("%s as a member of the %s %s", m.Role, sourceWord(m.In), m.Path) + until(m.ExpiresAt)
	}
	if s.Kind == source.ByShare {
		text += fmt.Sprintf("; the %s %s is shared with %s up to %s", sourceWord(s.Share.In), s.Share.Path, s.Share.With, s.Share.Role) + until(s.Share.ExpiresAt)
	}
	switch role := s.RoleAt(r.c.Now); {
	case role == r.c.Role && role != source.NoRole:
		return text + " (this one decides)"
	case role != source.NoRole:
		return text
	case m.State != source.MemberActive:
		return fmt.Sprintf("%s (does not count: %s)", text, m.State)
	default:
		return text + " (does not count)"
	}
}

func sourceWord(in source.MemberSource) string {
	if in.Project != 0 {
		return "project"
	}
	return "group"
}

func until(day time.Time) string {
	if day.IsZero() {
		return ""
	}
	return " until " + day.UTC().Format(time.DateOnly)
}

func (r explanationText) what() []string {
	c := r.c
	on := fmt.Sprintf("%s, which does not exist", c.Target)
	switch p := c.Project; {
	case p.ToBeCreated:
		on = fmt.Sprintf("%s, a new project that the push creates", p.Path)
	case p.Known():
		on = fmt.Sprintf("%s %s (%s)", c.Repository, p.FullPath(c.Repository.Kind), p.Visibility)
	}
	if c.Moved {
		on += ", formerly " + c.Target.String()
	}
	if c.Project.Known() && c.CreatesWiki() {
		on += ", which the push creates if it is missing"
	}
	text := fmt.Sprintf("%s over %s on %s", c.Command, c.Protocol, on)
	if c.AddressGiven {
		text += ", from " + c.Address.String()
	}
	if c.NamespacePath != "" {
		text += ", with an SSH certificate for " + c.NamespacePath
	}
	if c.Token != nil {
		scopes := make([]string, len(c.Token.Scopes))
		for i, s := range c.Token.Scopes {
			scopes[i] = string(s)
		}
		text += ", with an access token for " + strings.Join(scopes, ", ")
	}
	return []string{text}
}

// protections has a line for each ref that is judged by itself.
func (r explanationText) protections() (lines []string) {
	matches := map[string]string{}
	for _, f := range r.Findings {
		switch {
		case f.Ref == "":
		case len(f.Protections) > 0: // each rule on protections has the same
			matches[f.Ref] = listed(f.Protections)
		case matches[f.Ref] == "":
			matches[f.Ref] = "none matches"
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(matches)) {
		lines = append(lines, ref+": "+matches[ref])
	}
	return lines
}

// listed names protections.
func listed(all []source.ProtectionMatch) string {
	var texts []string
	for _, p := range all {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ", ")
}

// remedies lists what would have the command allowed.
func (r explanationText) remedies() (lines []string) {
	for i, remedy := range r.Remedies {
		indent := ""
		if len(r.Remedies) > 1 {
			indent = fmt.Sprintf("%d. ", i+1)
		}
		for j, hint := range remedy.AnyOf {
			text := hint.Text
			if j > 0 {
				text = "or " + text
			}
			lines = append(lines, indent+text)
			indent = strings.Repeat(" ", len(indent))
		}
	}
	switch {
	case len(r.Remedies) > 0 && !r.Enough:
		lines = append(lines, "and perhaps more: Gitaly has not been asked, or the list is cut off")
	case len(r.Remedies) > 1:
		lines = append(lines, "all of these")
	}
	return lines
}

// note says in the table what a rule has to say: the message, and which protections
// granted what.
func note(f source.Finding) string {
	var granting, others []source.ProtectionMatch
	for _, p := range f.Protections {
		if p.Grants {
			granting = append(granting, p)
		} else {
			others = append(others, p)
		}
	}
	var parts []string
	if len(granting) > 0 {
		parts = append(parts, "granted by "+listed(granting))
	}
	if len(others) > 0 {
		parts = append(parts, "not by "+listed(others))
	}
	text := strings.Join(parts, "; ")
	switch {
	case f.Message == "":
		return text
	case text == "":
		return f.Message
	default:
		return f.Message + " (" + text + ")"
	}
}
