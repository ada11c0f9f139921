package protections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Service lists and changes protections. It is safe for concurrent use.
type Service struct {
	unitOfWork UnitOfWork
	standings  Standings
	records    Records
	now        application.Clock
}

// New makes a Service.
func New(unitOfWork UnitOfWork, standings Standings, records Records, now application.Clock) *Service {
	return &Service{unitOfWork, standings, records, now}
}

// errNone refuses what is asked of a protection that does not exist.
var errNone = domain.Refuse(domain.NotFound, "Not found")

// List returns a page of the protections of a kind whose patterns contain the search, in any
// letter case of A to Z, or a Refusal.
func (s *Service) List(ctx context.Context, by rights.Caller, on rights.Ref, kind source.RefKind, search string, page application.Page) (application.Listed[View], error) {
	at, err := decide(ctx, s.standings, by, rights.ReadCode, on, s.now())
	if err != nil {
		return application.Listed[View]{}, err
	}
	return s.records.Views(ctx, Filter{Project: source.ProjectID(at.ID), Kind: kind, Search: search}, page)
}

// Show returns the protection of a kind and pattern, by the letter, or a Refusal.
func (s *Service) Show(ctx context.Context, by rights.Caller, on rights.Ref, kind source.RefKind, pattern source.Pattern) (View, error) {
	at, err := decide(ctx, s.standings, by, rights.ReadCode, on, s.now())
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, source.ProjectID(at.ID), kind, pattern)
}

func (s *Service) view(ctx context.Context, in source.ProjectID, kind source.RefKind, pattern source.Pattern) (View, error) {
	if pattern == "" {
		return View{}, errNone
	}
	l, err := s.records.Views(ctx, Filter{Project: in, Kind: kind, Pattern: pattern}, application.Page{Order: "id", Size: 1})
	switch {
	case err != nil:
		return View{}, err
	case len(l.Items) == 0:
		return View{}, errNone
	}
	return l.Items[0], nil
}

// Protect protects branches or tags, or returns a Refusal or FieldErrors. Branches of a
// pattern that is protected already are a Refusal of kind Conflict, tags are FieldErrors.
func (s *Service) Protect(ctx context.Context, by rights.Caller, on rights.Ref, p source.Protection) (View, error) {
	p = p.Numbered(source.Protection{})
	return s.change(ctx, by, on, func(c change) (source.Protection, error) {
		if _, err := c.protection(ctx, p.Kind, p.Pattern); err == nil {
			return p, errTaken(p)
		} else if !errors.Is(err, domain.NotFound) {
			return p, err
		}
		p.UpdatedAt = c.now
		return p, c.put(ctx, source.Protection{}, p)
	})
}

func errTaken(p source.Protection) error {
	if p.Kind == source.Tag {
		return domain.WrongField("name", "has already been taken")
	}
	return domain.Refuse(domain.Conflict, "Protected branch '%s' already exists", p.Pattern)
}

// Change is what an update changes of a protection.
type Change struct {
	// AllowForcePush is nil if it stays.
	AllowForcePush *bool
	// Entries are changes of entries by their verbs, in order.
	Entries map[source.ProtectionVerb][]EntryChange
}

// EntryChange changes one entry: that of the number ID, or a new one if it is 0.
type EntryChange struct {
	source.Access
	// Keep says that the entry stays as it is, Remove that it goes. Both are for entries
	// with a number.
	Keep, Remove bool
}

// Update changes a protection, or returns a Refusal or FieldErrors.
func (s *Service) Update(ctx context.Context, by rights.Caller, on rights.Ref, kind source.RefKind, pattern source.Pattern, asked Change) (View, error) {
	return s.change(ctx, by, on, func(c change) (source.Protection, error) {
		old, err := c.mayUnprotect(ctx, kind, pattern)
		if err != nil {
			return old, err
		}
		p := old.Clone()
		if asked.AllowForcePush != nil {
			p.AllowForcePush = *asked.AllowForcePush
		}
		for _, verb := range source.ProtectionVerbs(kind) {
			entries, err := changeEntries(verb, *p.Entries(verb), asked.Entries[verb])
			if err != nil {
				return p, err
			}
			*p.Entries(verb) = entries
		}
		if p.Equal(old) {
			return p, nil
		}
		p.UpdatedAt = c.now
		return p, c.put(ctx, old, p)
	})
}

// changeEntries returns the entries as they are changed, or FieldErrors.
func changeEntries(verb source.ProtectionVerb, entries []source.Access, changes []EntryChange) ([]source.Access, error) {
	for _, asked := range changes {
		if asked.ID == 0 {
			entries = append(entries, asked.Access)
			continue
		}
		found := false
		var out []source.Access
		for _, a := range entries {
			switch {
			case a.ID != asked.ID || asked.Keep:
				out = append(out, a)
			case !asked.Remove:
				out = append(out, asked.Access)
			}
			found = found || a.ID == asked.ID
		}
		if !found {
			return nil, domain.WrongField(verb.Field()+".id", "does not exist")
		}
		entries = out
	}
	return entries, nil
}

// Unprotect removes a protection, or returns a Refusal. With a moment the protection must not
// have been changed after that.
func (s *Service) Unprotect(ctx context.Context, by rights.Caller, on rights.Ref, kind source.RefKind, pattern source.Pattern, unmodifiedSince time.Time) error {
	return s.unitOfWork(ctx, func(tx Tx) error {
		c, err := s.begin(ctx, tx, by, on)
		if err != nil {
			return err
		}
		old, err := c.mayUnprotect(ctx, kind, pattern)
		if err != nil {
			return err
		}
		if modified := domain.CheckUnmodified(unmodifiedSince, old.UpdatedAt, time.Time{}); modified != nil {
			return modified
		}
		if err := tx.Protections.RemoveProtection(ctx, old.ID); err != nil {
			return err
		}
		return c.record(ctx, audit.Delete, old, values(old), nil)
	})
}

