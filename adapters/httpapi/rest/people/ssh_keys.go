package people

import (
	"net/http"
	"strings"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application/accounts"
	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// sshKeyRoutes manage the SSH keys of users.
var sshKeyRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/user/keys", Name: "listOwnKeys", Summary: "List the SSH keys of the caller",
		Who: call.SignedIn, List: true, Answer: []sshKey{},
	}, Handle: (*API).listKeys},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/user/keys/:key_id", Name: "getOwnKey", Summary: "Show an SSH key of the caller",
		Who: call.SignedIn, Answer: sshKey{},
	}, Handle: (*API).key},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/user/keys", Name: "addOwnKey", Summary: "Add an SSH key of the caller",
		Who: call.SignedIn, Params: newKeyParams{}, Status: http.StatusCreated, Answer: sshKey{},
	}, Handle: (*API).addKey},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/user/keys/:key_id", Name: "removeOwnKey", Summary: "Remove an SSH key of the caller",
		Who: call.SignedIn, Status: http.StatusNoContent,
	}, Handle: (*API).removeKey},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/users/:id/keys", Name: "listUserKeys", Summary: "List the SSH keys of a user",
		Who: call.SignedIn, List: true, Answer: []sshKey{},
	}, Handle: (*API).listKeys},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/users/:id/keys/:key_id", Name: "getUserKey", Summary: "Show an SSH key of a user",
		Who: call.SignedIn, Answer: sshKey{},
	}, Handle: (*API).key},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/users/:id/keys", Name: "addUserKey", Summary: "Add an SSH key of a user",
		Who: call.Administrators, Params: newKeyParams{}, Status: http.StatusCreated, Answer: sshKey{},
	}, Handle: (*API).addKey},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/users/:id/keys/:key_id", Name: "removeUserKey", Summary: "Remove an SSH key of a user",
		Who: call.Administrators, Status: http.StatusNoContent,
	}, Handle: (*API).removeKey},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/keys/:id", Name: "getKey", Summary: "Show a key and its user",
		Who: call.Administrators, Answer: keyWithUser{},
	}, Handle: (*API).findKey},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/keys", Name: "findKey", Summary: "Find a key and its user by the fingerprint",
		Who: call.Administrators, Params: findKeyParams{}, Answer: keyWithUser{},
	}, Handle: (*API).findKeyByFingerprint},
}

// sshKey is an SSH key.
type sshKey struct {
	ID         int64    `json:"id"`
	Title      string   `json:"title"`
	CreatedAt  *string  `json:"created_at" api:"date-time,null"`
	ExpiresAt  *string  `json:"expires_at" api:"date-time,null"`
	Key        string   `json:"key"`
	UsageType  keyUsage `json:"usage_type"`
	LastUsedAt *string  `json:"last_used_at" api:"date-time,null"`
}

// keyWithUser is a user's key with the user, or a deploy key with its projects.
type keyWithUser struct {
	sshKey
	User     *publicUser            `json:"user"`
	Projects []deployKeyProjectBody `json:"deploy_keys_projects"`
}

// deployKeyProjectBody is a project on which a deploy key is enabled. Its number and
// moments are not kept here.
type deployKeyProjectBody struct {
	ID          *int64  `json:"id"`
	DeployKeyID int64   `json:"deploy_key_id"`
	ProjectID   int64   `json:"project_id"`
	CreatedAt   *string `json:"created_at" api:"date-time,null"`
	UpdatedAt   *string `json:"updated_at" api:"date-time,null"`
	CanPush     bool    `json:"can_push"`
}

// sshKey returns a key as it is shown. As in GitLab, a comment of the instance's own takes
// the place of the user's; a deploy key keeps its own.
func (a *API) sshKey(k identity.Key, owner identity.User) sshKey {
	line := strings.TrimSpace(k.Line + " " + k.Comment)
	if owner.Known() {
		line = k.Line + " " + strings.Join(strings.Fields(owner.Name), " ") + " (" + a.instance.Host() + ")"
	}
	return sshKey{
		ID: int64(k.ID), Title: k.Title, CreatedAt: entity.MomentOrNull(k.CreatedAt), ExpiresAt: entity.MomentOrNull(k.ExpiresAt),
		Key: line, UsageType: keyUsage(k.Usage), LastUsedAt: entity.MomentOrNull(k.LastUsedAt),
	}
}

