package source_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/source"
)

// A sample has to find of its refs what the whole push finds of them.
func TestCase_Sample(t *testing.T) {
	t.Parallel()
	var topics []source.Change
	for i := range 100 {
		topics = append(topics, source.Change{Old: zero, New: two, Ref: source.ParseRef(fmt.Sprintf("refs/heads/topic-%d", i))})
	}
	long := source.ParseRef("refs/heads/" + strings.Repeat("x", source.MaxSampledName+1))
	main, last := source.ParseRef("refs/heads/main"), topics[99].Ref
	protected := protect(branch("main", by(source.Maintainer)), branch("topic-99", by(source.Maintainer)), branch("release", by(source.Maintainer)))
	empty := func(c *source.Case) {
		c.Project.Empty, c.Settings.DefaultBranchProtection = true, source.FullyProtected
	}
	for name, tt := range map[string]struct {
		changes []source.Change
		refused source.Ref
		with    with
		want    []source.Ref // besides the first ones
		size    int
	}{
		"few changes":                    {topics[:3], source.Ref{}, protected, nil, 3},
		"many changes":                   {topics, source.Ref{}, protected, nil, 20},
		"the last one refused":           {topics, last, protected, []source.Ref{last}, 21},
		"the first one refused":          {topics, topics[0].Ref, protected, nil, 20},
		"the last one updates a branch":  {append(slices.Clone(topics), source.Change{Old: one, New: two, Ref: main}), source.Ref{}, empty, []source.Ref{main}, 21},
		"the last one creates a branch":  {append(slices.Clone(topics), source.Change{Old: zero, New: two, Ref: main}), source.Ref{}, empty, nil, 20},
		"a long name":                    {append(slices.Clone(topics[:3]), source.Change{Old: zero, New: two, Ref: long}), source.Ref{}, protected, nil, 3},
		"a long name alone":              {[]source.Change{{Old: zero, New: two, Ref: long}}, source.Ref{}, protected, []source.Ref{long}, 1},
		"a long name that is refused":    {append(slices.Clone(topics[:3]), source.Change{Old: zero, New: two, Ref: long}), long, protected, []source.Ref{long}, 4},
		"a push before its refs are out": {nil, source.Ref{}, protected, nil, 0},
	} {
		whole := push(tt.with, func(c *source.Case) {
			c.Changes = tt.changes
			c.Answers = map[source.Question]source.Answer{{About: source.Branches}: source.No, {About: source.Existence}: source.Yes}
			for _, change := range tt.changes {
				c.Answers[source.Question{Old: change.Old, New: change.New}] = source.Yes
			}
		})
		sample, more := whole.Sample(tt.refused)
		if len(sample.Changes) != tt.size || more != len(tt.changes)-tt.size {
			t.Errorf("%s: got %d changes and %d more, want %d of %d", name, len(sample.Changes), more, tt.size, len(tt.changes))
		}
		for _, ref := range tt.want {
			if !slices.ContainsFunc(sample.Changes, func(c source.Change) bool { return c.Ref == ref }) {
				t.Errorf("%s: the sample lacks %.50s", name, ref)
			}
		}
		var want []source.Finding
		for _, f := range whole.Explain() {
			if f.Ref == "" || slices.ContainsFunc(sample.Changes, func(c source.Change) bool { return c.Ref.String() == f.Ref }) {
				want = append(want, f)
			}
		}
		if diff := cmp.Diff(want, sample.Explain()); diff != "" {
			t.Errorf("%s: the findings differ (-whole +sample):\n%s", name, diff)
		}
		if len(sample.Answers) > 2+2*len(sample.Changes) || cap(sample.Project.Protections) > len(sample.Changes) {
			t.Errorf("%s: the sample has %d answers and room for %d protections", name, len(sample.Answers), cap(sample.Project.Protections))
		}
	}
}
