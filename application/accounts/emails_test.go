package accounts_test

import (
	"fmt"
	"testing"
	"time"

	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// addEmail adds a secondary e-mail of a user as that user.
func (s *testService) addEmail(user identity.UserID, address string) identity.Email {
	s.Helper()
	e, err := s.AddEmail(s.Context(), s.by(user), user, address, false)
	if err != nil {
		s.Fatal(err)
	}
	return e
}

// emails returns the addresses of a user's secondary e-mails.
func (s *testService) emails(user identity.UserID) []string {
	s.Helper()
	found, err := s.Emails(s.Context(), s.by(1), user, application.Page{Order: "id", Size: 20})
	if err != nil {
		s.Fatal(err)
	}
	return identity.Addresses(found.Items)
}

func TestService_AddEmail(t *testing.T) {
	t.Parallel()
	s := newService(t)
	e := s.addEmail(7, "Work@example.com")
	if e.ID == 0 || e.User != 7 || !e.ConfirmedAt.IsZero() || !e.CreatedAt.Equal(s.now) {
		t.Errorf("got %+v", e)
	}
	got, err := s.Email(t.Context(), s.by(7), 7, e.ID)
	if err != nil || got.Address != "Work@example.com" {
		t.Errorf("got %+v, %v", got, err)
	}
	if e, err := s.AddEmail(t.Context(), s.by(1), 8, "two@example.com", false); err != nil || !e.ConfirmedAt.Equal(s.now) {
		t.Errorf("by an administrator: got %+v, %v", e, err)
	}
	s.want("events", s.actions(), []string{"email.create dede dede Work@example.com", "email.create root gus two@example.com"})
	for what, tt := range map[string]struct {
		by identity.UserID
		id int64
		domain.Kind
	}{
		"another user": {8, e.ID, domain.Forbidden}, "another user's": {7, e.ID + 1, domain.NotFound}, "no number": {7, 0, domain.NotFound},
		"a stranger": {0, e.ID, domain.Unauthenticated},
	} {
		_, err := s.Email(t.Context(), s.by(tt.by), 7, tt.id)
		s.refused(what, err, tt.Kind, "")
		if tt.Kind != domain.NotFound {
			_, err = s.Emails(t.Context(), s.by(tt.by), 7, application.Page{Order: "id", Size: 20})
			s.refused(what, err, tt.Kind, "")
		}
	}
}

func TestService_AddEmail_confirmation(t *testing.T) {
	t.Parallel()
	s := newService(t, func(r *accounts.Rules) { r.RequireConfirmation = true })
	for address, confirmed := range map[string]bool{"a@example.com": false, "b@example.com": true} {
		e, err := s.AddEmail(t.Context(), s.by(1), 7, address, confirmed)
		if err != nil || e.ConfirmedAt.IsZero() == confirmed {
			t.Errorf("%s: got %+v, %v", address, e, err)
		}
	}
	public := func(address string) error {
		_, err := s.Update(t.Context(), s.by(1), 7, false, func(a *identity.Account) { a.PublicEmail = address })
		return err
	}
	s.refused("public e-mail that is not confirmed", public("a@example.com"), domain.Unprocessable, "public_email is not an email you own")
	if err := public("b@example.com"); err != nil {
		t.Error(err)
	}
}

func TestService_AddEmail_refuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.addEmail(7, "work@example.com")
	for what, tt := range map[string]struct {
		by, user identity.UserID
		address  string
		kind     domain.Kind
		words    string
	}{
		"a stranger":       {0, 8, "x@example.com", domain.Unauthenticated, ""},
		"another user":     {7, 8, "x@example.com", domain.Forbidden, ""},
		"no user":          {1, 404, "x@example.com", domain.NotFound, "User Not Found"},
		"a ghost":          {1, 9, "x@example.com", domain.Forbidden, "internal"},
		"no address":       {8, 8, "x", domain.Unprocessable, "email is invalid"},
		"own primary":      {8, 8, "GUS@example.com", domain.Unprocessable, "email has already been taken"},
		"other primary":    {8, 8, "root@example.com", domain.Unprocessable, "email has already been taken"},
		"other secondary":  {8, 8, "Work@example.com", domain.Unprocessable, "email has already been taken"},
		"the same address": {7, 7, "work@EXAMPLE.com", domain.Unprocessable, "email has already been taken"},
	} {
		_, err := s.AddEmail(t.Context(), s.by(tt.by), tt.user, tt.address, true)
		s.refused(what, err, tt.kind, tt.words)
	}
	a := nora()
	a.Email = "WORK@example.com"
	_, err := s.Create(t.Context(), s.by(1), a)
	s.refused("new user", err, domain.Conflict, "Email has already been taken")
	_, err = s.Update(t.Context(), s.by(1), 8, false, func(a *identity.Account) { a.Email = "WORK@example.com" })
	s.refused("changed user", err, domain.Conflict, "Email has already been taken")
	s.want("how many events", len(s.actions()), 1)
}

