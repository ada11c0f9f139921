package accounts

import (
	"context"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
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

// object is a user in an audit event.
func object(u identity.User) audit.Object {
	return audit.Object{Kind: audit.User, ID: int64(u.ID), Path: u.Username}
}

// record keeps the audit event of a write to the user.
func (s *Service) record(ctx context.Context, tx Tx, by rights.Caller, verb audit.Verb, user identity.User, before, after audit.Values) error {
	return tx.Audit.Append(ctx, by.Cause.Event(s.now(), verb, object(user), object(user), before, after))
}

// removeRepositories enqueues the jobs that remove the repositories of projects.
func (s *Service) removeRepositories(ctx context.Context, tx Tx, projects []source.ProjectID) error {
	if s.rules.RemoveRepository == "" {
		return nil
	}
	for _, id := range projects {
		if err := tx.Jobs.Enqueue(ctx, application.Job{Kind: s.rules.RemoveRepository, Subject: int64(id), Background: true}); err != nil {
			return err
		}
	}
	return nil
}
