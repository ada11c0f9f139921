package rest

import (
	"net/http"

	"gatehouse/domain/identity"
)

// userStateRoutes change the state of users. Clients check their statuses one by one.
var userStateRoutes = []route{
	stateRoute(identity.Block, "Block a user"),
	stateRoute(identity.Unblock, "Unblock a user"),
	stateRoute(identity.Deactivate, "Deactivate a user"),
	stateRoute(identity.Activate, "Activate a deactivated user"),
	stateRoute(identity.Ban, "Ban a user"),
	stateRoute(identity.Unban, "End the ban of a user"),
	{Route{
		Method: http.MethodPost, Path: "/users/:id/approve", Name: "approveUser", Summary: "Approve a user who waits for it",
		Who: Administrators, Status: http.StatusCreated, Answer: successBody{},
	}, (*API).approveUser},
	{Route{
		Method: http.MethodPost, Path: "/users/:id/reject", Name: "rejectUser", Summary: "Delete a user who waits for approval",
		Who: Administrators, Answer: successBody{},
	}, (*API).rejectUser},
	{Route{
		Method: http.MethodPatch, Path: "/users/:id/disable_two_factor", Name: "disableTwoFactor", Summary: "Remove the second factor of a user",
		Who: Administrators, Status: http.StatusNoContent,
	}, (*API).disableTwoFactor},
}

// successBody is the answer to what is done with a user who waits for approval.
type successBody struct {
	Message string `json:"message"`
}

// unchangedStates are the answers to a change of a state that was the same before: null,
// unless there is another one. A change is answered with true.
var unchangedStates = map[identity.StateChange]*bool{identity.Unblock: new(false), identity.Activate: new(true)}

// stateRoute returns the route of a change.
func stateRoute(change identity.StateChange, summary string) route {
	described := Route{
		Method: http.MethodPost, Path: "/users/:id/" + string(change), Name: string(change) + "User", Summary: summary,
		Who: Administrators, Status: http.StatusCreated, Answer: (*bool)(nil),
	}
	return route{described, func(a *API, c *call) (any, error) {
		changed, err := a.changeState(c, change)
		switch {
		case err != nil:
			return nil, err
		case changed:
			return new(true), nil
		default:
			return unchangedStates[change], nil
		}
	}}
}

func (a *API) changeState(c *call, change identity.StateChange) (changed bool, err error) {
	return a.useCases.Accounts.ChangeState(c.context(), c.caller, identity.UserID(c.number("id")), change)
}

// approveUser answers POST /users/:id/approve.
func (a *API) approveUser(c *call) (any, error) {
	if _, err := a.changeState(c, identity.Approve); err != nil {
		return nil, err
	}
	return successBody{"Success"}, nil
}

// rejectUser answers POST /users/:id/reject.
func (a *API) rejectUser(c *call) (any, error) {
	if err := a.useCases.Accounts.Reject(c.context(), c.caller, identity.UserID(c.number("id"))); err != nil {
		return nil, err
	}
	return successBody{"Success"}, nil
}

// disableTwoFactor answers PATCH /users/:id/disable_two_factor.
func (a *API) disableTwoFactor(c *call) (any, error) {
	if err := a.useCases.Accounts.DisableTwoFactor(c.context(), c.caller, identity.UserID(c.number("id"))); err != nil {
		return nil, asBadRequestWords(err)
	}
	return c.noContent()
}
