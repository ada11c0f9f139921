package repositories

import (
	"errors"
	"net/http"
	"slices"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/application/webhooks"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// hookRoutes manage the hooks of projects and of groups.
var hookRoutes = slices.Concat(
	hooksOf(rights.Project, "/projects/:id/hooks", "Project", "a project", remembered.Hooks, listedProjectHook{}, projectHook{}),
	hooksOf(rights.Group, "/groups/:id/hooks", "Group", "a group", remembered.GroupHooks, listedGroupHook{}, groupHook{}),
)

// hooksOf returns the routes for the hooks of projects, or of groups.
func hooksOf(kind rights.Kind, prefix, name, of string, table remembered.Table, listed, one any) []route {
	const ofHook = "/:hook_id"
	return []route{
		{Route: call.Route{
			Method: http.MethodGet, Path: prefix, Name: "list" + name + "Hooks", Summary: "List the hooks of " + of,
			Who: call.SignedIn, List: true, Answer: listed,
		}, Handle: call.InPath(kind, (*API).listHooks)},
		{Route: call.Route{
			Method: http.MethodGet, Path: prefix + ofHook, Name: "get" + name + "Hook", Summary: "Show a hook of " + of,
			Who: call.SignedIn, Answer: one,
		}, Handle: call.InPath(kind, (*API).showHook)},
		{Route: call.Route{
			Method: http.MethodPost, Path: prefix, Name: "add" + name + "Hook", Summary: "Add a hook to " + of,
			Who: call.SignedIn, Params: newHookParams{}, Remembered: table, Status: http.StatusCreated, Answer: one,
		}, Handle: call.InPath(kind, (*API).addHook)},
		{Route: call.Route{
			Method: http.MethodPut, Path: prefix + ofHook, Name: "update" + name + "Hook",
			Summary: "Change a hook of " + of + ", also for events that wait; another URL drops the token, headers and variables that are not given again",
			Who:     call.SignedIn, Params: hookParams{}, Remembered: table, Answer: one,
		}, Handle: call.InPath(kind, (*API).updateHook)},
		{Route: call.Route{
			Method: http.MethodDelete, Path: prefix + ofHook, Name: "remove" + name + "Hook", Summary: "Remove a hook of " + of + " with the events that wait",
			Who: call.SignedIn, Status: http.StatusNoContent,
		}, Handle: call.InPath(kind, (*API).removeHook)},
		{Route: call.Route{
			Method: http.MethodPost, Path: prefix + ofHook + "/test/:trigger", Name: "test" + name + "Hook",
			Summary: "Send a hook of " + of + " an event: trigger is push_events or tag_push_events",
			Who:     call.SignedIn, Status: http.StatusCreated, Answer: call.MessageBody{},
		}, Handle: call.InPath(kind, (*API).testHook)},
		{Route: call.Route{
			Method: http.MethodGet, Path: prefix + ofHook + "/events", Name: "list" + name + "HookEvents",
			Summary: "List the events that wait for a hook of " + of + ", and those that were given up; none that it has accepted",
			Who:     call.SignedIn, List: true, Answer: hookEvent{},
		}, Handle: call.InPath(kind, (*API).listHookEvents)},
		{Route: call.Route{
			Method: http.MethodPost, Path: prefix + ofHook + "/events/:event_id/resend", Name: "resend" + name + "HookEvent",
			Summary: "Send an event again that waits for a hook of " + of + ", or was given up",
			Who:     call.SignedIn, Status: http.StatusCreated, Answer: resentEvent{},
		}, Handle: call.InPath(kind, (*API).resendHookEvent)},
		{Route: call.Route{
			Method: http.MethodPut, Path: prefix + ofHook + "/custom_headers/:key", Name: "set" + name + "HookHeader", Summary: "Set a header of a hook of " + of,
			Who: call.SignedIn, Params: hookValueParams{}, Status: http.StatusNoContent,
		}, Handle: call.InPath(kind, (*API).setHookHeader)},
		{Route: call.Route{
			Method: http.MethodDelete, Path: prefix + ofHook + "/custom_headers/:key", Name: "remove" + name + "HookHeader", Summary: "Remove a header of a hook of " + of,
			Who: call.SignedIn, Status: http.StatusNoContent,
		}, Handle: call.InPath(kind, (*API).removeHookHeader)},
		{Route: call.Route{
			Method: http.MethodPut, Path: prefix + ofHook + "/url_variables/:key", Name: "set" + name + "HookVariable",
			Summary: "Set what stands for {key} in the URL of a hook of " + of + "; another value drops its token and headers",
			Who:     call.SignedIn, Params: hookValueParams{}, Status: http.StatusNoContent,
		}, Handle: call.InPath(kind, (*API).setHookVariable)},
		{Route: call.Route{
			Method: http.MethodDelete, Path: prefix + ofHook + "/url_variables/:key", Name: "remove" + name + "HookVariable",
			Summary: "Remove what stands for {key} in the URL of a hook of " + of + ", where it is not needed any more",
			Who:     call.SignedIn, Status: http.StatusNoContent,
		}, Handle: call.InPath(kind, (*API).removeHookVariable)},
	}
}

// hookID returns the hook that the path names.
func hookID(c *call.Call) hooks.HookID { return hooks.HookID(c.Number("hook_id")) }

// listHooks answers GET of the hooks of a project or group.
func (a *API) listHooks(c *call.Call, on rights.Ref) (any, error) {
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	found, err := a.useCases.Hooks.List(c.Context(), c.Caller, on, page)
	if err != nil {
		return nil, err
	}
	if on.Kind == rights.Group {
		return call.AnswerList(c, page, found, nil, func(v webhooks.View) listedGroupHook { return listedGroupHook{newHookFields(v), newOfGroup(v)} })
	}
	return call.AnswerList(c, page, found, nil, func(v webhooks.View) listedProjectHook { return listedProjectHook{newHookFields(v), newOfProject(v)} })
}

// showHook answers GET of a hook.
func (a *API) showHook(c *call.Call, on rights.Ref) (any, error) {
	return answerHook(a.useCases.Hooks.Show(c.Context(), c.Caller, on, hookID(c)))
}

// answerHook answers with a hook, or with why it cannot be as it was wanted.
func answerHook(v webhooks.View, err error) (any, error) {
	switch {
	case err != nil:
		return nil, asUnprocessable(err)
	case v.In.Group != 0:
		return groupHook{newHookFields(v), newHookValues(v), newOfGroup(v)}, nil
	default:
		return projectHook{newHookFields(v), newHookValues(v), newOfProject(v)}, nil
	}
}

// asUnprocessable makes FieldErrors an error that is answered with status 422, as GitLab does
// for hooks.
func asUnprocessable(err error) error {
	if wrong, ok := errors.AsType[domain.FieldErrors](err); ok {
		return domain.Refuse(domain.Unprocessable, "%s", wrong.Error())
	}
	return err
}

// addHook answers POST of a hook.
func (a *API) addHook(c *call.Call, on rights.Ref) (any, error) {
	var in newHookParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	in.hookParams.URL = &in.URL
	if in.PushEvents == nil {
		in.PushEvents = new(true)
	}
	change, err := in.change(c, on.Kind)
	if err != nil {
		return nil, err
	}
	return answerHook(a.useCases.Hooks.Add(c.Context(), c.Caller, on, change))
}

// errNoParameters refuses a change that changes nothing.
var errNoParameters = domain.Refuse(domain.Invalid, "No parameters provided")

// updateHook answers PUT of a hook.
func (a *API) updateHook(c *call.Call, on rights.Ref) (any, error) {
	var in hookParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	change, err := in.change(c, on.Kind)
	if err != nil {
		return nil, err
	}
	if !in.given(c) {
		return nil, errNoParameters
	}
	return answerHook(a.useCases.Hooks.Update(c.Context(), c.Caller, on, hookID(c), func(hooks.Hook) (hooks.Change, error) { return change, nil }))
}

// removeHook answers DELETE of a hook.
func (a *API) removeHook(c *call.Call, on rights.Ref) (any, error) {
	if err := a.useCases.Hooks.Remove(c.Context(), c.Caller, on, hookID(c), c.UnmodifiedSince()); err != nil {
		return nil, err
	}
	return c.NoContent()
}

// testHook answers POST of a test of a hook.
func (a *API) testHook(c *call.Call, on rights.Ref) (any, error) {
	kinds := map[string]source.RefKind{"push_events": source.Branch, "tag_push_events": source.Tag}
	trigger := c.Param("trigger")
	kind, known := kinds[trigger]
	if _, kept := remembered.GroupHooks.Find(trigger); !known && !kept {
		return nil, call.NoValidValue("trigger")
	}
	if !known {
		if _, err := a.useCases.Hooks.Show(c.Context(), c.Caller, on, hookID(c)); err != nil {
			return nil, err
		}
		return nil, domain.Refuse(domain.Unprocessable, "%s is not supported", trigger)
	}
	if err := a.useCases.Hooks.Test(c.Context(), c.Caller, on, hookID(c), kind); err != nil {
		return nil, err
	}
	return call.MessageBody{Message: "201 Created"}, nil
}

// listHookEvents answers GET of the events of a hook.
func (a *API) listHookEvents(c *call.Call, on rights.Ref) (any, error) {
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	hook, found, err := a.useCases.Hooks.Undelivered(c.Context(), c.Caller, on, hookID(c), page)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, found, nil, func(u webhooks.Undelivered) hookEvent { return newHookEvent(hook, u) })
}

