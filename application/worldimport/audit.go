package worldimport

import (
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// onInstance is the entity of what belongs to no user, group or project.
var onInstance = audit.Object{Kind: audit.Instance}

func userObject(id identity.UserID, name string) audit.Object {
	return audit.Object{Kind: audit.User, ID: int64(id), Path: name}
}

func sourceObject(in source.MemberSource, path string) audit.Object {
	if in.Group != 0 {
		return audit.Object{Kind: audit.Group, ID: int64(in.Group), Path: path}
	}
	return audit.Object{Kind: audit.Project, ID: int64(in.Project), Path: path}
}

// auditedKinds are the kinds of entries in audit events.
var auditedKinds = map[string]audit.ObjectKind{
	"user": audit.User, "creator of user": audit.User, "group": audit.Group, "project": audit.Project,
	"protections": "protections", "key": "key", "deploy key": "deploy_key", "projects of deploy key": "deploy_key_project",
	"member": "member", "share with": "share", "access token": "access_token", "agent": "agent",
	"broadcast message": "broadcast_message", "hook": "hook",
	"subscription": "subscription", "pack": "minutes_pack", "reconciliation": "reconciliation",
}

// unaudited are members that a file compares and an audit event leaves out: the
// fingerprint tells which key it is.
var unaudited = map[string]bool{"key": true}

// untoldOfNew are members that the event of a new row leaves out: it has a moment itself.
var untoldOfNew = map[string]bool{"created_at": true, "updated_at": true}

// record notes the event of the entry that was put, with what the write has found before.
// The number is that of its row, 0 if it has none or it is not known.
func (i *importer) record(entity audit.Object, number int64) {
	if i.mode != writing {
		return
	}
	s := i.step
	target := audit.Object{Kind: auditedKinds[s.kind], ID: number, Path: s.name}
	verb, before, after, isNew := audit.Update, audit.Values{}, audit.Values{}, s.effect.has(fresh)
	for _, v := range s.values {
		if !unaudited[v.name] && !(isNew && untoldOfNew[v.name]) {
			join(before, v.name, v.old)
			join(after, v.name, v.given)
		}
	}
	if isNew {
		verb, before = audit.Create, nil
	}
	i.events = append(i.events, i.cause.Event(i.now, verb, entity, target, before, after))
}

// join adds a value; those of one name, such as the tokens of an agent, become a list.
func join(values audit.Values, name string, v any) {
	text, isText := v.(string)
	switch earlier := values[name].(type) {
	case string:
		if isText {
			v = []string{earlier, text}
		}
	case []string:
		if isText {
			v = append(earlier, text)
		}
	}
	values[name] = v
}
