package rights_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

var now = time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC)

// change returns a change that a user of number 1 wants in a group or project where they
// have the role, for the user of number 2, with another owner in the group.
func change(kind rights.Kind, verb audit.Verb, role, old, wanted source.Role, adjust func(*rights.MemberChange)) rights.MemberChange {
	m := rights.MemberChange{
		Case: rights.Case{
			Right: rights.ChangeMembers(kind), Actor: identity.Account{User: identity.User{ID: 1}}, Role: role,
			Subject: rights.Subject{Kind: kind, Known: true, Visibility: source.Private},
		},
		Verb: verb, Member: identity.User{ID: 2, Type: identity.Human}, Old: old, New: wanted, OtherOwner: true, Now: now,
	}
	if adjust != nil {
		adjust(&m)
	}
	return m
}

func TestMemberChange_Decide(t *testing.T) {
	t.Parallel()
	const (
		none, guest, dev, maint, owner = source.NoRole, source.Guest, source.Developer, source.Maintainer, source.Owner
		group, project                 = rights.Group, rights.Project
	)
	type asked = rights.MemberChange
	asAdmin := func(m *asked) { m.Actor.Admin = true }
	oneself := func(m *asked) { m.Member.ID = 1 }
	alone := func(m *asked) { m.OtherOwner = false }
	for name, tt := range map[string]struct {
		change rights.MemberChange
		kind   domain.Kind
		want   string
	}{
		"maintainer adds a developer":           {change(project, audit.Create, maint, none, dev, nil), "", ""},
		"maintainer adds a maintainer":          {change(project, audit.Create, maint, none, maint, nil), "", ""},
		"maintainer adds an owner":              {change(project, audit.Create, maint, none, owner, nil), domain.Forbidden, ""},
		"owner adds an owner":                   {change(project, audit.Create, owner, none, owner, nil), "", ""},
		"administrator adds an owner":           {change(project, audit.Create, none, none, owner, asAdmin), "", ""},
		"developer adds":                        {change(project, audit.Create, dev, none, guest, nil), domain.Forbidden, ""},
		"stranger adds":                         {change(project, audit.Create, none, none, guest, nil), domain.NotFound, "Project Not Found"},
		"anonymous adds":                        {change(group, audit.Create, owner, none, guest, func(m *asked) { m.Actor.ID = 0 }), domain.Unauthenticated, ""},
		"maintainer adds to a group":            {change(group, audit.Create, maint, none, guest, nil), domain.Forbidden, ""},
		"owner adds to a group":                 {change(group, audit.Create, owner, none, owner, nil), "", ""},
		"a member again":                        {change(group, audit.Create, owner, guest, dev, nil), domain.Conflict, "Member already exists"},
		"minimal access to a group":             {change(group, audit.Create, owner, none, source.Minimal, nil), "", ""},
		"minimal access to a project":           {change(project, audit.Create, owner, none, source.Minimal, nil), domain.Unprocessable, "access_level is not included in the list"},
		"no access":                             {change(group, audit.Create, owner, none, none, nil), domain.Unprocessable, "access_level is not included in the list"},
		"a level that is none":                  {change(project, audit.Create, maint, none, 60, nil), domain.Unprocessable, "access_level is not included in the list"},
		"the ghost":                             {change(group, audit.Create, owner, none, dev, func(m *asked) { m.Member.Type = identity.Ghost }), domain.Unprocessable, "user is an internal account of the instance"},
		"a locked project":                      {change(project, audit.Create, maint, none, dev, locked), domain.Forbidden, rights.ErrMembershipLocked.Message},
		"a locked project, by a developer":      {change(project, audit.Create, dev, none, dev, locked), domain.Forbidden, ""},
		"change in a locked project":            {change(project, audit.Update, maint, guest, dev, locked), "", ""},
		"a locked group":                        {change(group, audit.Create, owner, none, dev, locked), "", ""},
		"maintainer changes an owner":           {change(project, audit.Update, maint, owner, guest, nil), domain.Forbidden, ""},
		"maintainer removes an owner":           {change(project, audit.Delete, maint, owner, none, nil), domain.Forbidden, ""},
		"owner removes an owner":                {change(project, audit.Delete, owner, owner, none, nil), "", ""},
		"maintainer changes to more":            {change(project, audit.Update, maint, guest, owner, nil), domain.Forbidden, ""},
		"the last owner of a project":           {change(project, audit.Delete, owner, owner, none, alone), "", ""},
		"the last owner of a group":             {change(group, audit.Delete, owner, owner, none, alone), domain.Forbidden, "The last owner of a group cannot be removed"},
		"the last owner, by an administrator":   {change(group, audit.Delete, none, owner, none, func(m *asked) { asAdmin(m); alone(m) }), domain.Forbidden, "The last owner of a group cannot be removed"},
		"the last owner demoted":                {change(group, audit.Update, owner, owner, maint, alone), domain.Unprocessable, "access_level cannot be lowered: last owner"},
		"the last owner, but from above":        {change(group, audit.Delete, owner, owner, none, func(m *asked) { alone(m); m.Inherited = owner }), "", ""},
		"the last owner, less from above":       {change(group, audit.Delete, owner, owner, none, func(m *asked) { alone(m); m.Inherited = maint }), domain.Forbidden, "The last owner of a group cannot be removed"},
		"owner from above demoted":              {change(group, audit.Update, owner, owner, maint, func(m *asked) { alone(m); m.Inherited, m.InheritedFrom = owner, "acme" }), domain.Unprocessable, "access_level should be greater than or equal to Owner inherited membership from group acme"},
		"the last owner kept":                   {change(group, audit.Update, owner, owner, owner, alone), "", ""},
		"the last owner leaves":                 {change(group, audit.Delete, owner, owner, none, func(m *asked) { oneself(m); alone(m) }), domain.Forbidden, "The last owner of a group cannot be removed"},
		"guest leaves":                          {change(project, audit.Delete, guest, guest, none, oneself), "", ""},
		"owner of a project leaves":             {change(project, audit.Delete, owner, owner, none, oneself), "", ""},
		"guest changes oneself":                 {change(project, audit.Update, guest, guest, dev, oneself), domain.Forbidden, ""},
		"guest without a membership leaves":     {change(project, audit.Delete, guest, none, none, oneself), domain.Forbidden, ""},
		"the owner of the namespace is added":   {change(project, audit.Create, owner, none, dev, personal), domain.Conflict, "Member already exists"},
		"the owner of the namespace is changed": {change(project, audit.Update, owner, owner, dev, personal), domain.Forbidden, "The owner of a personal namespace stays the owner of its projects"},
		"the owner of the namespace is removed": {change(project, audit.Delete, owner, owner, none, personal), domain.Forbidden, "The owner of a personal namespace stays the owner of its projects"},
		"less than inherited": {
			change(project, audit.Create, maint, none, dev, inherits(maint)), domain.Unprocessable,
			"access_level should be greater than or equal to Maintainer inherited membership from group acme",
		},
		"as much as inherited":       {change(project, audit.Create, maint, none, dev, inherits(dev)), "", ""},
		"changed to less":            {change(group, audit.Update, owner, dev, guest, inherits(dev)), domain.Unprocessable, "access_level should be greater than or equal to Developer inherited membership from group acme"},
		"removed below an inherited": {change(group, audit.Delete, owner, dev, none, inherits(maint)), "", ""},
		"ended yesterday":            {change(group, audit.Create, owner, none, dev, until(now.AddDate(0, 0, -1))), domain.Unprocessable, "expires_at cannot be a date in the past"},
		"ended today":                {change(group, audit.Create, owner, none, dev, until(now.Truncate(24*time.Hour))), domain.Unprocessable, "expires_at cannot be a date in the past"},
		"ends tomorrow":              {change(group, audit.Create, owner, none, dev, until(now.AddDate(0, 0, 1).Truncate(24*time.Hour))), "", ""},
		"keeps its end":              {change(group, audit.Update, owner, dev, dev, func(m *asked) { until(now)(m); m.KeepsExpiry = true }), "", ""},
		"two mistakes": {
			change(project, audit.Create, maint, none, dev, func(m *asked) { inherits(maint)(m); until(now)(m) }), domain.Unprocessable,
			"access_level should be greater than or equal to Maintainer inherited membership from group acme, expires_at cannot be a date in the past",
		},
	} {
		err := tt.change.Decide()
		switch {
		case tt.kind == "" && err != nil, tt.kind != "" && !errors.Is(err, tt.kind):
			t.Errorf("%s: got %v, want kind %q", name, err, tt.kind)
		case tt.want != "" && err.Error() != tt.want:
			t.Errorf("%s: got %q, want %q", name, err, tt.want)
		}
	}
}

