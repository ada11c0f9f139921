package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gatehouse/adapters/explanation"
	"gatehouse/application/authorization"
	"gatehouse/bootstrap"
	"gatehouse/domain/audit"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// explainRight tells why a right of the management API would be given or refused.
func explainRight(ctx context.Context, s store, streams Streams, q authorization.Question, asJSON bool) error {
	explained, err := bootstrap.RightsExplainer(s.config, s.Ports).Explain(ctx, q)
	switch {
	case err != nil:
		return err
	case asJSON:
		return writeJSON(streams.Out, explanation.NewRight(explained))
	default:
		return printRight(streams.Out, explained)
	}
}

// explainRight answers explain --may.
func (q *question) explainRight(ctx context.Context, flags *configFlags, streams Streams, c *cobra.Command, asJSON bool) error {
	if err := requireFilled(c, "may", "user", "on", "member", "to"); err != nil {
		return err
	}
	asked, err := q.right()
	if err != nil {
		return err
	}
	return flags.openStore(ctx, streams, noMigrate, func(s store) error { return explainRight(ctx, s, streams, asked, asJSON) })
}

// right returns the question that the flags ask, and checks that none is missing.
func (q *question) right() (authorization.Question, error) {
	right := rights.Right(q.may)
	kind, ok := rights.KindOf(right)
	switch {
	case !ok:
		return authorization.Question{}, usageErrorf("--may %q is no right; there are %s", q.may, rightNames())
	case kind == rights.Instance && q.on != "":
		return authorization.Question{}, usageErrorf("--may %s is a right on the instance: --on has no effect", q.may)
	case kind != rights.Instance && q.on == "":
		return authorization.Question{}, usageErrorf("--may %s is a right on a %s: name it by --on", q.may, kind)
	}
	out := authorization.Question{Right: right, Username: q.user, On: q.on, Member: q.member}
	if q.member == "" {
		return out, nil
	}
	if right != rights.ChangeMembers(kind) {
		return out, usageErrorf("--may %s is not the right to change members: --member has no effect", q.may)
	}
	if out.To, ok = source.ParseRole(q.to); !ok {
		return out, usageErrorf("--to %q is no role; there are %s", q.to, roleNames())
	}
	return out, nil
}

// roleNames are the names of the roles, the lowest first.
func roleNames() string {
	var names []string
	for _, role := range source.Roles() {
		names = append(names, role.String())
	}
	return strings.Join(names, ", ")
}

func rightNames() string {
	var names []string
	for _, r := range rights.Rights() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// printRight writes the verdict with what led to it, and below it a table of the rules.
func printRight(w io.Writer, e authorization.Explanation) error {
	verdict := "allowed: no rule refuses"
	if f := e.Decider(); f != nil {
		verdict = fmt.Sprintf("refused (%s): %s, by the rule %s", e.Refusal.Kind, f.Message, f.Rule)
	}
	who := "a request without a token"
	if e.Actor.Known() {
		who = fmt.Sprintf("user %d %s, %s", e.Actor.ID, e.Actor.Username, e.Actor.State)
		if e.Actor.Admin {
			who += ", administrator"
		}
		if e.Actor.External {
			who += ", external"
		}
	}
	head := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"verdict", verdict}, {"right", string(e.Right)}, {"who", who}, {"role", e.Role()}, {"on", subjectText(e)}, {"change", changeText(e.Change)},
	} {
		if line[1] != "" {
			_, _ = fmt.Fprintf(head, "%s\t%s\n", line[0], printable(line[1])) // Flush returns the error
		}
	}
	if err := head.Flush(); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w)
	rows := make([][]string, len(e.Findings))
	for i, f := range e.Findings {
		rows[i] = []string{f.Rule, string(f.Outcome), cell(f.Message)}
	}
	return writeTable(w, []string{"rule", "outcome", "message"}, rows)
}

// changeText says what would happen to a member; it is empty without one.
func changeText(m rights.MemberChange) string {
	if !m.Member.Known() {
		return ""
	}
	text := fmt.Sprintf("user %d %s, ", m.Member.ID, m.Member.Username)
	switch m.Verb {
	case audit.Create:
		text += "a new " + m.New.String()
	case audit.Delete:
		text += "removed as " + m.Old.String()
	default:
		text += fmt.Sprintf("from %s to %s", m.Old, m.New)
	}
	if m.Inherited != source.NoRole {
		text += fmt.Sprintf(", %s by the group %s", m.Inherited, m.InheritedFrom)
	}
	return text
}

// subjectText names what the right is on.
func subjectText(e authorization.Explanation) string {
	s := e.Subject
	switch {
	case s.Kind == rights.Instance:
		return "the instance"
	case e.MovedTo != "":
		return fmt.Sprintf("%s %s, which has moved to %s", s.Kind, e.On, e.MovedTo)
	case !s.Known:
		return fmt.Sprintf("%s %s, which does not exist", s.Kind, e.On)
	case s.Visibility == "":
		return fmt.Sprintf("%s %d %s", s.Kind, s.ID, s.Path)
	default:
		return fmt.Sprintf("%s %d %s, %s", s.Kind, s.ID, s.Path, s.Visibility)
	}
}
