package faults_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
	"gatehouse/tests/world"
)

// The commits that are in each repository: child has the parent root.
var (
	rootID  = strings.Repeat("a", 40)
	childID = strings.Repeat("b", 40)
	zeroID  = strings.Repeat("0", 40)
)

// The numbers of projects. Each pusher has the one of its own number.
const (
	firstPushed, rights, protected, archived, swapped = 21, 30, 31, 32, 33
)

// keyMaint is the key of a maintainer of all projects, whose rights stay.
const keyMaint = 102

// rows are lines of a world file by section.
type rows map[string][]string

func (r rows) add(more rows) {
	for section, lines := range more {
		r[section] = append(r[section], lines...)
	}
}

// String returns the world file.
func (r rows) String() string {
	var text strings.Builder
	for _, section := range slices.Sorted(maps.Keys(r)) {
		fmt.Fprintf(&text, "%s:\n", section)
		for _, line := range r[section] {
			fmt.Fprintf(&text, "  - %s\n", line)
		}
	}
	return text.String()
}

// baseWorld is what never changes. Hooks 1 and 2 call the receiver.
func baseWorld(receiver string) rows {
	r := rows{
		"groups": {"{id: 10, path: acme}"},
		"users":  {"{id: 2, username: maint}", "{id: 3, username: keyed}", "{id: 5, username: worker}", "{id: 6, username: guarded}", "{id: 7, username: late}", "{id: 8, username: swapper}"},
		"projects": {
			fmt.Sprintf(`{id: %d, path: acme/push-0, default_branch: main, empty: false, protected_branches: [{name: "kept/*"}]}`, firstPushed),
			fmt.Sprintf(`{id: %d, path: acme/push-1, default_branch: main, empty: false, protected_branches: [{name: "kept/*"}]}`, firstPushed+1),
			fmt.Sprintf(`{id: %d, path: acme/rights, default_branch: main, empty: false}`, rights),
		},
		"members": {
			"{user: maint, group: acme, role: maintainer}", "{user: keyed, project: acme/rights, role: developer}", "{user: blocked, project: acme/rights, role: developer}",
			"{user: guarded, project: acme/protected, role: developer}", "{user: late, project: acme/archived, role: developer}",
		},
		"hooks": {
			fmt.Sprintf(`{id: 1, group: acme, url: "%s/1"}`, receiver), fmt.Sprintf(`{id: 2, project: acme/push-0, url: "%s/2"}`, receiver),
		},
	}
	for i, user := range []string{"maint", "", "blocked", "worker", "guarded", "late", "swapper"} {
		if user != "" {
			r.add(rows{"keys": {fmt.Sprintf("{id: %d, user: %s, key: %q}", keyMaint+i, user, world.Key(byte(i)))}})
		}
	}
	for _, s := range newSubjects() {
		r.add(s.rows(true))
	}
	return r
}

// fillGitaly puts the repositories into a Gitaly, with the commits of all pushes.
func fillGitaly(g *gitalytest.Server, pushed [][]change) {
	for _, id := range []source.ProjectID{firstPushed, firstPushed + 1, rights, protected, archived, swapped} {
		r := g.Put(source.Project{ID: id}.RelativePath(source.Code))
		r.Refs["refs/heads/main"] = rootID
		r.Commits[rootID], r.Commits[childID] = gitalytest.Commit{}, gitalytest.Commit{Parents: []string{rootID}}
		if n := int(id) - firstPushed; n < len(pushed) {
			for _, c := range pushed[n] {
				if c.new != zeroID {
					r.Commits[c.new] = gitalytest.Commit{Parents: []string{strings.Replace(c.old, zeroID, rootID, 1)}}
				}
			}
		}
	}
}

// verdicts is a set of answers to a question about a right.
type verdicts int

const (
	refused verdicts = 1 << iota
	allowed
)

// subject is one right, or something that never is one, that apply changes.
type subject struct {
	name string
	// question is the body for /allowed.
	question string
	// rows are the world file that gives the right or takes it away.
	rows func(given bool) rows
	// never says that neither world gives the right, only a mix of both would.
	never bool

	mu sync.Mutex
	// given is what the last world file says that was applied or begun.
	given bool
	// history are the verdicts that are right at a time; the last ones count now.
	history []verdicts
}

