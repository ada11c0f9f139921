package gitaccess

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gatehouse/domain/audit"
	"gatehouse/domain/source"
)

// Decision is a decision on a request, to be recorded. It belongs to the request.
type Decision struct {
	request *Request
	facts   *source.Case
	denial  *Denial
}

// Refused says whether the command was refused.
func (d Decision) Refused() bool { return d.denial != nil }

// Keep returns the decision without what belongs to the request, in a size that does
// not depend on that of the push.
func (d Decision) Keep() *Kept {
	k := &Kept{correlationID: d.request.CorrelationID, project: cut(projectName(*d.request, d.facts))}
	refused := source.Ref{}
	if d.denial != nil {
		k.rule, k.message, refused = d.denial.Rule, cut(d.denial.message()), d.denial.ref
		k.ref, k.loaded = cut(d.denial.Ref), d.denial.Loaded
	}
	k.refused = d.Refused()
	k.facts, k.more = d.facts.Sample(refused)
	for _, change := range k.facts.Changes {
		if len(change.Ref.Name) > source.MaxSampledName {
			k.event = new(k.build())
			k.facts = source.Case{}
			break
		}
	}
	return k
}

// Kept is a decision of which an event can be made later.
type Kept struct {
	correlationID, project string
	refused                bool
	// rule, ref and message are empty, and loaded is not set, if the command was
	// allowed.
	rule, ref, message string
	loaded             bool
	facts              source.Case
	more               int
	// event is made already if the facts would take much memory.
	event *audit.Event
}

// Event returns the event for the audit log.
func (k *Kept) Event() audit.Event {
	if k.event != nil {
		return *k.event
	}
	return k.build()
}

// actorOf returns the record of who asks, with the number of the access token.
func actorOf(c *source.Case) audit.Actor {
	actor := audit.ActorOf(c.Actor, address(c))
	if c.Token != nil {
		actor.Token = c.Token.ID
	}
	return actor
}

func (k *Kept) build() audit.Event {
	c := &k.facts
	e := audit.Event{
		At: c.Now, CorrelationID: cut(k.correlationID), Actor: actorOf(c),
		Action: cut(string(c.Command)), Verb: audit.Pull, Outcome: audit.Allowed,
		Entity: audit.Object{Kind: audit.Project, ID: int64(c.Project.ID), Path: k.project},
		Git:    &audit.GitCommand{Protocol: source.Protocol(cut(string(c.Protocol))), Repository: repositoryName(c)},
		Decision: &audit.Decision{
			Rule: k.rule, Ref: k.ref, Message: k.message, MoreRefs: k.more, Facts: factsOf(c),
		},
	}
	if c.Pushes() {
		e.Verb = audit.Push
	}
	if e.Git.Repository == "" {
		e.Git.Repository = k.project
	}
	for _, change := range c.Changes {
		e.Decision.Refs = append(e.Decision.Refs, cut(change.String()))
	}
	if k.refused {
		e.Outcome = audit.Refused
	}
	if !k.refused || k.loaded || c.Throttled {
		e.Decision.Findings = k.findings()
	}
	return e
}

// findings are those of the rules, and of what refuses behind them. Those of an
// allowed command lack the rules that did not apply.
func (k *Kept) findings() []source.Finding {
	findings := k.facts.Explain()
	if !k.refused {
		findings = slices.DeleteFunc(findings, func(f source.Finding) bool { return f.Outcome == source.Skipped })
	}
	for i := range findings {
		f := &findings[i]
		f.Ref, f.Message, f.Protections = cut(f.Ref), cut(f.Message), someMatches(f.Protections)
	}
	if k.rule == StorageRule || k.rule == CreateProjectRule {
		findings = append(findings, source.Finding{Rule: k.rule, Outcome: source.Refused, Message: k.message})
	}
	return findings
}

// mostMatches is how many protections a finding names.
const mostMatches = 10

// someMatches returns a few of the protections, those that grant first. The facts tell who
// may pass each of them.
func someMatches(all []source.ProtectionMatch) (some []source.ProtectionMatch) {
	for _, grants := range []bool{true, false} {
		for _, m := range all {
			if m.Grants == grants && len(some) < mostMatches {
				some = append(some, source.ProtectionMatch{Pattern: source.Pattern(cut(string(m.Pattern))), Grants: grants})
			}
		}
	}
	return some
}

// maxText is the length of the longest text in an event.
const maxText = 500

// cut returns a text without control characters, which not every store keeps, of at
// most maxText bytes. It shares no memory with a longer text.
func cut(text string) string {
	if len(text) > maxText {
		end := maxText
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = strings.Clone(text[:end])
	}
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}
