package clusters

import (
	"context"
	"errors"
	"io"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// AgentService shows and changes the agents of projects and their tokens for the management API.
// It is safe for concurrent use.
type AgentService struct {
	unitOfWork UnitOfWork
	records    Records
	standings  Standings
	random     io.Reader
	now        application.Clock
}

// NewAgentService makes an AgentService; random has to be fit for secrets.
func NewAgentService(unitOfWork UnitOfWork, records Records, standings Standings, random io.Reader, now application.Clock) *AgentService {
	return &AgentService{unitOfWork, records, standings, random, now}
}

// errNoRow refuses an agent or a token that is not there.
var errNoRow = domain.Refuse(domain.NotFound, "Not found")

// errNameTaken refuses a second agent of one name.
var errNameTaken = domain.Refuse(domain.Invalid, `["Name has already been taken"]`)

// project returns the project if the caller has the right there, or a Refusal.
func (s *AgentService) project(ctx context.Context, standings Standings, by rights.Caller, right rights.Right, on rights.Ref) (rights.Standing, error) {
	on.Kind = rights.Project
	standing, err := standings.Standing(ctx, by.ID, on, s.now())
	return by.Judge(right, rights.Project, standing, err)
}

// List returns a page of the agents of a project, or a Refusal.
func (s *AgentService) List(ctx context.Context, by rights.Caller, on rights.Ref, page application.Page) (application.Listed[agents.Agent], error) {
	p, err := s.project(ctx, s.standings, by, rights.ReadClusterAgent, on)
	if err != nil {
		return application.Listed[agents.Agent]{}, err
	}
	return s.records.AgentViews(ctx, source.ProjectID(p.ID), page)
}

// Show returns an agent of a project, or a Refusal.
func (s *AgentService) Show(ctx context.Context, by rights.Caller, on rights.Ref, id agents.AgentID) (agents.Agent, error) {
	p, err := s.project(ctx, s.standings, by, rights.ReadClusterAgent, on)
	if err != nil {
		return agents.Agent{}, err
	}
	a, err := s.records.AgentView(ctx, source.ProjectID(p.ID), id)
	return a, orNoRow(err)
}

// orNoRow returns errNoRow in place of domain.NotFound.
func orNoRow(err error) error {
	if errors.Is(err, domain.NotFound) {
		return errNoRow
	}
	return err
}

// Register makes an agent of a project, or returns a Refusal.
func (s *AgentService) Register(ctx context.Context, by rights.Caller, on rights.Ref, name string) (agents.Agent, error) {
	var id agents.AgentID
	var project source.ProjectID
	err := s.unitOfWork(ctx, func(tx Tx) error {
		p, err := s.project(ctx, tx.Standings, by, rights.AdminCluster, on)
		if err != nil {
			return err
		}
		if refusal := agents.CheckName(name); refusal != nil {
			return refusal
		}
		project = source.ProjectID(p.ID)
		if taken, err := tx.Agents.AgentNameTaken(ctx, project, name); err != nil || taken {
			if err == nil {
				err = errNameTaken
			}
			return err
		}
		a := agents.Agent{Name: name, Project: project, CreatedBy: by.ID, CreatedAt: s.now()}
		if a.ID, err = tx.Agents.AddAgent(ctx, a); err != nil {
			return err
		}
		id = a.ID
		return tx.Audit.Append(ctx, by.Cause.Event(a.CreatedAt, audit.Create, projectObject(p), agentObject(a), nil, audit.Values{"name": name}))
	})
	if err != nil {
		return agents.Agent{}, err
	}
	return s.records.AgentView(ctx, project, id)
}

func projectObject(p rights.Standing) audit.Object {
	return audit.Object{Kind: audit.Project, ID: p.ID, Path: p.Path}
}

func agentObject(a agents.Agent) audit.Object {
	return audit.Object{Kind: "agent", ID: int64(a.ID), Path: a.Name}
}

func tokenObject(t agents.Token) audit.Object {
	return audit.Object{Kind: "agent_token", ID: t.ID, Path: t.Name}
}

// change calls do with an agent of a project whose agents the caller may change, in one
// transaction, or returns a Refusal.
func (s *AgentService) change(ctx context.Context, by rights.Caller, on rights.Ref, id agents.AgentID, do func(Tx, rights.Standing, agents.Agent) error) error {
	return s.unitOfWork(ctx, func(tx Tx) error {
		p, err := s.project(ctx, tx.Standings, by, rights.AdminCluster, on)
		if err != nil {
			return err
		}
		a, err := tx.Agents.Agent(ctx, source.ProjectID(p.ID), id)
		if err != nil {
			return orNoRow(err)
		}
		return do(tx, p, a)
	})
}

// Remove removes an agent of a project with its tokens, its authorizations and what it has
// reported, or returns a Refusal. With a moment the agent must not be younger than that.
func (s *AgentService) Remove(ctx context.Context, by rights.Caller, on rights.Ref, id agents.AgentID, unmodifiedSince time.Time) error {
	return s.change(ctx, by, on, id, func(tx Tx, p rights.Standing, a agents.Agent) error {
		if modified := domain.CheckUnmodified(unmodifiedSince, time.Time{}, a.CreatedAt); modified != nil {
			return modified
		}
		if err := tx.Agents.RemoveAgent(ctx, id); err != nil {
			return err
		}
		return tx.Audit.Append(ctx, by.Cause.Event(s.now(), audit.Delete, projectObject(p), agentObject(a), audit.Values{"name": a.Name}, nil))
	})
}

// ListTokens returns a page of the active tokens of an agent of a project, or a Refusal.
func (s *AgentService) ListTokens(ctx context.Context, by rights.Caller, on rights.Ref, id agents.AgentID, page application.Page) (application.Listed[agents.Token], error) {
	if _, err := s.Show(ctx, by, on, id); err != nil {
		return application.Listed[agents.Token]{}, err
	}
	return s.records.TokenViews(ctx, id, page)
}

// ShowToken returns an active token of an agent of a project, or a Refusal.
func (s *AgentService) ShowToken(ctx context.Context, by rights.Caller, on rights.Ref, id agents.AgentID, token int64) (agents.Token, error) {
	if _, err := s.Show(ctx, by, on, id); err != nil {
		return agents.Token{}, err
	}
	t, err := s.records.TokenView(ctx, id, token)
	return t, orNoRow(err)
}

// AddToken makes a token of an agent of a project and returns it with its text, which is not
// kept, or a Refusal. Of the token Name and Description are read.
func (s *AgentService) AddToken(ctx context.Context, by rights.Caller, on rights.Ref, id agents.AgentID, t agents.Token) (made agents.Token, text string, err error) {
	if text, err = newTokenText(s.random); err != nil {
		return agents.Token{}, "", err
	}
	err = s.change(ctx, by, on, id, func(tx Tx, p rights.Standing, a agents.Agent) error {
		if refusal := t.Check(); refusal != nil {
			return refusal
		}
		active, err := tx.Tokens.ActiveTokens(ctx, id)
		if err != nil {
			return err
		}
		if refusal := agents.CheckActive(active); refusal != nil {
			return refusal
		}
		made = agents.Token{Agent: id, Name: t.Name, Description: t.Description, CreatedAt: s.now(), CreatedBy: by.ID}
		if made.ID, err = tx.Tokens.AddToken(ctx, made, identity.DigestToken(text)); err != nil {
			return err
		}
		values := audit.Values{"agent_id": int64(id), "name": made.Name, "description": made.Description}
		return tx.Audit.Append(ctx, by.Cause.Event(made.CreatedAt, audit.Create, projectObject(p), tokenObject(made), nil, values))
	})
	if err != nil {
		return agents.Token{}, "", err
	}
	return made, text, nil
}

// RevokeToken revokes a token of an agent of a project, or returns a Refusal, also for one
// that is revoked. With a moment the token must not be younger than that.
func (s *AgentService) RevokeToken(ctx context.Context, by rights.Caller, on rights.Ref, id agents.AgentID, token int64, unmodifiedSince time.Time) error {
	return s.change(ctx, by, on, id, func(tx Tx, p rights.Standing, a agents.Agent) error {
		t, err := tx.Tokens.Token(ctx, id, token)
		switch {
		case err != nil:
			return orNoRow(err)
		case t.Revoked:
			return errNoRow
		}
		if modified := domain.CheckUnmodified(unmodifiedSince, time.Time{}, t.CreatedAt); modified != nil {
			return modified
		}
		if err := tx.Tokens.RevokeToken(ctx, token); err != nil {
			return err
		}
		return tx.Audit.Append(ctx, by.Cause.Event(s.now(), audit.Update, projectObject(p), tokenObject(t), audit.Values{"revoked": false}, audit.Values{"revoked": true}))
	})
}