// change runs do in a transaction and returns the protection that it leaves.
func (s *Service) change(ctx context.Context, by rights.Caller, on rights.Ref, do func(change) (source.Protection, error)) (View, error) {
	var left source.Protection
	var in source.ProjectID
	err := s.unitOfWork(ctx, func(tx Tx) error {
		c, err := s.begin(ctx, tx, by, on)
		if err != nil {
			return err
		}
		in = c.project()
		left, err = do(c)
		return err
	})
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, in, left.Kind, left.Pattern)
}

// change changes the protections of one project within a transaction.
type change struct {
	tx  Tx
	by  rights.Caller
	at  rights.Standing
	now time.Time
}

// begin looks the project up and refuses a caller who may change no protection there.
func (s *Service) begin(ctx context.Context, tx Tx, by rights.Caller, on rights.Ref) (change, error) {
	now := s.now()
	at, err := decide(ctx, tx.Standings, by, rights.AdminProject, on, now)
	return change{tx, by, at, now}, err
}

func decide(ctx context.Context, standings Standings, by rights.Caller, right rights.Right, on rights.Ref, now time.Time) (rights.Standing, error) {
	at, err := standings.Standing(ctx, by.ID, on, now)
	return by.Judge(right, rights.Project, at, err)
}

func (c change) project() source.ProjectID { return source.ProjectID(c.at.ID) }

// protection returns the protection of a kind and pattern, or domain.NotFound.
func (c change) protection(ctx context.Context, kind source.RefKind, pattern source.Pattern) (source.Protection, error) {
	return c.tx.Protections.Protection(ctx, c.project(), kind, pattern)
}

// mayUnprotect returns a protection that the caller may change and remove, or a Refusal.
func (c change) mayUnprotect(ctx context.Context, kind source.RefKind, pattern source.Pattern) (source.Protection, error) {
	p, err := c.protection(ctx, kind, pattern)
	if errors.Is(err, domain.NotFound) {
		err = errNone
	}
	if err != nil || kind == source.Tag {
		return p, err
	}
	asked := rights.ProtectionChange{Case: c.by.In(rights.AdminProject, c.at), Unprotecting: p.Clone().Unprotecting()}
	for i, a := range asked.Unprotecting {
		if a.Group == 0 {
			continue
		}
		if asked.Unprotecting[i].Member, err = c.tx.Grantees.IsMember(ctx, c.by.ID, a.Group, c.now); err != nil {
			return p, err
		}
	}
	return p, asked.Decide()
}

// put keeps a new or changed protection, or returns FieldErrors.
func (c change) put(ctx context.Context, old, p source.Protection) error {
	if wrong := p.Check(); len(wrong) > 0 {
		return wrong
	}
	var wrong domain.FieldErrors
	for _, verb := range source.ProtectionVerbs(p.Kind) {
		for _, a := range *p.Entries(verb) {
			has, err := c.hasAccess(ctx, *old.Entries(verb), a)
			if err != nil {
				return err
			}
			if !has {
				wrong = append(wrong, a.ErrGrantee(verb)...)
			}
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	verb := audit.Update
	if old.ID == 0 {
		verb = audit.Create
	}
	var err error
	if p.ID, err = c.tx.Protections.PutProtection(ctx, c.project(), p); err != nil {
		return err
	}
	var before, after audit.Values
	if old.ID != 0 {
		before = values(old)
	}
	before, after = audit.Changes(before, values(p))
	return c.record(ctx, verb, p, before, after)
}

// hasAccess says whether the one that an entry is for has access to the project. Entries
// that are there stay, whoever they are for.
func (c change) hasAccess(ctx context.Context, old []source.Access, a source.Access) (bool, error) {
	for _, o := range old {
		if a.ID != 0 && o.ID == a.ID && o.Same(a) {
			return true, nil
		}
	}
	switch {
	case a.User != 0:
		s, err := c.tx.Standings.Standing(ctx, a.User, rights.Ref{Kind: rights.Project, ID: c.at.ID}, c.now)
		return s.Role >= source.Guest, err
	case a.Group != 0:
		return c.tx.Grantees.GroupHasAccess(ctx, a.Group, c.project(), c.now)
	case a.DeployKey != 0:
		return c.tx.Grantees.KeyCanPush(ctx, a.DeployKey, c.project())
	}
	return true, nil
}

// values are the members of a protection as an audit event has them, by their names in the
// world file.
func values(p source.Protection) audit.Values {
	out := audit.Values{"name": string(p.Pattern), "kind": "tag"}
	if p.Kind == source.Branch {
		out["kind"], out["allow_force_push"] = "branch", p.AllowForcePush
	}
	for _, verb := range source.ProtectionVerbs(p.Kind) {
		texts := []string{}
		for _, a := range *p.Entries(verb) {
			texts = append(texts, fmt.Sprint(a))
		}
		out[string(verb)] = texts
	}
	return out
}

// record keeps the audit event of a write to a protection.
func (c change) record(ctx context.Context, verb audit.Verb, p source.Protection, before, after audit.Values) error {
	project := audit.Object{Kind: audit.Project, ID: c.at.ID, Path: c.at.Path}
	target := audit.Object{Kind: "protection", ID: p.ID, Path: string(p.Pattern)}
	return c.tx.Audit.Append(ctx, c.by.Cause.Event(c.now, verb, project, target, before, after))
}
