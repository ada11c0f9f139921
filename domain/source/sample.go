package source

import (
	"slices"
	"strings"
)

// sampledChanges is how many changes of a push a sample has, besides those that it
// needs.
const sampledChanges = 20

// MaxSampledName is the length of the longest ref that a sample has without need.
const MaxSampledName = 1 << 10

// Sample returns a copy of the case with a few changes, however many the push has, and
// how many it leaves out. It has the first changes, that of the refused ref, and what
// else the rules need to find the same of them as in the whole push. It shares no text
// with the request.
func (c *Case) Sample(refused Ref) (sample Case, more int) {
	sample = *c
	sample.Changes, sample.Answers = nil, nil
	seesRefused, seesBranch := refused == Ref{}, false
	for _, change := range c.Changes {
		isRefused := !seesRefused && change.Ref == refused
		updatesBranch := !seesBranch && change.Ref.Kind == Branch && !change.Old.IsZero()
		fits := len(sample.Changes) < sampledChanges && len(change.Ref.Name) <= MaxSampledName
		if fits || isRefused || updatesBranch || len(sample.Changes) == 0 {
			sample.Changes = append(sample.Changes, change.clone())
			seesRefused, seesBranch = seesRefused || isRefused, seesBranch || updatesBranch
		}
	}
	sample.Project.Protections = nil
	for _, p := range c.Project.Protections {
		if slices.ContainsFunc(sample.Changes, func(change Change) bool { return p.covers(change.Ref) }) {
			sample.Project.Protections = append(sample.Project.Protections, p)
		}
	}
	sample.Answers = c.answersOf(sample.Changes)
	sample.Claim.Name, sample.Target.Path = strings.Clone(c.Claim.Name), Path(strings.Clone(string(c.Target.Path)))
	sample.Command, sample.Protocol = Command(strings.Clone(string(c.Command))), Protocol(strings.Clone(string(c.Protocol)))
	sample.NamespacePath = strings.Clone(c.NamespacePath)
	return sample, len(c.Changes) - len(sample.Changes)
}

func (c Change) clone() Change {
	return Change{
		ObjectID(strings.Clone(string(c.Old))), ObjectID(strings.Clone(string(c.New))),
		Ref{c.Ref.Kind, strings.Clone(c.Ref.Name)},
	}
}

// answersOf returns the answers about the repository and about some changes.
func (c *Case) answersOf(changes []Change) map[Question]Answer {
	if len(c.Answers) == 0 {
		return nil
	}
	answers := map[Question]Answer{}
	add := func(q Question) {
		if answer, asked := c.Answers[q]; asked {
			answers[q] = answer
		}
	}
	add(existenceQuestion)
	add(branchesQuestion)
	for _, change := range changes {
		add(Question{Old: change.Old, New: change.New})
		add(Question{About: Default, Branch: change.Ref.Name})
	}
	return answers
}
