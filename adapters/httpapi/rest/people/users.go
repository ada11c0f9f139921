package people

import (
	"net/http"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
)

// userRoutes manage users.
var userRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/user", Name: "getCurrentUser", Summary: "Show the caller",
		Who: call.SignedIn, Answer: []any{adminUser{}, ownUser{}},
	}, Handle: (*API).currentUser},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/users/:id", Name: "getUser", Summary: "Show a user",
		Who: call.SignedIn, Answer: []any{adminUser{}, publicUser{}},
	}, Handle: (*API).user},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/users", Name: "listUsers", Summary: "List users",
		Who: call.Anyone, Params: usersParams{}, List: true, Orders: userOrders, Answer: []any{adminUser{}, entity.BasicUser{}},
	}, Handle: (*API).users},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/users", Name: "createUser", Summary: "Create a user",
		Who: call.Administrators, Params: []any{newUserParams{}, userParams{}}, Remembered: remembered.UserParameters, Status: http.StatusCreated, Answer: adminUser{},
	}, Handle: (*API).createUser},
	{Route: call.Route{
		Method: http.MethodPut, Path: "/users/:id", Name: "updateUser", Summary: "Change a user",
		Who: call.Administrators, Params: []any{userParams{}, changedUserParams{}}, Remembered: remembered.UserParameters, Answer: adminUser{},
	}, Handle: (*API).updateUser},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/users/:id", Name: "deleteUser", Summary: "Delete a user",
		Who: call.Administrators, Params: deleteUserParams{}, Status: http.StatusNoContent,
	}, Handle: (*API).deleteUser},
}

// currentUser answers GET /user.
func (a *API) currentUser(c *call.Call) (any, error) {
	view, err := a.useCases.Accounts.View(c.Context(), c.Caller, identity.Claim{Kind: identity.ByUser, ID: int64(c.Caller.ID)})
	switch {
	case err != nil:
		return nil, err
	case c.Caller.Admin:
		return a.adminUser(view), nil
	default:
		return a.ownUser(view), nil
	}
}

// user answers GET /users/:id.
func (a *API) user(c *call.Call) (any, error) {
	view, err := a.useCases.Accounts.View(c.Context(), c.Caller, identity.Claim{Kind: identity.ByUser, ID: c.Number("id")})
	switch {
	case err != nil:
		return nil, err
	case c.Caller.Admin:
		return a.adminUser(view), nil
	default:
		return a.publicUser(view), nil
	}
}

// userParams are the parameters of a user that stay as they are if they are absent.
type userParams struct {
	Email          *string `param:"email"`
	Username       *string `param:"username"`
	Name           *string `param:"name"`
	Password       *string `param:"password"`
	Admin          *bool   `param:"admin"`
	External       *bool   `param:"external"`
	CanCreateGroup *bool   `param:"can_create_group"`
	ProjectsLimit  *int64  `param:"projects_limit"`
	Note           *string `param:"note" api:"string,null"`
	PublicEmail    *string `param:"public_email" api:"string,null"`
	ExternUID      *string `param:"extern_uid"`
	Provider       *string `param:"provider"`
	// Avatar is dropped: it may be a file.
	Avatar any `param:"avatar" api:"string,null,no-effect"`
}

// newUserParams are the parameters of a new user.
type newUserParams struct {
	Email               string `param:"email,filled"`
	Username            string `param:"username,filled"`
	Name                string `param:"name,filled"`
	ResetPassword       *bool  `param:"reset_password"`
	ForceRandomPassword *bool  `param:"force_random_password"`
	SkipConfirmation    bool   `param:"skip_confirmation"`
}

// changedUserParams are the parameters that a user who exists has beside userParams.
type changedUserParams struct {
	// SkipReconfirmation says that the e-mail is confirmed, be it new or not.
	SkipReconfirmation bool `param:"skip_reconfirmation"`
}

type deleteUserParams struct {
	HardDelete bool `param:"hard_delete"`
}

// change returns the function that writes the parameters into an account, with those that
// are remembered.
func (p userParams) change(settings remembered.Values) func(*identity.Account) {
	return func(a *identity.Account) {
		call.Set(&a.Email, p.Email)
		call.Set(&a.Username, p.Username)
		call.Set(&a.Name, p.Name)
		call.Set(&a.Admin, p.Admin)
		call.Set(&a.External, p.External)
		call.Set(&a.CanCreateGroup, p.CanCreateGroup)
		call.Set(&a.ProjectsLimit, p.ProjectsLimit)
		call.Set(&a.Note, p.Note)
		call.Set(&a.PublicEmail, p.PublicEmail)
		a.Settings = a.Settings.With(settings)
	}
}

