package source_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func protect(p ...source.Protection) with {
	return func(c *source.Case) { c.Project.Protections = append(c.Project.Protections, p...) }
}

func branch(pattern source.Pattern, push ...source.Access) source.Protection {
	return source.Protection{Kind: source.Branch, Pattern: pattern, Push: push, Merge: push}
}

func tag(pattern source.Pattern, create ...source.Access) source.Protection {
	return source.Protection{Kind: source.Tag, Pattern: pattern, Create: create}
}

func by(r source.Role) source.Access { return source.Access{Role: r} }

func forceable(p source.Protection) source.Protection {
	p.AllowForcePush = true
	return p
}

func answer(a source.Answer) with {
	return func(c *source.Case) {
		c.Answers = map[source.Question]source.Answer{{Old: one, New: two}: a}
	}
}

// connected lets questions be asked; the answers are those to about.
func connected(answers map[source.Question]source.Answer) with {
	return func(c *source.Case) { c.Settings.Connected, c.Answers = true, answers }
}

func empty(own *source.BranchProtection) with {
	return func(c *source.Case) {
		c.Project.Empty, c.Project.BranchDefaults = true, source.OwnBranchDefaults(own, nil)
	}
}

// The matrix 6.5.4: master is the unprotected default branch, feature is
// protected for maintainers.
func TestCase_Decide_matrix(t *testing.T) {
	t.Parallel()
	protection := protect(branch("feature", by(source.Maintainer)), tag("v*", by(source.Maintainer)))
	fast, force := answer(source.Yes), answer(source.No)
	all := [4]domain.Kind{allowed, allowed, allowed, forbidden}
	maintainers := [4]domain.Kind{allowed, allowed, forbidden, forbidden}
	noRole := [4]domain.Kind{forbidden, forbidden, forbidden, forbidden}
	for name, row := range map[string]struct {
		what []with
		want [4]domain.Kind // owner or admin, maintainer, developer, reporter or guest
	}{
		"_any":                        {nil, all},
		"create unprotected":          {[]with{changes(zero, one, "refs/heads/x")}, all},
		"fast-forward unprotected":    {[]with{changes(one, two, "refs/heads/x"), fast}, all},
		"force-push unprotected":      {[]with{changes(one, two, "refs/heads/x"), force}, all},
		"delete unprotected":          {[]with{changes(one, zero, "refs/heads/x")}, all},
		"delete default":              {[]with{changes(one, zero, "refs/heads/master")}, noRole},
		"delete default on the web":   {[]with{changes(one, zero, "refs/heads/master"), withProtocol(source.Web)}, noRole},
		"fast-forward feature":        {[]with{changes(one, two, "refs/heads/feature"), fast}, maintainers},
		"force-push feature":          {[]with{changes(one, two, "refs/heads/feature"), force}, noRole},
		"who knows feature":           {[]with{changes(one, two, "refs/heads/feature"), answer(source.Unknown)}, noRole},
		"delete feature":              {[]with{changes(one, zero, "refs/heads/feature")}, noRole},
		"delete feature over http":    {[]with{changes(one, zero, "refs/heads/feature"), withProtocol(source.HTTP)}, noRole},
		"delete feature on the web":   {[]with{changes(one, zero, "refs/heads/feature"), withProtocol(source.Web)}, maintainers},
		"create tag":                  {[]with{changes(zero, one, "refs/tags/x")}, all},
		"update tag":                  {[]with{changes(one, two, "refs/tags/x")}, all},
		"delete tag":                  {[]with{changes(one, zero, "refs/tags/x")}, all},
		"create protected tag":        {[]with{changes(zero, one, "refs/tags/v1")}, maintainers},
		"update protected tag":        {[]with{changes(one, two, "refs/tags/v1")}, noRole},
		"delete protected tag":        {[]with{changes(one, zero, "refs/tags/v1")}, noRole},
		"delete protected tag on web": {[]with{changes(one, zero, "refs/tags/v1"), withProtocol(source.Web)}, maintainers},
		"unprotected and feature":     {[]with{changes(one, two, "refs/heads/x", "refs/heads/feature"), fast}, maintainers},
		"feature the other way round": {[]with{changes(one, two, "refs/heads/feature", "refs/heads/x"), fast}, maintainers},
		"developers may":              {[]with{protect(branch("feature", by(source.Developer))), changes(one, two, "refs/heads/feature"), fast}, all},
		"force allowed":               {[]with{protect(forceable(branch("fea*", by(source.Maintainer)))), changes(one, two, "refs/heads/feature"), force}, maintainers},
		"another ref":                 {[]with{changes(zero, one, "refs/notes/x")}, all},
		"a hidden ref":                {[]with{changes(zero, one, "refs/merge-requests/1/head")}, noRole},
		"a hidden ref on the web":     {[]with{changes(zero, one, "refs/keep-around/x"), withProtocol(source.Web)}, all},
		"the same commit":             {[]with{changes(one, one, "refs/heads/feature")}, maintainers},
		"an unqualified name":         {[]with{changes(zero, one, "feature")}, all},
	} {
		for i, roles := range [4][]with{
			{role(source.Owner), admin}, {role(source.Maintainer)}, {role(source.Developer)}, {role(source.Reporter), role(source.Guest)},
		} {
			for _, who := range roles {
				c := push(append([]with{who, protection}, row.what...)...)
				decide(t, name+" as "+c.Role.String(), c, row.want[i])
			}
		}
	}
}

