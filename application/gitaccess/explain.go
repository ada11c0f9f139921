package gitaccess

import (
	"context"
	"slices"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// Explainer explains the decisions of a Gatekeeper.
type Explainer struct {
	gate       *Gatekeeper
	background Background
}

// NewExplainer makes an Explainer.
func NewExplainer(gate *Gatekeeper, background Background) *Explainer {
	return &Explainer{gate, background}
}

// Explanation is a decision with everything that led to it.
type Explanation struct {
	// Case has the facts.
	Case source.Case
	// Refusal is nil if the command would be allowed.
	Refusal  error
	Findings []source.Finding
	// Roles are where the Role of the standing comes from, as RoleSource.Compare orders
	// them.
	Roles []source.RoleSource
	// Remedies are what would have the command allowed. Enough is false if more may be
	// needed.
	Remedies []source.Remedy
	Enough   bool
}

// Explain returns what every rule finds. It decides as Allow does, but counts
// no request, stamps no key and leaves no notice. An error means that the facts
// could not be loaded.
func (e *Explainer) Explain(ctx context.Context, req Request) (Explanation, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	g := e.gate
	c := g.newCase(req)
	if err := g.loadStanding(ctx, &c); err != nil {
		return Explanation{}, unavailable(ctx, err)
	}
	d, err := g.decide(ctx, req, &c)
	if _, unknown := g.location(req, &c); err != nil && unknown == nil {
		return Explanation{}, unavailable(ctx, err)
	}
	out := Explanation{Case: c, Refusal: d.refusal, Findings: c.Explain()}
	out.Remedies, out.Enough = c.Remedies()
	if c.Project.Known() && c.Actor.User.Known() {
		out.Roles, err = e.background.RoleSources(ctx, c.Actor.User.ID, c.Project)
		if err != nil {
			return Explanation{}, unavailable(ctx, err)
		}
		slices.SortFunc(out.Roles, func(a, b source.RoleSource) int { return a.Compare(b, c.Now) })
	}
	if err := e.nameAccess(ctx, out.Findings); err != nil {
		return Explanation{}, unavailable(ctx, err)
	}
	if c.Project.ToBeCreated {
		refusal := c.Project.CheckCreation()
		out.add(CreateProjectRule, asError(refusal), source.Hint{Kind: source.HintCommand, Text: "another path for the new project"})
	}
	if c.Project.Known() {
		_, refusal := g.location(req, &c)
		out.add(StorageRule, refusal, source.Hint{Kind: source.HintInstance, Text: "the storage " + c.Project.Storage + " in the configuration"})
	}
	return out, nil
}

// nameAccess adds the names to the entries of the protections.
func (e *Explainer) nameAccess(ctx context.Context, findings []source.Finding) error {
	var entries []*source.AccessMatch
	var asked []source.Access
	for _, f := range findings {
		for _, m := range f.Protections {
			for i := range m.Access {
				if a := &m.Access[i]; !a.IsRole() {
					entries, asked = append(entries, a), append(asked, a.Access)
				}
			}
		}
	}
	if len(asked) == 0 {
		return nil
	}
	names, err := e.background.AccessNames(ctx, asked)
	for _, a := range entries {
		a.Name = names[a.Access]
	}
	return err
}

// add adds a rule that Allow applies behind those of the case, with the remedy if it
// refuses.
func (e *Explanation) add(rule string, refusal error, remedy source.Hint) {
	f := source.Finding{Rule: rule, Outcome: source.Passed}
	if refusal != nil {
		f.Outcome, f.Message = source.Refused, refusal.Error()
		e.Remedies = append(e.Remedies, source.Remedy{Rule: rule, AnyOf: []source.Hint{remedy}})
		if e.Refusal == nil {
			e.Refusal = refusal
		}
	}
	if !e.Case.Visible() {
		f.Outcome, f.Message = source.NotReached, ""
	}
	e.Findings = append(e.Findings, f)
}

// asError makes no error of a nil refusal.
func asError(refusal *domain.Refusal) error {
	if refusal == nil {
		return nil
	}
	return refusal
}

// Decider returns the finding of the rule that decided: the first that refused. It is
// nil if the command is allowed.
func (e *Explanation) Decider() *source.Finding {
	i := slices.IndexFunc(e.Findings, func(f source.Finding) bool { return f.Outcome == source.Refused })
	if e.Refusal == nil || i < 0 {
		return nil
	}
	return &e.Findings[i]
}
