package worldfile

import (
	"net/url"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

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
			SkipVerification: !e.flag("enable_ssl_verification", true),
		},
	}
	h.Group, h.Project = e.memberSource()
	if h.Hook.URL != "" {
		wrong := hooks.CheckURL(h.Hook.URL)
		if _, err := url.Parse(h.Hook.URL); err != nil && wrong == nil {
			wrong = domain.Refuse(domain.Invalid, "its url cannot be read") // the error would repeat it
		}
		e.wrong("url", "hook", "", wrong)
		if h.Group+h.Project != "" {
			e.secretOnce(e.line, "this hook of "+sourceName(h.Group, h.Project), sourceName(h.Group, h.Project)+" "+h.Hook.URL)
		}
	}
	e.wrong("token", "hook", "", hooks.CheckToken(h.Hook.Token))
	e.wrong("branch_filter", "hook", "", hooks.CheckBranches(h.Hook.Branches))
	return h
}