func TestCase_Decide_change(t *testing.T) {
	t.Parallel()
	feature := changes(one, two, "refs/heads/feature")
	none, push1, initially := source.NotProtected, source.DevelopersPush, source.DevelopersPushInitially
	first := changes(zero, one, "refs/heads/main")
	member := source.Access{Group: 5, Member: true}
	for name, c := range map[string]struct {
		what []with
		want domain.Kind
	}{
		"no one may, an owner":                    {[]with{role(source.Owner), protect(branch("feature", by(source.NoRole))), feature, answer(source.Yes)}, forbidden},
		"no one may, an administrator":            {[]with{admin, protect(branch("feature", by(source.NoRole))), feature, answer(source.Yes)}, forbidden},
		"no one, but a second rule":               {[]with{protect(branch("feature", by(source.NoRole)), branch("f*", by(source.Developer))), feature, answer(source.Yes)}, allowed},
		"administrators only, an owner":           {[]with{role(source.Owner), protect(branch("feature", by(source.AdminsOnly))), feature, answer(source.Yes)}, forbidden},
		"administrators only, one":                {[]with{admin, protect(branch("feature", by(source.AdminsOnly))), feature, answer(source.Yes)}, allowed},
		"merge access does not push":              {[]with{protect(source.Protection{Kind: source.Branch, Pattern: "feature", Push: []source.Access{by(source.Maintainer)}, Merge: []source.Access{by(source.Developer)}}), feature, answer(source.Yes)}, forbidden},
		"merge access does not create":            {[]with{withProtocol(source.Web), protect(source.Protection{Kind: source.Branch, Pattern: "feature", Merge: []source.Access{by(source.Developer)}}), changes(zero, one, "refs/heads/feature")}, forbidden},
		"a listed user":                           {[]with{protect(branch("feature", source.Access{User: 7})), feature, answer(source.Yes)}, allowed},
		"a listed user without push right":        {[]with{role(source.Reporter), protect(branch("feature", source.Access{User: 7})), feature, answer(source.Yes)}, forbidden},
		"another listed user":                     {[]with{role(source.Owner), protect(branch("feature", source.Access{User: 8})), feature, answer(source.Yes)}, forbidden},
		"a listed group":                          {[]with{protect(branch("feature", member)), feature, answer(source.Yes)}, allowed},
		"a listed group without push right":       {[]with{role(source.Reporter), protect(branch("feature", member)), feature, answer(source.Yes)}, forbidden},
		"another listed group":                    {[]with{protect(branch("feature", source.Access{Group: 5})), feature, answer(source.Yes)}, forbidden},
		"a listed deploy key":                     {[]with{robot(true, true), role(source.Guest), protect(branch("feature", source.Access{DeployKey: 201})), feature, answer(source.Yes)}, allowed},
		"listed, its creator has left":            {[]with{robot(true, true), protect(branch("feature", source.Access{DeployKey: 201})), feature, answer(source.Yes)}, forbidden},
		"listed, its creator is gone":             {[]with{robot(true, true), is(source.Public), user(func(u *identity.User) { u.Type = identity.Ghost }), protect(branch("feature", source.Access{DeployKey: 201})), feature, answer(source.Yes)}, forbidden},
		"listed, read-only":                       {[]with{robot(true, false), role(source.Guest), protect(branch("feature", source.Access{DeployKey: 201})), feature, answer(source.Yes)}, forbidden},
		"another listed deploy key":               {[]with{robot(true, true), role(source.Owner), protect(branch("feature", source.Access{DeployKey: 202})), feature, answer(source.Yes)}, forbidden},
		"a deploy key of a maintainer":            {[]with{robot(true, true), role(source.Maintainer), protect(branch("feature", by(source.Maintainer))), feature, answer(source.Yes)}, forbidden},
		"a deploy key, unprotected":               {[]with{robot(true, true), changes(one, two, "refs/heads/x")}, allowed},
		"a deploy key, protected tag":             {[]with{robot(true, true), protect(tag("v*", by(source.Maintainer))), changes(zero, one, "refs/tags/v1")}, allowed},
		"a deploy key updates such a tag":         {[]with{robot(true, true), protect(tag("v*", by(source.Maintainer))), changes(one, two, "refs/tags/v1")}, forbidden},
		"a deploy key deletes a protected branch": {[]with{robot(true, true), withProtocol(source.Web), role(source.Owner), protect(branch("feature", source.Access{DeployKey: 201})), changes(one, zero, "refs/heads/feature")}, forbidden},
		"a tag rule is not for branches":          {[]with{protect(tag("*", by(source.NoRole))), changes(one, two, "refs/heads/x")}, allowed},
		"a branch rule is not for tags":           {[]with{protect(branch("*", by(source.NoRole))), changes(one, two, "refs/tags/x")}, allowed},
		"create a protected branch":               {[]with{protect(branch("feature", by(source.Maintainer))), changes(zero, one, "refs/heads/feature")}, forbidden},
		"create one as maintainer":                {[]with{role(source.Maintainer), protect(branch("feature", by(source.Maintainer))), changes(zero, one, "refs/heads/feature")}, allowed},

		"a branch like a commit":         {[]with{changes(zero, one, "refs/heads/"+one)}, forbidden},
		"a branch like a commit, longer": {[]with{changes(one, two, "refs/heads/"+sha256+"-x")}, forbidden},
		"deleting such a branch":         {[]with{changes(one, zero, "refs/heads/"+one)}, allowed},
		"a branch about a commit":        {[]with{changes(zero, one, "refs/heads/fix-"+one)}, allowed},
		"a dash in front":                {[]with{changes(zero, one, "refs/heads/-x")}, forbidden},
		"a name that JSON has mended":    {[]with{changes(zero, one, "refs/heads/\uFFFD")}, forbidden},
		"updating such a name":           {[]with{changes(one, two, "refs/heads/\uFFFD")}, allowed},
		"a branch without a name":        {[]with{changes(zero, one, "refs/heads/")}, forbidden},
		"a tag like a commit":            {[]with{changes(zero, one, "refs/tags/"+one)}, forbidden},
		"deleting such a tag":            {[]with{changes(one, zero, "refs/tags/"+one)}, allowed},
		"a tag like a full ref":          {[]with{changes(zero, one, "refs/tags/refs/heads/x")}, forbidden},
		"a tag like another full ref":    {[]with{changes(zero, one, "refs/tags/refs/tags/x")}, forbidden},
		"a tag like the default branch":  {[]with{changes(zero, one, "refs/tags/master")}, forbidden},
		"an invalid tag":                 {[]with{changes(one, two, "refs/tags/a..b")}, forbidden},
		"the default branch, not known":  {[]with{func(c *source.Case) { c.Project.DefaultBranch = "" }, changes(one, zero, "refs/heads/main")}, forbidden},

		"first push, a developer":              {[]with{empty(nil), first}, forbidden},
		"first push, a maintainer":             {[]with{empty(nil), role(source.Maintainer), first}, allowed},
		"first push, an administrator":         {[]with{empty(nil), admin, first}, allowed},
		"first push, not protected":            {[]with{empty(&none), first}, allowed},
		"first push, developers push":          {[]with{empty(&push1), first}, allowed},
		"first push, developers may initially": {[]with{empty(&initially), first}, allowed},
		"first push, although protected":       {[]with{empty(&initially), protect(branch("main", by(source.Maintainer))), first}, allowed},
		"first push, a reporter":               {[]with{empty(&initially), role(source.Reporter), first}, forbidden},
		"first push, a deploy key":             {[]with{empty(nil), robot(true, true), first}, forbidden},
		"first push, a listed deploy key":      {[]with{empty(nil), robot(true, true), role(source.Guest), protect(branch("main", source.Access{DeployKey: 201})), first}, allowed},
		"first push of a tag":                  {[]with{empty(nil), changes(zero, one, "refs/tags/x")}, allowed},
		"no first push, though on record":      {[]with{empty(nil), changes(one, two, "refs/heads/main"), changes(zero, one, "refs/heads/x")}, allowed},
		"protected although empty on record":   {[]with{empty(nil), role(source.Maintainer), protect(branch("main", by(source.Maintainer))), changes(one, two, "refs/heads/main"), answer(source.Unknown)}, forbidden},
		"deleted although empty on record":     {[]with{empty(nil), role(source.Maintainer), protect(branch("release", by(source.Maintainer))), changes(one, zero, "refs/heads/release")}, forbidden},
		"created beside one that is there":     {[]with{empty(&initially), protect(branch("release", by(source.Maintainer))), changes(zero, one, "refs/heads/release"), changes(one, two, "refs/heads/x")}, forbidden},
		"forced although empty on record":      {[]with{empty(&none), protect(branch("main", by(source.Developer))), changes(one, two, "refs/heads/main"), answer(source.No)}, forbidden},
		"not protected, but by a rule":         {[]with{empty(&none), protect(branch("main", by(source.Maintainer))), first}, forbidden},
	} {
		decide(t, name, push(c.what...), c.want)
	}
}

