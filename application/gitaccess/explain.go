package gitaccess

import (
	"context"

	"gatehouse/domain/source"
)

// Explanation is a decision with everything that led to it.
type Explanation struct {
	Standing source.Standing
	// Refusal is nil if the command would be allowed.
	Refusal  error
	Findings []source.Finding
}

// Explain returns what every rule finds. It decides as Allow does, but counts
// no request, stamps no key and leaves no notice. An error means that the facts
// could not be loaded.
func (g *Gatekeeper) Explain(ctx context.Context, req Request) (Explanation, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	c := source.Case{Request: req.Request, Now: g.now(), Settings: g.rules.Settings, Keys: g.rules.Keys}
	if err := g.loadStanding(ctx, &c); err != nil {
		return Explanation{}, unavailable(ctx, err)
	}
	d, err := g.decide(ctx, req, &c)
	if err != nil {
		return Explanation{}, unavailable(ctx, err)
	}
	out := Explanation{Standing: c.Standing, Refusal: d.refusal, Findings: c.Explain()}
	if d.refusal == nil {
		out.addStorage(g.location(req, &c))
	}
	return out, nil
}

// addStorage adds a rule on the storage: Allow refuses a project whose storage
// is not configured.
func (e *Explanation) addStorage(_ Location, refusal error) {
	storage := source.Finding{Rule: "storage", Outcome: source.Passed}
	if refusal != nil {
		storage.Outcome, storage.Message, e.Refusal = source.Refused, refusal.Error(), refusal
	}
	e.Findings = append(e.Findings, storage)
}
