package contract

import (
	"fmt"
	"time"

	"gatehouse/application"
	"gatehouse/application/postreceive"
	"gatehouse/application/projects"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// viewTree has projects of every visibility, of groups, of a user and shared ones, for the
// lists of the management API.
const viewTree = `
users: [{id: 1, username: Ann, name: Ann A.}, {id: 2, username: bob}, {id: 3, username: cat}, {id: 4, username: dan, external: true}]
groups:
  - {id: 11, path: Top}
  - {id: 12, path: Top/mid, visibility: internal}
  - {id: 13, path: Top/mid/low}
  - {id: 14, path: else}
  - {id: 15, path: else/in, visibility: public}
  - {id: 116, path: gone, pending_delete: true}
projects:
  - {id: 21, path: Top/one}
  - {id: 22, path: Top/mid/two, visibility: internal, archived: true}
  - {id: 23, path: Top/mid/low/three, visibility: public, storage: second}
  - {id: 24, path: else/in/four, created_at: null}
  - {id: 25, path: Ann/five, moved_from: [Old/Five]}
  - {id: 26, path: else/six, created_at: null}
  - {id: 27, path: gone/seven, visibility: public}
  - {id: 28, path: Top/eight, visibility: public, pending_delete: true}
members:
  - {user: ann, group: Top, role: owner}
  - {user: bob, group: Top/mid, role: developer}
  - {user: bob, project: else/in/four, role: guest}
  - {user: bob, project: else/six, role: minimal}
  - {user: cat, group: else, role: maintainer}
  - {user: cat, group: Top, role: owner, state: requested}
  - {user: cat, project: Top/one, role: owner, expires_at: 2026-03-10}
shares:
  - {project: Top/one, with: else/in, role: reporter, expires_at: 2027-01-01}
  - {project: Top/one, with: Top/mid, role: developer, expires_at: 2026-03-10}
  - {project: Ann/five, with: Top/mid, role: guest}
  - {group: else/in, with: Top/mid/low, role: planner}
`

// january is a moment of a day in January.
func january(day int) time.Time { return time.Date(2026, time.January, day, 10, 0, 0, 0, time.UTC) }

// applyViews puts viewTree into the store, with profiles.
func (s Subject) applyViews() {
	s.Helper()
	s.Apply(viewTree)
	s.Unit(func(tx worldimport.Tx) {
		for id, profile := range map[source.ProjectID]source.ProjectProfile{
			21: {Name: "Zeta", Description: "first 100%", Topics: []string{"Go", "web"}, CreatedAt: january(3), UpdatedAt: january(9), Creator: 1},
			22: {Name: "alpha", Topics: []string{"go"}, CreatedAt: january(1), Settings: remembered.Values{"issues_access_level": "disabled", "build_timeout": int64(7)}},
			23: {Name: "Beta three", CreatedAt: january(2), Settings: remembered.Values{"issues_access_level": "private"}},
			25: {CreatedAt: precise, ObjectFormat: "sha256"},
		} {
			current, err := tx.Projects.Current(s.Context(), worldimport.Project{Project: source.Project{ID: id}})
			s.Fine("Current", err)
			current.Profile = profile
			_, _, err = tx.Projects.Put(s.Context(), current)
			s.Fine("Put", err)
		}
	})
}

// projectIDs returns the numbers of the projects of a page, and how many there are in all.
func (s Subject) projectIDs(f projects.Filter, page application.Page) string {
	s.Helper()
	l, err := s.ProjectViews.List(s.Context(), f, page, now)
	s.Fine("List", err)
	var ids []source.ProjectID
	for _, v := range l.Items {
		ids = append(ids, v.ID)
	}
	more := ""
	if l.More {
		more = " and more"
	}
	return fmt.Sprint(ids, " of ", l.Total, more)
}

// projectView returns a project as a user sees it.
func (s Subject) projectView(id source.ProjectID, user identity.UserID) projects.View {
	s.Helper()
	l, err := s.ProjectViews.List(s.Context(), projects.Filter{User: user, All: true, ID: id}, application.Page{Order: "id", Size: 1}, now)
	s.Fine("List", err)
	if len(l.Items) != 1 {
		s.Fatalf("project %d: got %d", id, len(l.Items))
	}
	return l.Items[0]
}

// personal returns the personal namespace of a user.
func (s Subject) personal(who identity.Claim) source.NamespaceID {
	s.Helper()
	id, err := s.ProjectViews.Personal(s.Context(), who)
	s.Fine("Personal", err)
	return id
}

// byNumber is the whole list in the order of numbers.
var byNumber = application.Page{Order: "id", Size: 20}

var projectViewCases = []Case{
	{Name: "projects: which a user sees", Check: func(s Subject) {
		s.applyViews()
		strangers, open := []source.Visibility{source.Public}, []source.Visibility{source.Internal, source.Public}
		for name, c := range map[string]struct {
			filter projects.Filter
			want   string
		}{
			"a stranger":             {projects.Filter{Open: strangers}, "[23] of 1"},
			"an owner":               {projects.Filter{User: 1, Open: open}, "[21 22 23 24 25] of 5"},
			"members and shares":     {projects.Filter{User: 2, Open: open}, "[22 23 24 25] of 4"},
			"a member of the shared": {projects.Filter{User: 3, Open: open}, "[21 22 23 24 26] of 5"},
			"an external user":       {projects.Filter{User: 4, Open: strangers}, "[23] of 1"},
			"all":                    {projects.Filter{User: 4, All: true}, "[21 22 23 24 25 26] of 6"},
			"all, deleted ones too":  {projects.Filter{All: true, PendingDelete: true}, "[21 22 23 24 25 26 27 28] of 8"},
			"with a role":            {projects.Filter{User: 1, Open: open, LeastRole: source.Guest}, "[21 22 23 24 25] of 5"},
			"planner, by a share":    {projects.Filter{User: 2, Open: open, LeastRole: source.Planner}, "[22 23 24] of 3"},
			"developer":              {projects.Filter{User: 2, All: true, LeastRole: source.Developer}, "[22 23] of 2"},
			"owner":                  {projects.Filter{User: 1, Open: open, LeastRole: source.Owner}, "[21 22 23 25] of 4"},
			"reporter, by a share":   {projects.Filter{User: 3, Open: open, LeastRole: source.Reporter}, "[21 24 26] of 3"},
			"owner, expired":         {projects.Filter{User: 3, Open: open, LeastRole: source.Owner}, "[] of 0"},
			"minimal":                {projects.Filter{User: 2, LeastRole: source.Minimal}, "[22 23 24 25] of 4"},
			"by number":              {projects.Filter{User: 1, Open: open, ID: 21}, "[21] of 1"},
			"hidden, by number":      {projects.Filter{User: 2, Open: open, ID: 21}, "[] of 0"},
		} {
			s.Same(name, s.projectIDs(c.filter, byNumber), c.want)
		}
	}},
	{Name: "projects: of a namespace and shared with it", Check: func(s Subject) {
		s.applyViews()
		ann := s.personal(identity.ClaimName("ANN"))
		for name, c := range map[string]struct {
			filter projects.Filter
			in     projects.Scope
			want   string
		}{
			"own":               {projects.Filter{All: true}, projects.Scope{Namespace: 11, Own: true}, "[21] of 1"},
			"below":             {projects.Filter{All: true}, projects.Scope{Namespace: 11, Own: true, Below: true}, "[21 22 23] of 3"},
			"above":             {projects.Filter{All: true}, projects.Scope{Namespace: 13, Own: true, Above: true}, "[21 22 23] of 3"},
			"shared":            {projects.Filter{All: true}, projects.Scope{Namespace: 15, Shared: true}, "[21] of 1"},
			"own and shared":    {projects.Filter{All: true}, projects.Scope{Namespace: 15, Own: true, Shared: true}, "[21 24] of 2"},
			"shared below":      {projects.Filter{All: true}, projects.Scope{Namespace: 14, Shared: true, Below: true}, "[21] of 1"},
			"a share has ended": {projects.Filter{All: true}, projects.Scope{Namespace: 12, Shared: true}, "[25] of 1"},
			"personal":          {projects.Filter{All: true}, projects.Scope{Namespace: ann, Own: true}, "[25] of 1"},
			"nothing":           {projects.Filter{All: true}, projects.Scope{Namespace: 11}, "[] of 0"},
			"unknown":           {projects.Filter{All: true}, projects.Scope{Namespace: 99, Own: true, Below: true, Shared: true}, "[] of 0"},
			"seen":              {projects.Filter{User: 2, Open: []source.Visibility{source.Public}}, projects.Scope{Namespace: 11, Own: true, Below: true}, "[22 23] of 2"},
			"seen by strangers": {projects.Filter{Open: []source.Visibility{source.Public}}, projects.Scope{Namespace: 11, Own: true, Below: true}, "[23] of 1"},
			"with a role":       {projects.Filter{User: 3, All: true, LeastRole: source.Reporter}, projects.Scope{Namespace: 11, Own: true, Below: true}, "[21] of 1"},
		} {
			c.filter.In = &c.in
			s.Same(name, s.projectIDs(c.filter, byNumber), c.want)
		}
		s.Same("personal, by number", s.personal(identity.Claim{Kind: identity.ByUser, ID: 1}), ann)
		for _, who := range []identity.Claim{identity.ClaimName("top"), identity.ClaimName("\x00"), {Kind: identity.ByUser, ID: 99}} {
			_, err := s.ProjectViews.Personal(s.Context(), who)
			s.Kind(who.String(), err, domain.NotFound)
		}
	}},
	{Name: "projects: filters", Check: func(s Subject) {
		s.applyViews()
		yes, no := true, false
		id := s.recordPush(pushOf("project-23"))
		s.complete(id, postreceive.ProjectUpdate{Project: 23, ActiveAt: january(20)})
		for name, c := range map[string]struct {
			filter projects.Filter
			want   string
		}{
			"name":                        {projects.Filter{Search: "ZET"}, "[21] of 1"},
			"description":                 {projects.Filter{Search: "100%"}, "[21] of 1"},
			"last part of the path":       {projects.Filter{Search: "ive"}, "[25] of 1"},
			"not the whole path":          {projects.Filter{Search: "top"}, "[] of 0"},
			"the whole path":              {projects.Filter{Search: "TOP", SearchPaths: true}, "[21 22 23] of 3"},
			"not across texts":            {projects.Filter{Search: "zetafirst"}, "[] of 0"},
			"not across texts, and paths": {projects.Filter{Search: "100%Top", SearchPaths: true}, "[] of 0"},
			"a path has no last slash":    {projects.Filter{Search: "mid/t"}, "[] of 0"},
			"in the middle of a path":     {projects.Filter{Search: "mid/t", SearchPaths: true}, "[22] of 1"},
			"no pattern":                  {projects.Filter{Search: "_"}, "[] of 0"},
			"visibility":                  {projects.Filter{Visibility: source.Internal}, "[22] of 1"},
			"storage":                     {projects.Filter{Storage: "second"}, "[23] of 1"},
			"archived":                    {projects.Filter{Archived: &yes}, "[22] of 1"},
			"not archived":                {projects.Filter{Archived: &no}, "[21 23 24 25 26] of 5"},
			"topic":                       {projects.Filter{Topics: []string{"GO"}}, "[21 22] of 2"},
			"topics":                      {projects.Filter{Topics: []string{"web", "go"}}, "[21] of 1"},
			"part of a topic":             {projects.Filter{Topics: []string{"we"}}, "[] of 0"},
			"after a number":              {projects.Filter{IDAfter: 23}, "[24 25 26] of 3"},
			"between numbers":             {projects.Filter{IDAfter: 21, IDBefore: 24}, "[22 23] of 2"},
			"active after":                {projects.Filter{ActiveAfter: january(3).Add(-time.Microsecond)}, "[21 23 25] of 3"},
			"active after, strictly":      {projects.Filter{ActiveAfter: january(3)}, "[23 25] of 2"},
			"active before":               {projects.Filter{ActiveBefore: january(3)}, "[22] of 1"},
			"updated after":               {projects.Filter{UpdatedAfter: january(3)}, "[21 24 25 26] of 4"},
			"updated before":              {projects.Filter{UpdatedBefore: january(3)}, "[22 23] of 2"},
			"with issues":                 {projects.Filter{Features: []projects.FeatureLevel{{Name: "issues_access_level", Default: "enabled"}}}, "[21 23 24 25 26] of 5"},
			"disabled unless given":       {projects.Filter{Features: []projects.FeatureLevel{{Name: "issues_access_level", Default: "disabled"}}}, "[23] of 1"},
			"with several features":       {projects.Filter{Features: []projects.FeatureLevel{{Name: "issues_access_level", Default: "enabled"}, {Name: "merge_requests_access_level", Default: "private"}}}, "[21 23 24 25 26] of 5"},
			"several":                     {projects.Filter{Search: "a", Visibility: source.Public, Archived: &no, IDAfter: 20}, "[23] of 1"},
			"a text that no row can have": {projects.Filter{Search: "ä", Topics: []string{`ä"'`}}, "[] of 0"},
		} {
			c.filter.All = true
			s.Same(name, s.projectIDs(c.filter, byNumber), c.want)
		}
	}},
	{Name: "projects: orders and pages", Check: func(s Subject) {
		s.applyViews()
		for name, c := range map[string]struct {
			filter projects.Filter
			page   application.Page
			want   string
		}{
			"number":             {projects.Filter{}, application.Page{Order: "id", Size: 2}, "[21 22] of 6 and more"},
			"number, down":       {projects.Filter{}, application.Page{Order: "id", Descending: true, Size: 2}, "[26 25] of 6 and more"},
			"second page":        {projects.Filter{}, application.Page{Order: "id", Size: 4, Offset: 4}, "[25 26] of 6"},
			"full last page":     {projects.Filter{}, application.Page{Order: "id", Size: 3, Offset: 3}, "[24 25 26] of 6"},
			"behind the end":     {projects.Filter{}, application.Page{Order: "id", Size: 3, Offset: 30}, "[] of 6"},
			"keyset":             {projects.Filter{IDAfter: 24}, application.Page{Order: "id", Size: 1, Keyset: true}, "[25] of 0 and more"},
			"name":               {projects.Filter{}, application.Page{Order: "name", Size: 20}, "[22 23 25 24 26 21] of 6"},
			"name, down":         {projects.Filter{}, application.Page{Order: "name", Size: 20, Descending: true}, "[21 26 24 25 23 22] of 6"},
			"path":               {projects.Filter{}, application.Page{Order: "path", Size: 20}, "[25 24 21 26 23 22] of 6"},
			"creation":           {projects.Filter{}, application.Page{Order: "created_at", Size: 20}, "[24 26 22 23 21 25] of 6"},
			"creation, down":     {projects.Filter{}, application.Page{Order: "created_at", Size: 20, Descending: true}, "[25 21 23 22 26 24] of 6"},
			"creation, a page":   {projects.Filter{}, application.Page{Order: "created_at", Size: 2, Offset: 2}, "[22 23] of 6 and more"},
			"creation, behind":   {projects.Filter{}, application.Page{Order: "created_at", Size: 2, Offset: 8}, "[] of 6"},
			"search, a page":     {projects.Filter{Search: "t"}, application.Page{Order: "id", Size: 1, Offset: 1}, "[22] of 3 and more"},
			"update":             {projects.Filter{}, application.Page{Order: "updated_at", Size: 20}, "[22 23 21 24 26 25] of 6"},
			"activity":           {projects.Filter{}, application.Page{Order: "last_activity_at", Size: 20}, "[24 26 22 23 21 25] of 6"},
			"stars":              {projects.Filter{}, application.Page{Order: "star_count", Size: 20, Descending: true}, "[26 25 24 23 22 21] of 6"},
			"similarity":         {projects.Filter{Search: "t"}, application.Page{Order: "similarity", Size: 20, Descending: true}, "[23 22 21] of 3"},
			"similar, equal":     {projects.Filter{Search: "THREE"}, application.Page{Order: "similarity", Size: 20}, "[23] of 1"},
			"nothing to be like": {projects.Filter{}, application.Page{Order: "similarity", Size: 2}, "[21 22] of 6 and more"},
		} {
			c.filter.All = true
			s.Same(name, s.projectIDs(c.filter, c.page), c.want)
		}
		for name, c := range map[string]struct {
			filter projects.Filter
			page   application.Page
			want   string
		}{
			"seen":                        {projects.Filter{Open: []source.Visibility{source.Internal}}, application.Page{Order: "name", Size: 2, Offset: 2}, "[25 24] of 4"},
			"seen, by number":             {projects.Filter{Open: []source.Visibility{source.Internal}}, application.Page{Order: "id", Size: 2, Descending: true}, "[25 24] of 4 and more"},
			"with a role":                 {projects.Filter{LeastRole: source.Guest}, application.Page{Order: "name", Size: 2}, "[22 23] of 4 and more"},
			"with a role, down":           {projects.Filter{LeastRole: source.Guest}, application.Page{Order: "created_at", Descending: true, Size: 3}, "[25 23 22] of 4 and more"},
			"with a role, behind the end": {projects.Filter{LeastRole: source.Guest}, application.Page{Order: "path", Size: 3, Offset: 6}, "[] of 4"},
			"with a role, keyset":         {projects.Filter{LeastRole: source.Guest, IDAfter: 22}, application.Page{Order: "id", Size: 2, Keyset: true}, "[23 24] of 0 and more"},
		} {
			c.filter.User = 2
			s.Same(name, s.projectIDs(c.filter, c.page), c.want)
		}
	}},
	{Name: "project: of a user, whole", Check: func(s Subject) {
		s.applyViews()
		five := s.projectView(25, 1)
		s.UTC(five.CreatedAt)
		s.Same("project", five, projects.View{
			Project: source.Project{
				ID: 25, Path: "Ann/five", Visibility: source.Private, Repository: source.FeatureEnabled, Wiki: source.FeatureEnabled, LFS: true,
				Storage: "default", DefaultBranch: five.DefaultBranch, Empty: five.Empty,
			},
			ProjectProfile: source.ProjectProfile{Name: "five", ObjectFormat: "sha256", CreatedAt: kept, Topics: []string{}},
			LastActivityAt: kept,
			Namespace:      projects.Namespace{ID: s.personal(identity.ClaimName("ann")), Path: "Ann", Name: "Ann A.", FullName: "Ann A.", Personal: true},
			Owner:          s.Actor("user-1").User, Role: source.Owner, ProjectRole: source.Owner,
			Shares: []projects.Group{{
				Namespace:  projects.Namespace{ID: 12, Path: "Top/mid", Name: "mid", FullName: "Top / mid", Parent: 11},
				Visibility: source.Internal, Role: source.Owner, Shared: true, Lent: source.Guest,
			}},
		})
		stranger := s.projectView(25, 0)
		s.Same("roles of a stranger", []source.Role{stranger.Role, stranger.ProjectRole, stranger.GroupRole, stranger.Shares[0].Role}, make([]source.Role, 4))
	}},
	{Name: "project: of a group, with roles", Check: func(s Subject) {
		s.applyViews()
		one := s.projectView(21, 3)
		s.Same("profile", one.ProjectProfile, source.ProjectProfile{
			Name: "Zeta", Description: "first 100%", Topics: []string{"Go", "web"}, Creator: 1, ObjectFormat: "sha1", CreatedAt: january(3), UpdatedAt: january(9),
		})
		s.Same("settings", s.projectView(22, 0).Settings, remembered.Values{"issues_access_level": "disabled", "build_timeout": int64(7)})
		s.Same("namespace", []any{one.Namespace, one.Owner.Known()}, []any{projects.Namespace{ID: 11, Path: "Top", Name: "Top", FullName: "Top"}, false})
		s.Same("shares", one.Shares, []projects.Group{{
			Namespace:  projects.Namespace{ID: 15, Path: "else/in", Name: "in", FullName: "else / in", Parent: 14},
			Visibility: source.Public, Role: source.Maintainer, Shared: true, Lent: source.Reporter, ExpiresAt: time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC),
		}})
		for name, c := range map[string]struct {
			project source.ProjectID
			user    identity.UserID
			want    []source.Role
		}{
			"by a share":                   {21, 3, []source.Role{source.Reporter, source.NoRole, source.NoRole}},
			"in the project, and a share":  {24, 2, []source.Role{source.Planner, source.Guest, source.NoRole}},
			"in the group":                 {22, 2, []source.Role{source.Developer, source.NoRole, source.Developer}},
			"minimal":                      {26, 2, []source.Role{source.NoRole, source.NoRole, source.NoRole}},
			"in the group above the group": {23, 1, []source.Role{source.Owner, source.NoRole, source.Owner}},
		} {
			v := s.projectView(c.project, c.user)
			s.Same(name, []source.Role{v.Role, v.ProjectRole, v.GroupRole}, c.want)
		}
		one.Topics[0] = "changed"
		s.Same("a copy of its own", s.projectView(21, 3).Topics[0], "Go")
	}},
	{Name: "project: groups above and shared ones, paths of the past", Check: func(s Subject) {
		s.applyViews()
		groups := func(id source.ProjectID, user identity.UserID) (texts []string) {
			all, err := s.ProjectViews.Groups(s.Context(), id, user, now)
			s.Fine("Groups", err)
			for _, g := range all {
				texts = append(texts, fmt.Sprint(g.ID, " ", g.FullName, " ", g.Visibility, " ", g.Role, " ", g.Shared, " ", g.Lent))
			}
			return texts
		}
		s.Same("above", groups(23, 2), []string{
			"11 Top private none false none", "12 Top / mid internal developer false none", "13 Top / mid / low private developer false none",
		})
		s.Same("shared", groups(21, 3), []string{"11 Top private none false none", "15 else / in public maintainer true reporter"})
		s.Same("personal", groups(25, 0), []string{"12 Top / mid internal none true guest"})
		s.Same("unknown", groups(99, 1), []string(nil))
		id, err := s.ProjectViews.MovedTo(s.Context(), "OLD/five")
		s.Fine("MovedTo", err)
		s.Same("moved", id, source.ProjectID(25))
		for _, path := range []source.Path{"ann/five", "old", "", "\x00"} {
			_, err := s.ProjectViews.MovedTo(s.Context(), path)
			s.Kind(string(path), err, domain.NotFound)
		}
	}},
}
