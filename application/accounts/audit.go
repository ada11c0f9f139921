package accounts

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// values are the members of an account as an audit event has them, by their names in the
// world file.
func values(a identity.Account) audit.Values {
	out := audit.Values{
		"username": a.Username, "name": a.Name, "email": a.Email, "public_email": a.PublicEmail, "state": string(a.State),
		"type": string(a.Type), "admin": a.Admin, "external": a.External, "email_confirmed": a.EmailConfirmed, "two_factor": a.TwoFactor,
		"can_create_group": a.CanCreateGroup, "projects_limit": a.ProjectsLimit, "note": a.Note,
	}
	for name, value := range a.Settings {
		out[name] = value
	}
	return out
}

// changes are the members in which an account differs from the old one.
func changes(old, a identity.Account) (was, is audit.Values) {
	was, is = values(old), values(a)
	for _, p := range remembered.Users {
		was[p.Name], is[p.Name] = remembered.Users.Value(old.Settings, p.Name), remembered.Users.Value(a.Settings, p.Name)
	}
	return audit.Changes(was, is)
}

// object is a user in an audit event.
func object(u identity.User) audit.Object {
	return audit.Object{Kind: audit.User, ID: int64(u.ID), Path: u.Username}
}

// keyObject and tokenObject are what belongs to a user in an audit event.
func keyObject(k identity.Key) audit.Object {
	return audit.Object{Kind: "key", ID: int64(k.ID), Path: k.Title}
}

func tokenObject(t identity.AccessToken) audit.Object {
	return audit.Object{Kind: "access_token", ID: t.ID, Path: t.Name}
}

// keyValues are the members of a key as an audit event has them.
func keyValues(k identity.Key) audit.Values {
	return audit.Values{
		"title": k.Title, "fingerprint": string(k.Fingerprint), "usage": string(k.Usage), "expires_at": textOrNil(k.ExpiresAt, time.RFC3339),
	}
}

// tokenValues are the members of an access token as an audit event has them.
func tokenValues(t identity.AccessToken) audit.Values {
	scopes := make([]string, len(t.Scopes))
	for i, scope := range t.Scopes {
		scopes[i] = string(scope)
	}
	return audit.Values{"name": t.Name, "scopes": scopes, "expires_at": textOrNil(t.ExpiresAt, time.DateOnly)}
}

// textOrNil returns nil for the zero time.
func textOrNil(at time.Time, layout string) any {
	if at.IsZero() {
		return nil
	}
	return at.UTC().Format(layout)
}

// record keeps the audit event of a write to what belongs to the user.
func (s *Service) record(ctx context.Context, tx Tx, by rights.Caller, verb audit.Verb, user identity.User, target audit.Object, before, after audit.Values) error {
	return tx.Audit.Append(ctx, by.Cause.Event(s.now(), verb, object(user), target, before, after))
}

// deleted keeps the audit events of projects that went with a user, and enqueues the jobs
// that remove their repositories.
func (s *Service) deleted(ctx context.Context, tx Tx, by rights.Caller, projects []source.Project) error {
	if err := tx.Audit.Append(ctx, by.Cause.ProjectsDeleted(s.now(), projects)...); err != nil {
		return err
	}
	return application.EnqueueInBackground(ctx, tx.Jobs.Enqueue, s.rules.RemoveRepository, source.ProjectIDs(projects)...)
}

// moved keeps the audit events of the projects of a user whose name was another one.
func (s *Service) moved(ctx context.Context, tx Tx, by rights.Caller, a identity.Account, from string) error {
	if a.Username == from {
		return nil
	}
	projects, err := tx.Projects.Owned(ctx, a.ID)
	if err != nil {
		return err
	}
	return tx.Audit.Append(ctx, by.Cause.ProjectsMoved(s.now(), projects, from, a.Username)...)
}
