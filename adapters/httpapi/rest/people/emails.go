package people

import (
	"net/http"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/domain/identity"
)

// emailRoutes manage the secondary e-mails of users.
var emailRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/user/emails", Name: "listOwnEmails", Summary: "List the secondary e-mails of the caller",
		Who: call.SignedIn, List: true, Answer: []emailBody{},
	}, Handle: (*API).listEmails},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/user/emails/:email_id", Name: "getOwnEmail", Summary: "Show a secondary e-mail of the caller",
		Who: call.SignedIn, Answer: emailBody{},
	}, Handle: (*API).email},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/user/emails", Name: "addOwnEmail", Summary: "Add a secondary e-mail of the caller",
		Who: call.SignedIn, Params: newEmailParams{}, Status: http.StatusCreated, Answer: emailBody{},
	}, Handle: (*API).addOwnEmail},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/user/emails/:email_id", Name: "removeOwnEmail", Summary: "Remove a secondary e-mail of the caller",
		Who: call.SignedIn, Status: http.StatusNoContent,
	}, Handle: (*API).removeEmail},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/users/:id/emails", Name: "listUserEmails", Summary: "List the secondary e-mails of a user",
		Who: call.Administrators, List: true, Answer: []emailBody{},
	}, Handle: (*API).listEmails},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/users/:id/emails", Name: "addUserEmail", Summary: "Add a secondary e-mail of a user",
		Who: call.Administrators, Params: newUserEmailParams{}, Status: http.StatusCreated, Answer: emailBody{},
	}, Handle: (*API).addUserEmail},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/users/:id/emails/:email_id", Name: "removeUserEmail", Summary: "Remove a secondary e-mail of a user",
		Who: call.Administrators, Status: http.StatusNoContent,
	}, Handle: (*API).removeEmail},
}

// emailBody is a secondary e-mail.
type emailBody struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
	// ConfirmedAt is null until the e-mail is confirmed.
	ConfirmedAt *string `json:"confirmed_at" api:"date-time,null"`
}

func newEmailBody(e identity.Email) emailBody {
	return emailBody{ID: e.ID, Email: e.Address, ConfirmedAt: entity.MomentOrNull(e.ConfirmedAt)}
}

// listEmails answers GET /user/emails and GET /users/:id/emails.
func (a *API) listEmails(c *call.Call) (any, error) {
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	emails, err := a.useCases.Accounts.Emails(c.Context(), c.Caller, ownerID(c), page)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, emails, nil, newEmailBody)
}

// email answers GET /user/emails/:email_id.
func (a *API) email(c *call.Call) (any, error) {
	e, err := a.useCases.Accounts.Email(c.Context(), c.Caller, ownerID(c), c.Number("email_id"))
	if err != nil {
		return nil, err
	}
	return newEmailBody(e), nil
}

type newEmailParams struct {
	Email string `param:"email,required"`
}

type newUserEmailParams struct {
	Email            string `param:"email,required"`
	SkipConfirmation bool   `param:"skip_confirmation"`
}

// addOwnEmail answers POST /user/emails.
func (a *API) addOwnEmail(c *call.Call) (any, error) {
	var in newEmailParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	return a.addEmail(c, in.Email, false)
}

// addUserEmail answers POST /users/:id/emails.
func (a *API) addUserEmail(c *call.Call) (any, error) {
	var in newUserEmailParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	return a.addEmail(c, in.Email, in.SkipConfirmation)
}

func (a *API) addEmail(c *call.Call, address string, confirmed bool) (any, error) {
	e, err := a.useCases.Accounts.AddEmail(c.Context(), c.Caller, ownerID(c), address, confirmed)
	if err != nil {
		return nil, err
	}
	return newEmailBody(e), nil
}

// removeEmail answers DELETE /user/emails/:email_id and DELETE /users/:id/emails/:email_id.
func (a *API) removeEmail(c *call.Call) (any, error) {
	err := a.useCases.Accounts.RemoveEmail(c.Context(), c.Caller, ownerID(c), c.Number("email_id"), c.UnmodifiedSince())
	if err != nil {
		return nil, err
	}
	return c.NoContent()
}