func TestCase_Decide_asks(t *testing.T) {
	t.Parallel()
	protection := protect(branch("feature", by(source.Developer)))
	update := changes(one, two, "refs/heads/feature")
	if got := push(protection, update, connected(nil)).Decide().Open; len(got) != 1 || got[0] != (source.Question{Old: one, New: two}) {
		t.Errorf("a protected branch: got %v, want one question", got)
	}
	for name, details := range map[string][]with{
		"unprotected":        {changes(one, two, "refs/heads/x")},
		"force allowed":      {protect(forceable(branch("feature", by(source.Developer)))), update},
		"created":            {protection, changes(zero, one, "refs/heads/feature")},
		"not allowed anyway": {protect(branch("feature", by(source.Maintainer))), update},
		"a later refusal":    {protection, update, changes(one, zero, "refs/heads/master")},
		"before the changes": {protection},
	} {
		if v := push(append(details, connected(map[source.Question]source.Answer{
			{About: source.Existence}: source.Yes, {About: source.Branches}: source.Yes, {About: source.Default, Branch: "master"}: source.Yes,
		}))...).Decide(); len(v.Open) > 0 {
			t.Errorf("%s: got %v, want no question", name, v.Open)
		}
	}
}

func TestCase_Explain(t *testing.T) {
	t.Parallel()
	c := push(protect(branch("feature", by(source.Maintainer))), changes(one, two, "refs/heads/feature", "refs/heads/x"), blocked, connected(nil))
	var refused []string
	for _, f := range c.Explain() {
		if f.Outcome == source.Refused {
			refused = append(refused, f.Rule+" "+f.Ref)
		}
	}
	want := "user ,protected_branch_update refs/heads/feature"
	if got := strings.Join(refused, ","); got != want {
		t.Errorf("refused: got %q, want %q", got, want)
	}
	for _, f := range pull(absent).Explain() {
		if f.Rule == "download" && f.Outcome != source.NotReached {
			t.Errorf("download from nowhere: got %v, want %v", f.Outcome, source.NotReached)
		}
	}
}

