package source_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// What is asked of Gitaly, and nothing that no rule needs.
func TestCase_Decide_questions(t *testing.T) {
	t.Parallel()
	there, branches := source.Question{About: source.Existence}, source.Question{About: source.Branches}
	head := func(branch string) source.Question { return source.Question{About: source.Default, Branch: branch} }
	full, none := source.FullyProtected, source.NotProtected
	wiki := func(c *source.Case) { c.Repository.Kind = source.Wiki }
	protectedByDefault := empty(&full)
	feature := protect(branch("feature", by(source.Developer)))
	for name, c := range map[string]struct {
		of   *source.Case
		want []source.Question
	}{
		"download":                      {pull(), []source.Question{there}},
		"download of a wiki":            {pull(wiki), []source.Question{there}},
		"push, before the changes":      {push(), []source.Question{there}},
		"push to a wiki":                {push(wiki), nil},
		"refused anyway":                {push(role(source.Guest)), nil},
		"absent":                        {pull(absent), nil},
		"update":                        {push(changes(one, two, "refs/heads/x"), protectedByDefault), nil},
		"update of a protected branch":  {push(changes(one, two, "refs/heads/feature"), feature, protectedByDefault), []source.Question{{Old: one, New: two}}},
		"two of them":                   {push(changes(one, two, "refs/heads/feature", "refs/heads/feature"), feature), []source.Question{{Old: one, New: two}}},
		"creation":                      {push(changes(zero, one, "refs/heads/x"), protectedByDefault), []source.Question{branches}},
		"two creations":                 {push(changes(zero, one, "refs/heads/x", "refs/heads/y"), protectedByDefault), []source.Question{branches}},
		"creation where all may":        {push(changes(zero, one, "refs/heads/x"), empty(&none)), nil},
		"creation where one was before": {push(changes(zero, one, "refs/heads/x"), feature), nil},
		"creation by a maintainer":      {push(role(source.Maintainer), changes(zero, one, "refs/heads/x"), protectedByDefault), nil},
		"protected, by a maintainer":    {push(role(source.Maintainer), changes(zero, one, "refs/heads/feature"), feature, protectedByDefault), []source.Question{branches}},
		"creation beside an update":     {push(changes(zero, one, "refs/heads/x"), changes(one, two, "refs/heads/y"), protectedByDefault), nil},
		"deletion":                      {push(changes(one, zero, "refs/heads/x")), []source.Question{head("x")}},
		"new tag":                       {push(changes(zero, one, "refs/tags/x", "refs/tags/y")), []source.Question{head("x"), head("y")}},
		"new tag with a name like that": {push(changes(zero, one, "refs/tags/refs/heads/x")), nil},
		"deleted tag":                   {push(changes(one, zero, "refs/tags/x")), nil},
	} {
		connected(nil)(c.of)
		if diff := cmp.Diff(c.want, c.of.Decide().Open); diff != "" {
			t.Errorf("%s: -want +got %s", name, diff)
		}
		c.of.Settings.Connected = false
		for _, q := range c.of.Decide().Open {
			if q.About != source.Ancestor {
				t.Errorf("%s: without anybody to ask: %v", name, q)
			}
		}
	}
}

func TestCase_Decide_answers(t *testing.T) {
	t.Parallel()
	full, initially := source.FullyProtected, source.DevelopersPushInitially
	answered := func(q source.Question, a source.Answer) with {
		return connected(map[source.Question]source.Answer{q: a})
	}
	there, branches := source.Question{About: source.Existence}, source.Question{About: source.Branches}
	trunk, master := source.Question{About: source.Default, Branch: "trunk"}, source.Question{About: source.Default, Branch: "master"}
	main := protect(branch("main", by(source.Maintainer)))
	first := changes(zero, one, "refs/heads/main")
	for name, c := range map[string]struct {
		of   *source.Case
		want domain.Kind
	}{
		"there":                                   {pull(answered(there, source.Yes)), allowed},
		"not there":                               {pull(answered(there, source.No)), domain.NotFound},
		"not there, to push":                      {push(answered(there, source.No)), domain.NotFound},
		"no Gitaly is connected":                  {pull(answered(there, source.Unknown)), allowed},
		"first, by a developer":                   {push(first, main, empty(&full), answered(branches, source.No)), domain.Forbidden},
		"first, by a developer, no rule for it":   {push(first, empty(&full), answered(branches, source.No)), domain.Forbidden},
		"first, though others are on record":      {push(first, answered(branches, source.No)), allowed},
		"first, by a developer who may":           {push(first, main, empty(&initially), answered(branches, source.No)), allowed},
		"not the first any more":                  {push(first, main, empty(&initially), answered(branches, source.Yes)), domain.Forbidden},
		"first, going by the record":              {push(first, main, empty(&initially), answered(branches, source.Unknown)), allowed},
		"not the first, going by the record":      {push(first, main, answered(branches, source.Unknown)), domain.Forbidden},
		"first, by a maintainer, no role may":     {push(first, role(source.Maintainer), protect(branch("main", by(source.NoRole))), empty(&full), answered(branches, source.No)), allowed},
		"not first, by a maintainer, no role may": {push(first, role(source.Maintainer), protect(branch("main", by(source.NoRole))), empty(&full), answered(branches, source.Yes)), domain.Forbidden},
		"deletion of the default branch":          {push(changes(one, zero, "refs/heads/trunk"), answered(trunk, source.Yes)), domain.Forbidden},
		"deletion of another":                     {push(changes(one, zero, "refs/heads/trunk"), answered(trunk, source.No)), allowed},
		"deletion of the one on record":           {push(changes(one, zero, "refs/heads/master"), answered(master, source.No)), allowed},
		"deletion, going by the record":           {push(changes(one, zero, "refs/heads/master"), answered(master, source.Unknown)), domain.Forbidden},
		"a tag like the default branch":           {push(changes(zero, one, "refs/tags/trunk"), answered(trunk, source.Yes)), domain.Forbidden},
		"a tag like another":                      {push(changes(zero, one, "refs/tags/trunk"), answered(trunk, source.No)), allowed},
	} {
		decide(t, name, c.of, c.want)
	}
}