// newSubjects returns all subjects in the state of baseWorld.
func newSubjects() []*subject {
	choose := func(given bool, yes, no string) string {
		if given {
			return yes
		}
		return no
	}
	one := func(section, format, yes, no string) func(bool) rows {
		return func(given bool) rows { return rows{section: {fmt.Sprintf(format, choose(given, yes, no))}} }
	}
	project := func(id int, path, level string) string {
		return fmt.Sprintf("{id: %d, path: acme/%s, default_branch: main, empty: false, protected_branches: [{name: main, push: %s, merge: maintainer}]}", id, path, level)
	}
	fetch := `{"key_id": %d, "project": "acme/rights", "action": "git-upload-pack", "protocol": "ssh", "changes": "_any"}`
	push := `{"key_id": %d, "project": "acme/%s", "action": "git-receive-pack", "protocol": "ssh", "changes": "_any"}`
	subjects := []*subject{
		{name: "a key that expires", question: fmt.Sprintf(fetch, 103), rows: one("keys", "{id: 103, user: keyed, expires_at: %s, key: \""+world.Key(11)+"\"}", "null", "2020-01-01")},
		{name: "a user who is blocked", question: fmt.Sprintf(fetch, 104), rows: one("users", "{id: 4, username: blocked, state: %s}", "active", "blocked")},
		{name: "a role that is lowered", question: fmt.Sprintf(push, 105, "rights"), rows: one("members", "{user: worker, project: acme/rights, role: %s}", "developer", "reporter")},
		{name: "a branch that is protected", question: changesBody(106, protected, childChange), rows: func(given bool) rows {
			return rows{"projects": {project(protected, "protected", choose(given, "developer", "maintainer"))}}
		}},
		{name: "a project that is archived", question: fmt.Sprintf(push, 107, "archived"), rows: one("projects", fmt.Sprintf("{id: %d, path: acme/archived, default_branch: main, empty: false, archived: %%s}", archived), "false", "true")},
		{name: "a deploy key that may push", question: fmt.Sprintf(push, 205, "rights"), rows: one("deploy_keys", "{id: 205, creator: maint, projects: [{project: acme/rights, can_push: %s}], key: \""+world.Key(12)+"\"}", "true", "false")},
		// Given, the branch is open to developers, and the user is none. Else the other way round.
		{name: "a role and a protection that change places", never: true, question: changesBody(108, swapped, childChange), rows: func(given bool) rows {
			return rows{
				"projects": {project(swapped, "swapped", choose(given, "developer", "maintainer"))},
				"members":  {fmt.Sprintf("{user: swapper, project: acme/swapped, role: %s}", choose(given, "reporter", "developer"))},
			}
		}},
	}
	for _, s := range subjects {
		s.given = true
		s.history = []verdicts{s.verdict(true)}
	}
	return subjects
}

var childChange = change{ref: "refs/heads/main", old: rootID, new: childID}

// changesBody is the body of /allowed for a push of a change.
func changesBody(key, project int, c change) string {
	return fmt.Sprintf(`{"key_id": %d, "gl_repository": "project-%d", "action": "git-receive-pack", "protocol": "ssh", "changes": %q,
		"env": "{\"GIT_OBJECT_DIRECTORY_RELATIVE\":\"objects/incoming-1\",\"GIT_ALTERNATE_OBJECT_DIRECTORIES_RELATIVE\":[\"objects\"]}"}`,
		key, project, c.line()+"\n")
}

// verdict is the answer in a world that gives the right, or does not.
func (s *subject) verdict(given bool) verdicts {
	if given && !s.never {
		return allowed
	}
	return refused
}

// begin notes that a world file is being applied: both answers are right.
func (s *subject) begin(given bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = append(s.history, s.history[len(s.history)-1]|s.verdict(given))
	s.given = given
}

// end notes that the world file was applied.
func (s *subject) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = append(s.history, s.verdict(s.given))
}

// moment returns the present for since.
func (s *subject) moment() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.history) - 1
}

// since returns the verdicts that were right at that moment or later.
func (s *subject) since(moment int) (right verdicts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.history[moment:] {
		right |= v
	}
	return right
}