func TestCase_Decide_unknownAncestrySaysWhy(t *testing.T) {
	t.Parallel()
	c := push(protect(branch("feature", by(source.Developer))), changes(one, two, "refs/heads/feature"), answer(source.Unknown))
	if got := c.Decide().Refusal; got == nil || !strings.Contains(got.Error(), "Gitaly") || !strings.Contains(got.Error(), "force push") {
		t.Errorf("got %v", got)
	}
}

// What is refused to a role is refused to every lower one.
func TestCase_Decide_monotone(t *testing.T) {
	t.Parallel()
	roles := []source.Role{source.NoRole, source.Minimal, source.Guest, source.Planner, source.Reporter, source.SecurityManager, source.Developer, source.Maintainer, source.Owner}
	rapid.Check(t, func(t *rapid.T) {
		c := randomCase(t)
		was := allowed
		for i := len(roles) - 1; i >= 0; i-- {
			c.Role = roles[i]
			got := outcome(c.Decide())
			if was != allowed && got == allowed {
				t.Fatalf("%v is allowed what %v is refused (%v): %+v", roles[i], roles[i+1], was, c)
			}
			if was == domain.NotFound && got != domain.NotFound && got != domain.Forbidden {
				t.Fatalf("%v gets %v, although it is hidden from %v", roles[i], got, roles[i+1])
			}
			was = got
		}
	})
}

