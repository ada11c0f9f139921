package entity

import (
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/domain/identity"
)

// BasicUser is a user as everyone sees them.
type BasicUser struct {
	ID          int64     `json:"id"`
	Username    string    `json:"username"`
	PublicEmail *string   `json:"public_email"`
	Name        string    `json:"name"`
	State       UserState `json:"state"`
	Locked      bool      `json:"locked"`
	AvatarURL   *string   `json:"avatar_url"`
	WebURL      string    `json:"web_url"`
}

// UserState is an identity.State.
type UserState identity.State

// Words are the words that it is one of.
func (UserState) Words() []string { return call.Texts(identity.States) }

// BasicUser makes the BasicUser of a user.
func (i Instance) BasicUser(u identity.User) BasicUser {
	return BasicUser{
		ID: int64(u.ID), Username: u.Username, PublicEmail: TextOrNull(u.PublicEmail), Name: u.Name, State: UserState(u.State),
		WebURL: i.ExternalURL + "/" + u.Username,
	}
}