// userChange reads the parameters of a user.
func userChange(c *call.Call) (func(*identity.Account), error) {
	var in userParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	for name, field := range map[string]**string{
		"email": &in.Email, "username": &in.Username, "name": &in.Name, "note": &in.Note, "public_email": &in.PublicEmail,
	} {
		if *field == nil && c.Given(name) {
			*field = new("") // null empties it
		}
	}
	settings, err := c.Remembered(remembered.UserParameters)
	if err != nil {
		return nil, err
	}
	if (in.ExternUID == nil) != (in.Provider == nil) {
		return nil, errAllOrNone
	}
	if in.Password != nil {
		c.AddLogField("password", "not kept")
		if wrong := identity.CheckPassword(*in.Password); len(wrong) > 0 {
			return nil, wrong
		}
	}
	return in.change(settings), nil
}

// createUser answers POST /users. No password is kept here.
func (a *API) createUser(c *call.Call) (any, error) {
	var in newUserParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	change, err := userChange(c)
	if err != nil {
		return nil, err
	}
	if !c.Has("password") && in.ResetPassword == nil && in.ForceRandomPassword == nil {
		return nil, call.AtLeastOne("password", "reset_password", "force_random_password")
	}
	account := identity.Account{
		User:    identity.User{State: identity.Active, Type: identity.Human, EmailConfirmed: in.SkipConfirmation},
		Profile: identity.Profile{CanCreateGroup: true, ProjectsLimit: identity.DefaultProjectsLimit},
	}
	change(&account)
	view, err := a.useCases.Accounts.Create(c.Context(), c.Caller, account)
	if err != nil {
		return nil, err
	}
	return a.adminUser(view), nil
}

// updateUser answers PUT /users/:id.
func (a *API) updateUser(c *call.Call) (any, error) {
	var in changedUserParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	change, err := userChange(c)
	if err != nil {
		return nil, err
	}
	view, err := a.useCases.Accounts.Update(c.Context(), c.Caller, identity.UserID(c.Number("id")), in.SkipReconfirmation, change)
	if err != nil {
		return nil, err
	}
	return a.adminUser(view), nil
}

// deleteUser answers DELETE /users/:id.
func (a *API) deleteUser(c *call.Call) (any, error) {
	var in deleteUserParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if err := a.useCases.Accounts.Delete(c.Context(), c.Caller, identity.UserID(c.Number("id")), in.HardDelete, c.UnmodifiedSince()); err != nil {
		return nil, err
	}
	return c.NoContent()
}

// userStateRoutes change the state of users. Clients check their statuses one by one.
var userStateRoutes = []route{
	stateRoute(identity.Block, "Block a user"),
	stateRoute(identity.Unblock, "Unblock a user"),
	stateRoute(identity.Deactivate, "Deactivate a user"),
	stateRoute(identity.Activate, "Activate a deactivated user"),
	stateRoute(identity.Ban, "Ban a user"),
	stateRoute(identity.Unban, "End the ban of a user"),
	{Route: call.Route{
		Method: http.MethodPost, Path: "/users/:id/approve", Name: "approveUser", Summary: "Approve a user who waits for it",
		Who: call.Administrators, Status: http.StatusCreated, Answer: successBody{},
	}, Handle: (*API).approveUser},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/users/:id/reject", Name: "rejectUser", Summary: "Delete a user who waits for approval",
		Who: call.Administrators, Answer: successBody{},
	}, Handle: (*API).rejectUser},
	{Route: call.Route{
		Method: http.MethodPatch, Path: "/users/:id/disable_two_factor", Name: "disableTwoFactor", Summary: "Remove the second factor of a user",
		Who: call.Administrators, Status: http.StatusNoContent,
	}, Handle: (*API).disableTwoFactor},
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
	described := call.Route{
		Method: http.MethodPost, Path: "/users/:id/" + string(change), Name: string(change) + "User", Summary: summary,
		Who: call.Administrators, Status: http.StatusCreated, Answer: (*bool)(nil),
	}
	return route{Route: described, Handle: func(a *API, c *call.Call) (any, error) {
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

func (a *API) changeState(c *call.Call, change identity.StateChange) (changed bool, err error) {
	return a.useCases.Accounts.ChangeState(c.Context(), c.Caller, identity.UserID(c.Number("id")), change)
}

// approveUser answers POST /users/:id/approve.
func (a *API) approveUser(c *call.Call) (any, error) {
	if _, err := a.changeState(c, identity.Approve); err != nil {
		return nil, err
	}
	return successBody{"Success"}, nil
}

// rejectUser answers POST /users/:id/reject.
func (a *API) rejectUser(c *call.Call) (any, error) {
	if err := a.useCases.Accounts.Reject(c.Context(), c.Caller, identity.UserID(c.Number("id"))); err != nil {
		return nil, err
	}
	return successBody{"Success"}, nil
}

// disableTwoFactor answers PATCH /users/:id/disable_two_factor.
func (a *API) disableTwoFactor(c *call.Call) (any, error) {
	if err := a.useCases.Accounts.DisableTwoFactor(c.Context(), c.Caller, identity.UserID(c.Number("id"))); err != nil {
		return nil, call.AsBadRequestWords(err)
	}
	return c.NoContent()
}
