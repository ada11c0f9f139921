package members

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// errNoUser refuses to add a user who does not exist.
var errNoUser = rights.Hidden(rights.User)

// change changes the members of one group or project within a transaction.
type change struct {
	tx   Tx
	by   rights.Caller
	now  time.Time
	verb audit.Verb
	at   rights.Standing
	in   source.MemberSource
	// right is the case of the right to change members.
	right rights.Case
	// member is whose membership was looked at last.
	member identity.User
}

// begin looks the group or project up. It refuses a caller who may change no member, unless
// the change is one that every member may make of their own membership.
func (s *Service) begin(ctx context.Context, tx Tx, by rights.Caller, on rights.Ref, verb audit.Verb) (change, error) {
	c := change{tx: tx, by: by, now: s.now(), verb: verb}
	var err error
	if c.at, err = standing(ctx, tx.Standings, by, on, c.now); err != nil {
		return c, err
	}
	c.in, c.right = sourceOf(c.at), by.In(rights.ChangeMembers(on.Kind), c.at)
	if verb == audit.Delete {
		return c, by.In(rights.ReadMembers(on.Kind), c.at).Decide()
	}
	return c, c.right.Decide()
}

// addOne does what add does, and returns the name of the user, or the claim for none.
func (c *change) addOne(ctx context.Context, who identity.Claim, g Grant) (name string, err error) {
	c.member = identity.User{}
	err = c.add(ctx, who, g)
	switch {
	case c.member.Known():
		return c.member.Username, err
	case who.Kind == identity.ByName:
		return who.Name, err
	default:
		return strconv.FormatInt(who.ID, 10), err
	}
}

func (c *change) add(ctx context.Context, who identity.Claim, g Grant) error {
	if err := c.look(ctx, who); err != nil {
		return err
	}
	old, err := c.membership(ctx)
	if err != nil {
		return err
	}
	if err := c.decide(ctx, old, g.Role, &g.ExpiresAt); err != nil {
		return err
	}
	m := Member{Role: g.Role, State: source.MemberActive, ExpiresAt: g.ExpiresAt, CreatedAt: c.now, UpdatedAt: c.now, CreatedBy: c.by.ID}
	if err := c.tx.Members.PutMember(ctx, c.member.ID, c.in, m); err != nil {
		return err
	}
	return c.record(ctx, nil, values(m))
}

func (c *change) update(ctx context.Context, user identity.UserID, role source.Role, expiresAt *time.Time) error {
	old, err := c.direct(ctx, user)
	if err != nil {
		return err
	}
	if old.RoleAt(c.now) == source.NoRole && !c.ownsNamespace() {
		return ErrNoMember
	}
	m := old
	m.Role = role
	if expiresAt != nil && !expiresAt.Equal(old.ExpiresAt) {
		m.ExpiresAt = *expiresAt
	} else {
		expiresAt = nil
	}
	if err := c.decide(ctx, old, role, expiresAt); err != nil {
		return err
	}
	before, after := audit.Changes(values(old), values(m))
	if len(after) == 0 {
		return nil
	}
	m.UpdatedAt = c.now
	if err := c.tx.Members.PutMember(ctx, user, c.in, m); err != nil {
		return err
	}
	return c.record(ctx, before, after)
}

func (c *change) remove(ctx context.Context, user identity.UserID, r Removal) error {
	old, err := c.direct(ctx, user)
	if errors.Is(err, ErrNoMember) { // who may change none does not learn who is one
		err = cmp.Or(c.right.Decide(), err)
	}
	if err != nil {
		return err
	}
	if err := c.decide(ctx, old, source.NoRole, nil); err != nil {
		return err
	}
	if modified := domain.CheckUnmodified(r.UnmodifiedSince, old.UpdatedAt, old.CreatedAt); modified != nil {
		return modified
	}
	removed, err := c.tx.Members.RemoveMember(ctx, user, c.in, !r.KeepBelow)
	if err != nil {
		return err
	}
	events := make([]audit.Event, len(removed))
	for i, m := range removed {
		events[i] = c.event(entity(m.In, m.Path), values(Member{Role: m.Role, State: m.State, ExpiresAt: m.ExpiresAt}), nil)
	}
	return c.tx.Audit.Append(ctx, events...)
}

// look looks the user up whose membership is to be changed.
func (c *change) look(ctx context.Context, who identity.Claim) (err error) {
	c.member, err = c.tx.Users.User(ctx, who)
	if errors.Is(err, domain.NotFound) {
		return errNoUser
	}
	return err
}