func locked(m *rights.MemberChange)   { m.Subject.MembershipLock = true }
func personal(m *rights.MemberChange) { m.Subject.User = 2 }

func inherits(role source.Role) func(*rights.MemberChange) {
	return func(m *rights.MemberChange) { m.Inherited, m.InheritedFrom = role, "acme" }
}

func until(day time.Time) func(*rights.MemberChange) {
	return func(m *rights.MemberChange) { m.ExpiresAt = day }
}

func TestMemberChange_Explain(t *testing.T) {
	t.Parallel()
	passed := func(rule string) rights.Finding { return rights.Finding{Rule: rule, Outcome: rights.Passed} }
	refused := func(rule, why string) rights.Finding {
		return rights.Finding{Rule: rule, Outcome: rights.Refused, Message: why}
	}
	got := change(rights.Project, audit.Update, source.Maintainer, source.Owner, source.Guest, inherits(source.Developer)).Explain()
	want := []rights.Finding{
		passed("signed_in"), passed("visible"), passed("role_maintainer"),
		passed("membership_lock"), passed("namespace_owner"), passed("new_member"), passed("own_role"),
		refused("owners", "the role in the project is maintainer, and it takes owner"), passed("last_owner"), passed("access_level"),
		refused("inherited", "access_level should be greater than or equal to Developer inherited membership from group acme"), passed("expires_at"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a maintainer demotes an owner (-want +got):\n%s", diff)
	}
	got = change(rights.Group, audit.Delete, source.Guest, source.Guest, source.NoRole, func(m *rights.MemberChange) { m.Member.ID = 1 }).Explain()
	if got[0].Rule != "leave" || got[0].Outcome != rights.Passed {
		t.Errorf("a member leaves: got %v", got)
	}
}

func TestCase_SeesEmails(t *testing.T) {
	t.Parallel()
	for role, want := range map[source.Role]bool{source.NoRole: false, source.Maintainer: false, source.Owner: true} {
		if got := (rights.Case{Role: role}).SeesEmails(); got != want {
			t.Errorf("%s: got %t", role, got)
		}
	}
	if !(rights.Case{Actor: identity.Account{User: identity.User{ID: 1, Admin: true}}}).SeesEmails() {
		t.Error("an administrator is not told")
	}
}