// owner returns the claim of the user whose keys are asked for: the one of the path, or
// else the caller.
func owner(c *call.Call) identity.Claim {
	if !c.HasParam("id") {
		return identity.Claim{Kind: identity.ByUser, ID: int64(c.Caller.ID)}
	}
	return c.User("id")
}

// ownerID returns the number of the user whose keys are changed. The path has it in
// digits; for any other text it is 0.
func ownerID(c *call.Call) identity.UserID {
	if !c.HasParam("id") {
		return c.Caller.ID
	}
	return identity.UserID(c.Number("id"))
}

// listKeys answers GET /user/keys and GET /users/:id/keys.
func (a *API) listKeys(c *call.Call) (any, error) {
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	owner, keys, err := a.useCases.Accounts.Keys(c.Context(), c.Caller, owner(c), page)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, keys, nil, func(k identity.Key) sshKey { return a.sshKey(k, owner.User) })
}

// key answers GET /user/keys/:key_id and GET /users/:id/keys/:key_id.
func (a *API) key(c *call.Call) (any, error) {
	view, err := a.useCases.Accounts.Key(c.Context(), c.Caller, owner(c), identity.KeyID(c.Number("key_id")))
	if err != nil {
		return nil, err
	}
	return a.sshKey(view.Key, view.Owner.User), nil
}

type newKeyParams struct {
	Title     string      `param:"title,required"`
	Key       string      `param:"key,required"`
	ExpiresAt call.Moment `param:"expires_at"`
	UsageType keyUsage    `param:"usage_type"`
}

// keyUsage is what a key is for; empty for the default.
type keyUsage identity.Usage

// Words are the words that it takes.
func (keyUsage) Words() []string { return call.Texts(identity.Usages) }

// ReadParam implements params.Reader.
func (u *keyUsage) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, u.Words())
	*u = keyUsage(word)
	return problem
}

// addKey answers POST /user/keys and POST /users/:id/keys.
func (a *API) addKey(c *call.Call) (any, error) {
	var in newKeyParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	view, err := a.useCases.Accounts.AddKey(c.Context(), c.Caller, ownerID(c), accounts.NewKey{
		Line: in.Key, Title: in.Title, Usage: identity.Usage(in.UsageType), ExpiresAt: in.ExpiresAt.Time,
	})
	if err != nil {
		return nil, err
	}
	return a.sshKey(view.Key, view.Owner.User), nil
}

// removeKey answers DELETE /user/keys/:key_id and DELETE /users/:id/keys/:key_id.
func (a *API) removeKey(c *call.Call) (any, error) {
	err := a.useCases.Accounts.RemoveKey(c.Context(), c.Caller, ownerID(c), identity.KeyID(c.Number("key_id")), c.UnmodifiedSince())
	if err != nil {
		return nil, err
	}
	return c.NoContent()
}

// findKey answers GET /keys/:id.
func (a *API) findKey(c *call.Call) (any, error) {
	return a.keyWithUser(a.useCases.Accounts.FindKey(c.Context(), c.Caller, accounts.KeyClaim{ID: identity.KeyID(c.Number("id"))}))
}

func (a *API) keyWithUser(view accounts.KeyView, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	out := keyWithUser{sshKey: a.sshKey(view.Key, view.Owner.User), Projects: []deployKeyProjectBody{}}
	if view.Owner.Known() {
		owner := a.publicUser(view.Owner)
		out.User = &owner
	}
	for _, p := range view.Projects {
		out.Projects = append(out.Projects, deployKeyProjectBody{DeployKeyID: out.ID, ProjectID: int64(p.Project), CanPush: p.CanPush})
	}
	return out, nil
}

type findKeyParams struct {
	Fingerprint string `param:"fingerprint,filled"`
}

// errFingerprint refuses a text that is no fingerprint.
var errFingerprint = domain.Refuse(domain.Invalid, "Failed to read the fingerprint: it is SHA256: and 43 characters of base64, or 16 pairs of digits for MD5")

// findKeyByFingerprint answers GET /keys.
func (a *API) findKeyByFingerprint(c *call.Call) (any, error) {
	var in findKeyParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(in.Fingerprint, " ", "+") // which was not escaped in the query
	var which accounts.KeyClaim
	var found bool
	if which.MD5, found = identity.ParseMD5(text); !found {
		which.Fingerprint, _, _ = identity.ParseFingerprint(text)
	}
	if which == (accounts.KeyClaim{}) {
		return nil, call.AsBadRequestWords(errFingerprint)
	}
	return a.keyWithUser(a.useCases.Accounts.FindKey(c.Context(), c.Caller, which))
}