// direct looks up a user who has a membership, of whatever state, or who owns the
// personal namespace; all others are ErrNoMember.
func (c *change) direct(ctx context.Context, user identity.UserID) (Member, error) {
	err := c.look(ctx, identity.Claim{Kind: identity.ByUser, ID: int64(user)})
	if errors.Is(err, errNoUser) {
		return Member{}, ErrNoMember
	}
	if err != nil {
		return Member{}, err
	}
	m, err := c.membership(ctx)
	if err == nil && m.State == "" && !c.ownsNamespace() {
		err = ErrNoMember
	}
	return m, err
}

// membership returns the membership of the user; the zero Member for none.
func (c *change) membership(ctx context.Context) (Member, error) {
	m, err := c.tx.Members.Member(ctx, c.member.ID, c.in)
	if errors.Is(err, domain.NotFound) {
		return Member{}, nil
	}
	return m, err
}

// ownsNamespace says whether the user owns the personal namespace of the project.
func (c *change) ownsNamespace() bool {
	return c.at.Kind == rights.Project && c.at.User != 0 && c.at.User == c.member.ID
}

// decide returns why the change of a membership is refused, or nil. The expiry is nil if it
// stays.
func (c *change) decide(ctx context.Context, old Member, role source.Role, expiresAt *time.Time) error {
	m, err := c.judged(ctx, old, role, expiresAt)
	if err != nil {
		return err
	}
	return m.Decide()
}

// judged returns a change with all by which it is judged.
func (c *change) judged(ctx context.Context, old Member, role source.Role, expiresAt *time.Time) (rights.MemberChange, error) {
	m := rights.MemberChange{
		Case: c.right, Verb: c.verb, Member: c.member, Old: old.RoleAt(c.now), New: role, KeepsExpiry: expiresAt == nil, Now: c.now,
	}
	if expiresAt != nil {
		m.ExpiresAt = *expiresAt
	}
	inherited, err := c.tx.Members.Inherited(ctx, c.member.ID, c.in, c.now)
	if err != nil {
		return m, err
	}
	m.Inherited, m.InheritedFrom = inherited.Role, inherited.Path
	if m.Old == source.Owner && c.in.Group != 0 {
		m.OtherOwner, err = c.tx.Members.HasOtherOwner(ctx, c.member.ID, c.in.Group, c.now)
	}
	return m, err
}

// Plan returns the change by which a user would get a role in a group or project, or with
// NoRole lose the membership, and changes nothing. The day on which a membership ends
// stays. A user who does not exist, or who has no membership to lose, is a Refusal.
func (s *Service) Plan(ctx context.Context, by rights.Caller, on rights.Ref, who identity.Claim, role source.Role) (m rights.MemberChange, err error) {
	err = s.unitOfWork(ctx, func(tx Tx) error {
		c := change{tx: tx, by: by, now: s.now(), verb: audit.Update}
		var err error
		if c.at, err = standing(ctx, tx.Standings, by, on, c.now); err != nil {
			return err
		}
		c.in, c.right = sourceOf(c.at), by.In(rights.ChangeMembers(on.Kind), c.at)
		if err := c.look(ctx, who); err != nil {
			return err
		}
		old, err := c.membership(ctx)
		switch {
		case err != nil:
			return err
		case role == source.NoRole && old.State == "" && c.at.Known && !c.ownsNamespace():
			return domain.Refuse(domain.NotFound, "user %q has no membership of their own there", c.member.Username)
		case role == source.NoRole:
			c.verb = audit.Delete
		case old.RoleAt(c.now) == source.NoRole && !c.ownsNamespace():
			c.verb = audit.Create
		}
		m, err = c.judged(ctx, old, role, nil)
		return err
	})
	return m, err
}

// values are a membership as an audit event has it, by their names in the world file.
func values(m Member) audit.Values {
	out := audit.Values{"role": m.Role.String(), "state": string(m.State), "expires_at": nil}
	if !m.ExpiresAt.IsZero() {
		out["expires_at"] = m.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return out
}

func entity(in source.MemberSource, path string) audit.Object {
	if in.Project != 0 {
		return audit.Object{Kind: audit.Project, ID: int64(in.Project), Path: path}
	}
	return audit.Object{Kind: audit.Group, ID: int64(in.Group), Path: path}
}

func (c *change) event(of audit.Object, before, after audit.Values) audit.Event {
	verb := audit.Update
	switch {
	case before == nil:
		verb = audit.Create
	case after == nil:
		verb = audit.Delete
	}
	return c.by.Cause.Event(c.now, verb, of, audit.Object{Kind: "member", Path: c.member.Username}, before, after)
}

// record keeps the audit event of a write to the membership.
func (c *change) record(ctx context.Context, before, after audit.Values) error {
	return c.tx.Audit.Append(ctx, c.event(entity(c.in, c.at.Path), before, after))
}
