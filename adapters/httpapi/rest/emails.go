package rest

import (
	"net/http"

	"gatehouse/domain/identity"
)

// emailRoutes manage the secondary e-mails of users.
var emailRoutes = []route{
	{Route{
		Method: http.MethodGet, Path: "/user/emails", Name: "listOwnEmails", Summary: "List the secondary e-mails of the caller",
		Who: SignedIn, List: true, Answer: []emailBody{},
	}, (*API).listEmails},
	{Route{
		Method: http.MethodGet, Path: "/user/emails/:email_id", Name: "getOwnEmail", Summary: "Show a secondary e-mail of the caller",
		Who: SignedIn, Answer: emailBody{},
	}, (*API).email},
	{Route{
		Method: http.MethodPost, Path: "/user/emails", Name: "addOwnEmail", Summary: "Add a secondary e-mail of the caller",
		Who: SignedIn, Params: newEmailParams{}, Status: http.StatusCreated, Answer: emailBody{},
	}, (*API).addOwnEmail},
	{Route{
		Method: http.MethodDelete, Path: "/user/emails/:email_id", Name: "removeOwnEmail", Summary: "Remove a secondary e-mail of the caller",
		Who: SignedIn, Status: http.StatusNoContent,
	}, (*API).removeEmail},
	{Route{
		Method: http.MethodGet, Path: "/users/:id/emails", Name: "listUserEmails", Summary: "List the secondary e-mails of a user",
		Who: Administrators, List: true, Answer: []emailBody{},
	}, (*API).listEmails},
	{Route{
		Method: http.MethodPost, Path: "/users/:id/emails", Name: "addUserEmail", Summary: "Add a secondary e-mail of a user",
		Who: Administrators, Params: newUserEmailParams{}, Status: http.StatusCreated, Answer: emailBody{},
	}, (*API).addUserEmail},
	{Route{
		Method: http.MethodDelete, Path: "/users/:id/emails/:email_id", Name: "removeUserEmail", Summary: "Remove a secondary e-mail of a user",
		Who: Administrators, Status: http.StatusNoContent,
	}, (*API).removeEmail},
}

// emailBody is a secondary e-mail.
type emailBody struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
	// ConfirmedAt is null until the e-mail is confirmed.
	ConfirmedAt *string `json:"confirmed_at" api:"date-time,null"`
}

func newEmailBody(e identity.Email) emailBody {
	return emailBody{ID: e.ID, Email: e.Address, ConfirmedAt: momentOrNull(e.ConfirmedAt)}
}

// listEmails answers GET /user/emails and GET /users/:id/emails.
func (a *API) listEmails(c *call) (any, error) {
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	emails, err := a.useCases.Accounts.Emails(c.context(), c.caller, c.ownerID(), page)
	if err != nil {
		return nil, err
	}
	return listed(a, c, page, emails, nil, newEmailBody)
}

// email answers GET /user/emails/:email_id.
func (a *API) email(c *call) (any, error) {
	e, err := a.useCases.Accounts.Email(c.context(), c.caller, c.ownerID(), c.number("email_id"))
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
func (a *API) addOwnEmail(c *call) (any, error) {
	var in newEmailParams
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return a.addEmail(c, in.Email, false)
}

// addUserEmail answers POST /users/:id/emails.
func (a *API) addUserEmail(c *call) (any, error) {
	var in newUserEmailParams
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return a.addEmail(c, in.Email, in.SkipConfirmation)
}

func (a *API) addEmail(c *call, address string, confirmed bool) (any, error) {
	e, err := a.useCases.Accounts.AddEmail(c.context(), c.caller, c.ownerID(), address, confirmed)
	if err != nil {
		return nil, err
	}
	return newEmailBody(e), nil
}

// removeEmail answers DELETE /user/emails/:email_id and DELETE /users/:id/emails/:email_id.
func (a *API) removeEmail(c *call) (any, error) {
	err := a.useCases.Accounts.RemoveEmail(c.context(), c.caller, c.ownerID(), c.number("email_id"), c.unmodifiedSince())
	if err != nil {
		return nil, err
	}
	return c.noContent()
}
