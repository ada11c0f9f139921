package gormstore_test

import (
	"context"
	"testing"
	"time"

	"gatehouse/adapters/gormstore"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// now is when the tests ask.
var now = time.Date(2026, time.March, 10, 12, 34, 56, 789012000, time.UTC)

// unit runs do in a unit of work that has to succeed.
func unit(t testing.TB, s *gormstore.Store, do func(r worldimport.Tx)) {
	t.Helper()
	if err := s.WorldImport(t.Context(), func(r worldimport.Tx) error { do(r); return nil }); err != nil {
		t.Fatalf("unit of work: %v", err)
	}
}

// seed puts things in, and ends the test if one of them cannot be.
type seed struct {
	testing.TB
	context.Context
	worldimport.Tx
}

func (s seed) check(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

func (s seed) user(id identity.UserID, name string) identity.UserID {
	s.Helper()
	got, err := s.Users.Put(s, worldimport.User{User: identity.User{
		ID: id, Username: name, Name: name, State: identity.Active, Type: identity.Human, EmailConfirmed: true,
	}})
	s.check("user "+name, err)
	return got
}

func (s seed) group(id source.NamespaceID, path string) source.NamespaceID {
	s.Helper()
	got, err := s.Namespaces.PutGroup(s, worldimport.Group{
		Namespace: source.Namespace{ID: id, Path: path, Protocols: source.AllProtocols}, Visibility: source.Private,
	})
	s.check("group "+path, err)
	return got
}

func (s seed) project(id source.ProjectID, path string, past ...source.Path) source.ProjectID {
	s.Helper()
	got, _, err := s.Projects.Put(s, worldimport.Project{Project: source.Project{
		ID: id, Path: path, Visibility: source.Private, Storage: "default",
		Repository: source.FeatureEnabled, Wiki: source.FeatureEnabled,
	}, MovedFrom: past})
	s.check("project "+path, err)
	return got
}

func (s seed) member(user identity.UserID, in source.MemberSource, role source.Role) {
	s.Helper()
	s.check("member", s.Namespaces.PutMember(s, user, in, worldimport.Member{Role: role, State: worldimport.MemberActive}))
}

func (s seed) key(k identity.Key, print string) identity.KeyID {
	s.Helper()
	k.Fingerprint, k.Usage = identity.Fingerprint(print), identity.AuthAndSigning
	got, err := s.Keys.Put(s, k)
	s.check("key", err)
	return got
}

// The numbers of the compact world.
const (
	dede   identity.UserID    = 2
	guest  identity.UserID    = 3
	owner  identity.UserID    = 4
	acme   source.NamespaceID = 50
	tools  source.NamespaceID = 51
	guests source.NamespaceID = 52
	cli    source.ProjectID   = 42
	own    source.ProjectID   = 43
	laptop identity.KeyID     = 102
	robot  identity.KeyID     = 201
	orphan identity.KeyID     = 202
)

// populate puts the compact world in: dede develops in acme, whose tools hold
// the cli; guests are lent the cli as reporters.
func populate(t testing.TB, s *gormstore.Store) {
	t.Helper()
	unit(t, s, func(r worldimport.Tx) {
		w := seed{t, t.Context(), r}
		w.user(dede, "Dede")
		w.user(guest, "guest")
		w.user(owner, "owner")
		w.group(acme, "Acme")
		w.group(tools, "acme/Tools")
		w.group(guests, "guests")
		w.project(cli, "acme/tools/CLI", "old/cli")
		w.project(own, "owner/own")
		w.member(dede, source.MemberSource{Group: acme}, source.Developer)
		w.member(guest, source.MemberSource{Group: guests}, source.Owner)
		w.check("share", r.Namespaces.PutShare(w, source.MemberSource{Project: cli}, guests, worldimport.Share{Role: source.Reporter}))
		w.key(identity.Key{ID: laptop, Kind: identity.UserKey, Owner: dede}, "laptop")
		w.key(identity.Key{ID: robot, Kind: identity.DeployKey, Owner: dede}, "robot")
		w.key(identity.Key{ID: orphan, Kind: identity.DeployKey}, "orphan")
		w.check("EnableKey", r.Keys.Enable(w, robot, map[source.ProjectID]bool{cli: true}))
		w.check("EnableKey", r.Keys.Enable(w, orphan, map[source.ProjectID]bool{cli: false}))
		w.check("PutProtections", r.Projects.PutProtections(w, cli, []source.Protection{
			{Kind: source.Branch, Pattern: "main", Push: []source.Access{{Role: source.Maintainer}, {User: dede}, {Group: tools}}, Merge: []source.Access{{}}},
			{Kind: source.Tag, Pattern: "v*", Create: []source.Access{{DeployKey: robot}, {Group: guests}}},
			{Kind: source.Branch, Pattern: "bare", AllowForcePush: true},
		}))
		_, _, err := r.Users.GhostID(w)
		w.check("GhostID", err)
	})
}
