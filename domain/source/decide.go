package source

import "gatehouse/domain"

// rule is one named part of a decision on T: a whole case, or one ref's
// change within it.
type rule[T any] struct {
	name  string
	check func(*T) finding
	// hints returns what would have the rule pass, each by itself; at least one hint
	// where check refuses.
	hints func(*T) []hint
	// protections returns the protections that the rule goes by; nil for a rule that
	// goes by none.
	protections func(*T) []ProtectionMatch
}

// finding is a rule's outcome; ask is set where it is Undecided. reason says why it is
// no refusal, where that is not plain.
type finding struct {
	outcome Outcome
	refusal *domain.Refusal
	ask     Question
	reason  string
}

var (
	pass = finding{outcome: Passed}
	skip = finding{outcome: Skipped}
)

// refuse makes a finding of kind with a message for the user.
func refuse(kind domain.Kind, format string, args ...any) finding {
	return finding{outcome: Refused, refusal: domain.Refuse(kind, format, args...)}
}

// findingOf turns a check's refusal, which may be nil, into a finding.
func findingOf(refusal *domain.Refusal) finding {
	if refusal == nil {
		return pass
	}
	return finding{outcome: Refused, refusal: refusal}
}

// wait leaves a finding open until the question is answered.
func wait(q Question) finding { return finding{outcome: Undecided, ask: q} }

// Decide runs the rules up to the first refusal. Of a push every change has
// to pass. It never allows while questions are open; a refusal that needs no
// answer comes before any question.
func (c *Case) Decide() Verdict {
	var open questions
	if rule, refusal := run(accessRules, c, &open); refusal != nil {
		return Verdict{Refusal: refusal, Rule: rule}
	}
	for u := range c.updates() {
		if rule, refusal := run(changeRules, &u, &open); refusal != nil {
			return Verdict{Refusal: refusal, Rule: rule, Ref: u.Ref}
		}
	}
	return Verdict{Open: open.list}
}

// run adds the questions of rules to those that are open, up to the first
// refusal, which it returns with its rule; nil if there is none.
func run[T any](rules []rule[T], on *T, open *questions) (name string, refusal error) {
	for _, r := range rules {
		switch f := r.check(on); f.outcome {
		case Refused:
			return r.name, f.refusal
		case Undecided:
			open.add(f.ask)
		}
	}
	return "", nil
}

// RuleNames returns the names of all rules, in the order in which they judge.
func RuleNames() (names []string) {
	for _, r := range accessRules {
		names = append(names, r.name)
	}
	for _, r := range changeRules {
		names = append(names, r.name)
	}
	return names
}

// questions are open, each once. A push may have a hundred thousand.
type questions struct {
	list []Question
	seen map[Question]bool
}

func (qs *questions) add(q Question) {
	if qs.seen[q] {
		return
	}
	if qs.seen == nil {
		qs.seen = make(map[Question]bool)
	}
	qs.seen[q] = true
	qs.list = append(qs.list, q)
}
