package webhooks

import (
	"cmp"
	"maps"
	"slices"

	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
)

// object is a hook in an audit event.
func object(h hooks.Hook) audit.Object {
	return audit.Object{Kind: "hook", ID: int64(h.ID), Path: h.DisplayURL()}
}

// values are the members of a hook as an audit event has them, by their names in the world
// file; of secrets the keys alone.
func values(h hooks.Hook) audit.Values {
	out := audit.Values{
		"url": h.DisplayURL(), "name": h.Name, "description": h.Description, "push_events": h.Push, "tag_push_events": h.TagPush,
		"branch_filter": string(h.Branches), "branch_filter_strategy": string(cmp.Or(h.Strategy, hooks.WildcardBranches)),
		"enable_ssl_verification": !h.SkipVerification, "custom_headers": keys(h.Headers), "url_variables": keys(h.Variables),
		"custom_webhook_template": h.Template,
	}
	maps.Copy(out, h.Settings)
	return out
}

func keys(values []hooks.KeyValue) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.Key
	}
	return out
}

// hidden stands for a secret that has changed.
const hidden = "***"

// differences returns what differs between two states of a hook, with secrets that differ
// hidden.
func differences(old, h hooks.Hook) (was, is audit.Values) {
	was, is = audit.Changes(values(old), values(h))
	for name, differs := range map[string]bool{
		"url": old.URL != h.URL, "token": old.Token != h.Token,
		"custom_headers": !slices.Equal(old.Headers, h.Headers), "url_variables": !slices.Equal(old.Variables, h.Variables),
	} {
		if _, shown := is[name]; differs && !shown {
			was[name], is[name] = hidden, hidden
		}
	}
	return was, is
}