func randomCase(t *rapid.T) *source.Case {
	access := rapid.SampledFrom([]source.Access{
		by(source.NoRole), by(source.Developer), by(source.Maintainer), by(source.AdminsOnly),
		{User: 7}, {User: 8}, {Group: 5, Member: true}, {Group: 6}, {DeployKey: 201},
	})
	entries := rapid.SliceOfN(access, 0, 3)
	id := rapid.SampledFrom([]source.ObjectID{zero, one, two})
	ref := rapid.SampledFrom([]string{"refs/heads/feature", "refs/heads/master", "refs/heads/x", "refs/tags/v1", "refs/notes/x", "refs/heads/" + one})
	c := pull(
		command(rapid.SampledFrom([]source.Command{source.UploadPack, source.ReceivePack, source.UploadArchive}).Draw(t, "command")),
		withProtocol(rapid.SampledFrom([]source.Protocol{source.SSH, source.HTTP, source.Web}).Draw(t, "protocol")),
		is(rapid.SampledFrom(source.Visibilities).Draw(t, "visibility")),
		repository(rapid.SampledFrom(source.Features).Draw(t, "repository")),
		user(func(u *identity.User) {
			u.External = rapid.Bool().Draw(t, "external")
			u.Admin = rapid.IntRange(0, 9).Draw(t, "admin") == 0
		}),
		func(c *source.Case) {
			c.Project.Archived = rapid.IntRange(0, 9).Draw(t, "archived") == 0
			c.Project.Empty = rapid.Bool().Draw(t, "empty")
			c.Settings.DefaultBranchProtection = source.BranchProtection(rapid.IntRange(0, 4).Draw(t, "default"))
			if rapid.Bool().Draw(t, "wiki") {
				c.Repository.Kind = source.Wiki
			}
		},
		answer(rapid.SampledFrom([]source.Answer{source.Yes, source.No, source.Unknown}).Draw(t, "answer")),
		protect(source.Protection{
			Kind: source.Branch, Pattern: "fea*", Push: entries.Draw(t, "push"), Merge: entries.Draw(t, "merge"),
			AllowForcePush: rapid.Bool().Draw(t, "force"),
		}, tag("v*", entries.Draw(t, "create")...)),
	)
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		changes(id.Draw(t, "old"), id.Draw(t, "new"), ref.Draw(t, "ref"))(c)
	}
	if rapid.Bool().Draw(t, "robot") {
		robot(rapid.Bool().Draw(t, "enabled"), rapid.Bool().Draw(t, "can push"))(c)
	}
	c.Answers[source.Question{Old: two, New: one}] = source.No
	return c
}
