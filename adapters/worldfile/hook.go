package worldfile

import (
	"net/url"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// keyValue is an entry of the headers or variables of a hook.
type keyValue struct {
	worldimport.FileLine
	hooks.KeyValue
}

// keyValues reads the headers or variables of a hook.
func keyValues(e *entry, name string) (all []hooks.KeyValue) {
	for _, one := range each(e, name, func(one *entry) keyValue {
		return keyValue{KeyValue: hooks.KeyValue{Key: one.needText("key"), Value: one.needText("value")}}
	}) {
		if !one.Malformed {
			all = append(all, one.KeyValue)
		}
	}
	return all
}

func hook(e *entry) worldimport.Hook {
	h := worldimport.Hook{
		FileLine: e.here(),
		Hook: hooks.Hook{
			ID:               hooks.HookID(e.id("id", "hook")),
			URL:              e.needText("url"),
			Name:             e.text("name"),
			Description:      e.text("description"),
			Token:            e.text("token"),
			Push:             e.flag("push_events", true),
			TagPush:          e.flag("tag_push_events", false),
			Branches:         source.Pattern(e.text("branch_filter")),
			Strategy:         word(e, "branch_filter_strategy", hooks.BranchStrategies, hooks.WildcardBranches),
			SkipVerification: !e.flag("enable_ssl_verification", true),
			Headers:          keyValues(e, "custom_headers"),
			Variables:        keyValues(e, "url_variables"),
			Template:         e.text("custom_webhook_template"),
			Settings:         e.settings("settings", remembered.GroupHooks),
			CreatedAt:        e.moment("created_at"),
		},
	}
	h.Group, h.Project = e.memberSource()
	if h.Hook.URL != "" {
		target := h.Hook.Target()
		wrong := hooks.CheckURL(target)
		if _, err := url.Parse(target); err != nil && wrong == nil {
			wrong = domain.Refuse(domain.Invalid, "its url cannot be read") // the error would repeat it
		}
		e.wrong("url", "hook", "", wrong)
		if h.Group+h.Project != "" && h.Hook.ID == 0 {
			e.secretOnce(e.line, "this hook of "+sourceName(h.Group, h.Project), sourceName(h.Group, h.Project)+" "+h.Hook.URL)
		}
	}
	e.wrong("token", "hook", "", hooks.CheckToken(h.Hook.Token))
	e.wrong("branch_filter", "hook", "", hooks.CheckBranches(h.Hook.Strategy, h.Hook.Branches))
	e.wrong("custom_headers", "hook", "", hooks.CheckHeaders(h.Hook.Headers))
	e.wrong("url_variables", "hook", "", hooks.CheckVariables(h.Hook.Variables))
	return h
}