// resendHookEvent answers POST of an event that is sent again.
func (a *API) resendHookEvent(c *call.Call, on rights.Ref) (any, error) {
	status, err := a.useCases.Hooks.Resend(c.Context(), c.Caller, on, hookID(c), c.Number("event_id"))
	if err != nil {
		return nil, err
	}
	return resentEvent{status}, nil
}

// setHookHeader answers PUT of a header of a hook.
func (a *API) setHookHeader(c *call.Call, on rights.Ref) (any, error) {
	return a.setHookValue(c, on, func(h hooks.Hook, value hooks.KeyValue) hooks.Change {
		return hooks.Change{Headers: new(hooks.SetValue(h.Headers, value, true))}
	})
}

// setHookVariable answers PUT of a variable of a hook.
func (a *API) setHookVariable(c *call.Call, on rights.Ref) (any, error) {
	return a.setHookValue(c, on, func(h hooks.Hook, value hooks.KeyValue) hooks.Change {
		return hooks.Change{Variables: new(hooks.SetValue(h.Variables, value, false))}
	})
}

func (a *API) setHookValue(c *call.Call, on rights.Ref, change func(hooks.Hook, hooks.KeyValue) hooks.Change) (any, error) {
	var in hookValueParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	_, err := a.useCases.Hooks.Update(c.Context(), c.Caller, on, hookID(c), func(h hooks.Hook) (hooks.Change, error) {
		return change(h, hooks.KeyValue{Key: c.Param("key"), Value: in.Value}), nil
	})
	if err != nil {
		return nil, asUnprocessable(err)
	}
	return c.NoContent()
}

