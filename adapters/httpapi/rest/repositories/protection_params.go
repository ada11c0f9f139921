package repositories

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/application/protections"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// levelParam is a level of access to protected branches or tags; nil for none.
type levelParam struct{ role *source.Role }

// ReadParam implements params.Reader.
func (l *levelParam) ReadParam(value any) (problem string) {
	l.role, problem = readLevel(source.PushVerb, value)
	return problem
}

// unprotectLevelParam is a level of those who may unprotect a branch; nil for none.
type unprotectLevelParam struct{ role *source.Role }

// ReadParam implements params.Reader.
func (l *unprotectLevelParam) ReadParam(value any) (problem string) {
	l.role, problem = readLevel(source.UnprotectVerb, value)
	return problem
}

func readLevel(verb source.ProtectionVerb, value any) (role *source.Role, problem string) {
	text, problem := params.Text(value)
	if problem != "" || strings.TrimSpace(text) == "" {
		return nil, problem
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return nil, params.IsInvalid
	}
	level := source.Role(number)
	if !slices.Contains(verb.Levels(), level) {
		return nil, params.NoValidValue
	}
	return &level, ""
}

type protectBranchParams struct {
	Name                 string              `param:"name,required"`
	PushAccessLevel      levelParam          `param:"push_access_level" api:"integer"`
	MergeAccessLevel     levelParam          `param:"merge_access_level" api:"integer"`
	UnprotectAccessLevel unprotectLevelParam `param:"unprotect_access_level" api:"integer"`
	AllowForcePush       bool                `param:"allow_force_push"`
	AllowedToPush        []entryParams       `param:"allowed_to_push"`
	AllowedToMerge       []entryParams       `param:"allowed_to_merge"`
	AllowedToUnprotect   []entryParams       `param:"allowed_to_unprotect"`
	CodeOwnerApproval    bool                `param:"code_owner_approval_required" api:"no-effect"`
}

type updateBranchParams struct {
	AllowForcePush     *bool         `param:"allow_force_push"`
	AllowedToPush      []entryParams `param:"allowed_to_push"`
	AllowedToMerge     []entryParams `param:"allowed_to_merge"`
	AllowedToUnprotect []entryParams `param:"allowed_to_unprotect"`
	CodeOwnerApproval  bool          `param:"code_owner_approval_required" api:"no-effect"`
}

type protectTagParams struct {
	Name              string        `param:"name,required"`
	CreateAccessLevel levelParam    `param:"create_access_level" api:"integer"`
	AllowedToCreate   []entryParams `param:"allowed_to_create"`
}

// entryParams are one entry of a protection: one of a level, a user, a group and a deploy key.
// ID and Destroy are for entries that exist.
type entryParams struct {
	ID          *int64 `param:"id"`
	Destroy     bool   `param:"_destroy"`
	AccessLevel *int64 `param:"access_level"`
	UserID      *int64 `param:"user_id"`
	GroupID     *int64 `param:"group_id"`
	DeployKeyID *int64 `param:"deploy_key_id"`
}

// entryNames are the parameters of which an entry has one.
var entryNames = []string{"access_level", "user_id", "group_id", "deploy_key_id"}

// access returns the entry; given is false if none of the parameters is.
func (e entryParams) access(parameter string, at int) (a source.Access, given bool, err error) {
	var names []string
	for i, value := range []*int64{e.AccessLevel, e.UserID, e.GroupID, e.DeployKeyID} {
		if value == nil {
			continue
		}
		names = append(names, entryName(parameter, at, entryNames[i]))
		if i > 0 && *value <= 0 || i == 0 && *value != int64(source.Role(*value)) {
			return a, true, domain.Refuse(domain.Invalid, "%s %s", names[len(names)-1], params.IsInvalid)
		}
	}
	if len(names) > 1 {
		return a, true, call.Exclusive(names...)
	}
	switch {
	case e.UserID != nil:
		a.User = identity.UserID(*e.UserID)
	case e.GroupID != nil:
		a.Group = source.NamespaceID(*e.GroupID)
	case e.DeployKeyID != nil:
		a.DeployKey = identity.KeyID(*e.DeployKeyID)
	case e.AccessLevel != nil:
		a.Role = source.Role(*e.AccessLevel)
	}
	return a, len(names) == 1, nil
}

// entryName is how a refusal names a member of an entry.
func entryName(parameter string, at int, member string) string {
	return fmt.Sprintf("%s[%d][%s]", parameter, at, member)
}

// errNoEntry refuses an entry that names none.
func errNoEntry(parameter string, at int) error {
	names := make([]string, len(entryNames))
	for i, name := range entryNames {
		names[i] = entryName(parameter, at, name)
	}
	return call.AtLeastOne(names...)
}

// setEntries sets the entries of a verb of a new protection: the level, if one is given, and
// then the entries. Without either it is for maintainers.
func setEntries(p *source.Protection, verb source.ProtectionVerb, level *source.Role, given []entryParams) error {
	entries := p.Entries(verb)
	if level != nil {
		*entries = append(*entries, source.Access{Role: *level})
	}
	for i, e := range given {
		a, ok, err := e.access("allowed_to_"+string(verb), i)
		if err == nil && !ok {
			err = errNoEntry("allowed_to_"+string(verb), i)
		}
		if err != nil {
			return err
		}
		*entries = append(*entries, a)
	}
	if len(*entries) == 0 {
		*entries = []source.Access{{Role: source.Maintainer}}
	}
	return nil
}

// entryChanges returns the changes of the entries of a verb.
func entryChanges(verb source.ProtectionVerb, given []entryParams) ([]protections.EntryChange, error) {
	parameter := "allowed_to_" + string(verb)
	var changes []protections.EntryChange
	for i, e := range given {
		a, ok, err := e.access(parameter, i)
		change := protections.EntryChange{Access: a}
		switch {
		case err != nil:
			return nil, err
		case e.ID != nil && *e.ID <= 0:
			return nil, domain.Refuse(domain.Invalid, "%s %s", entryName(parameter, i, "id"), params.IsInvalid)
		case e.ID != nil:
			change.ID, change.Remove, change.Keep = *e.ID, e.Destroy, !ok && !e.Destroy
		case e.Destroy:
			return nil, domain.Refuse(domain.Invalid, "%s is missing", entryName(parameter, i, "id"))
		case !ok:
			return nil, errNoEntry(parameter, i)
		}
		changes = append(changes, change)
	}
	return changes, nil
}