func TestService_RemoveEmail(t *testing.T) {
	t.Parallel()
	s := newService(t)
	e, err := s.AddEmail(t.Context(), s.by(1), 7, "work@example.com", false)
	if err != nil {
		t.Fatal(err)
	}
	remove := func(by, user identity.UserID, id int64, since time.Time) error {
		return s.RemoveEmail(t.Context(), s.by(by), user, id, since)
	}
	s.refused("another user", remove(8, 7, e.ID, time.Time{}), domain.Forbidden, "")
	s.refused("another user's", remove(8, 8, e.ID, time.Time{}), domain.NotFound, "Email Not Found")
	s.refused("no number", remove(7, 7, 0, time.Time{}), domain.NotFound, "Email Not Found")
	s.refused("younger", remove(7, 7, e.ID, s.now.Add(-time.Hour)), domain.Conflict, "")
	if _, err := s.Update(t.Context(), s.by(1), 7, false, func(a *identity.Account) { a.PublicEmail = "WORK@example.com" }); err != nil {
		t.Fatal(err)
	}
	if err := remove(7, 7, e.ID, s.now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	s.want("public e-mail", s.by(7).PublicEmail, "")
	s.want("left", len(s.emails(7)), 0)
	s.want("events", s.actions(), []string{
		"email.create root dede work@example.com", "user.update root dede dede", "email.delete dede dede work@example.com", "user.update dede dede dede",
	})
}

func TestService_Update_secondaryEmail(t *testing.T) {
	t.Parallel()
	s := newService(t, func(r *accounts.Rules) { r.RequireConfirmation = true })
	for address, confirmed := range map[string]bool{"work@example.com": true, "home@example.com": false} {
		if _, err := s.AddEmail(t.Context(), s.by(1), 7, address, confirmed); err != nil {
			t.Fatal(err)
		}
	}
	before := len(s.actions())
	for address, confirmed := range map[string]bool{"WORK@example.com": true, "Home@example.com": false} {
		view, err := s.Update(t.Context(), s.by(1), 7, false, func(a *identity.Account) { a.Email = address })
		if err != nil || view.Email != address || view.EmailConfirmed != confirmed {
			t.Errorf("%s: got %+v, %v", address, view, err)
		}
		s.want(address, s.actions()[before:][:1], []string{"email.delete root dede " + map[bool]string{true: "work@example.com", false: "home@example.com"}[confirmed]})
		before = len(s.actions())
	}
	s.want("left", len(s.emails(7)), 0)
}

func TestService_AddEmail_tooMany(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for i := range 100 {
		s.addEmail(7, fmt.Sprintf("e%d@example.com", i))
	}
	_, err := s.AddEmail(t.Context(), s.by(1), 7, "more@example.com", true)
	s.refused("one too many", err, domain.Unprocessable, "at most 100")
}