// The refusals of what a hook does not have.
var (
	errNoHeader   = domain.Refuse(domain.NotFound, "Custom header Not Found")
	errNoVariable = domain.Refuse(domain.NotFound, "URL variable Not Found")
)

// removeHookHeader answers DELETE of a header of a hook.
func (a *API) removeHookHeader(c *call.Call, on rights.Ref) (any, error) {
	return a.removeHookValue(c, on, func(h hooks.Hook, key string) (hooks.Change, error) {
		left := hooks.RemoveValue(h.Headers, key, true)
		if len(left) == len(h.Headers) {
			return hooks.Change{}, errNoHeader
		}
		return hooks.Change{Headers: &left}, nil
	})
}

// removeHookVariable answers DELETE of a variable of a hook.
func (a *API) removeHookVariable(c *call.Call, on rights.Ref) (any, error) {
	return a.removeHookValue(c, on, func(h hooks.Hook, key string) (hooks.Change, error) {
		left := hooks.RemoveValue(h.Variables, key, false)
		if len(left) == len(h.Variables) {
			return hooks.Change{}, errNoVariable
		}
		return hooks.Change{Variables: &left}, nil
	})
}

func (a *API) removeHookValue(c *call.Call, on rights.Ref, change func(hooks.Hook, string) (hooks.Change, error)) (any, error) {
	_, err := a.useCases.Hooks.Update(c.Context(), c.Caller, on, hookID(c), func(h hooks.Hook) (hooks.Change, error) {
		made, err := change(h, c.Param("key"))
		if modified := domain.CheckUnmodified(c.UnmodifiedSince(), h.UpdatedAt, h.CreatedAt); err == nil && modified != nil {
			err = modified
		}
		return made, err
	})
	if err != nil {
		return nil, asUnprocessable(err)
	}
	return c.NoContent()
}
