package identity

import (
	"slices"

	"gatehouse/domain"
)

// StateChange is a change of a user's state, in GitLab's word for it.
type StateChange string

// The changes of a state.
const (
	Block      StateChange = "block"
	Unblock    StateChange = "unblock"
	Deactivate StateChange = "deactivate"
	Activate   StateChange = "activate"
	Ban        StateChange = "ban"
	Unban      StateChange = "unban"
	Approve    StateChange = "approve"
)

// stateChange is what a change does: users in one of the states from get the state to,
// those in one of same stay as they are, all others are refused.
type stateChange struct {
	from, same []State
	to         State
	refusal    *domain.Refusal
}

var stateChanges = map[StateChange]stateChange{
	Block: {
		[]State{Active, Deactivated, PendingApproval}, []State{Blocked, Banned}, Blocked,
		domain.Refuse(domain.Forbidden, "LDAP blocked users cannot be modified by the API"),
	},
	Unblock: {
		[]State{Blocked}, []State{Active, Banned, PendingApproval}, Active,
		domain.Refuse(domain.Forbidden, "Deactivated users cannot be unblocked by the API"),
	},
	Deactivate: {
		[]State{Active}, []State{Deactivated}, Deactivated,
		domain.Refuse(domain.Forbidden, "A blocked user cannot be deactivated by the API"),
	},
	Activate: {
		[]State{Deactivated}, []State{Active}, Active,
		domain.Refuse(domain.Forbidden, "A blocked user must be unblocked to be activated"),
	},
	Ban: {
		[]State{Active}, nil, Banned,
		domain.Refuse(domain.Forbidden, "You cannot ban users who are not active."),
	},
	Unban: {
		[]State{Banned}, nil, Active,
		domain.Refuse(domain.Forbidden, "You cannot unban users who are not banned."),
	},
	Approve: {
		[]State{PendingApproval}, nil, Active,
		domain.Refuse(domain.Conflict, "The user you are trying to approve is not pending approval"),
	},
}

// errInternalAccount refuses to change the state of an account of the instance.
var errInternalAccount = domain.Refuse(domain.Forbidden, "An internal user cannot be changed by the API")

// errLDAPBlocked refuses to unblock users that LDAP blocks.
var errLDAPBlocked = domain.Refuse(domain.Forbidden, "LDAP blocked users cannot be modified by the API")

// Change returns the user after a change of the state, and whether the state is another
// one then. What the state does not allow is a Refusal.
func (u User) Change(c StateChange) (changed User, differs bool, err error) {
	change := stateChanges[c]
	switch {
	case u.Type.IsInternal():
		return u, false, errInternalAccount
	case slices.Contains(change.same, u.State):
		return u, false, nil
	case c == Unblock && u.State == LDAPBlocked:
		return u, false, errLDAPBlocked
	case !slices.Contains(change.from, u.State):
		return u, false, change.refusal
	}
	u.State = change.to
	return u, true, nil
}
