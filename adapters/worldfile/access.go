package worldfile

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// roles are the words for roles, from the least to the highest.
var roles = func() []string {
	var words []string
	for _, role := range source.Roles() {
		if role != source.NoRole {
			words = append(words, role.String())
		}
	}
	return words
}()

// role reads a role that must be present.
func (e *entry) role(name string) source.Role {
	e.need(name)
	role, _ := source.ParseRole(word(e, name, roles, ""))
	return role
}

// protections reads the protected branches and tags. A project with protected
// tags alone gets the branch protection of a new project. One with protected
// branches alone gets no protected tags.
func protections(e *entry, p *worldimport.Project) {
	branches := each(e, "protected_branches", func(b *entry) worldimport.Protection {
		return worldimport.Protection{
			FileLine:       b.here(),
			Kind:           source.Branch,
			Pattern:        b.pattern(source.Branch, "protected branch", p.Project.Path),
			AllowForcePush: b.flag("allow_force_push", false),
			Push:           b.accesses("push", levelWords, true),
			Merge:          b.accesses("merge", levelWords, false),
			Unprotect:      b.accesses("unprotect", unprotectWords, false),
		}
	})
	tags := each(e, "protected_tags", func(t *entry) worldimport.Protection {
		return worldimport.Protection{
			FileLine: t.here(),
			Kind:     source.Tag,
			Pattern:  t.pattern(source.Tag, "protected tag", p.Project.Path),
			Create:   t.accesses("create", levelWords, true),
		}
	})
	if branches == nil && tags == nil {
		return
	}
	p.Protections = append(append([]worldimport.Protection{}, branches...), tags...)
	p.ProtectDefault = branches == nil
}

func (e *entry) pattern(kind source.RefKind, what, path string) source.Pattern {
	name := e.needText("name")
	if name != "" && path != "" {
		e.once(e.line, "%s %q of project %s", what, name, path)
	}
	pattern := source.Pattern(name)
	e.wrong("name", "project", path, source.CheckPattern(kind, pattern))
	return pattern
}

// levels are the words for the levels of a protection.
var levels = map[string]source.Role{
	"none": source.NoRole, "no_one": source.NoRole,
	"developer": source.Developer, "maintainer": source.Maintainer, "admin": source.AdminsOnly,
}

var (
	levelWords = []string{"none", "developer", "maintainer", "admin"}
	// unprotectWords lack none: a protection that no user could change would be a trap.
	unprotectWords = levelWords[1:]
)

// accesses reads who may use a protected ref: one of the words, or a list. Without the
// member maintainers may, and with an empty list no user, if there is a word for that.
func (e *entry) accesses(name string, words []string, keys bool) []worldimport.Access {
	node := e.member(name)
	switch {
	case node == nil:
		return []worldimport.Access{{FileLine: e.here(), Role: source.Maintainer}}
	case node.Kind != yaml.SequenceNode:
		return e.level(node, words, name+" must be "+alternatives(words)+", or a list")
	case len(node.Content) == 0 && !slices.Contains(words, "none"):
		e.mistake(node.Line, "%s must not be an empty list", name)
		return nil
	case len(node.Content) == 0:
		return []worldimport.Access{{FileLine: e.here(), Role: source.NoRole}}
	}
	or := "one of {user: …} and {group: …}"
	if keys {
		or = "one of {user: …}, {group: …} and {deploy_key: …}"
	}
	wrong := "each of " + name + " must be " + strings.Join(words, ", ") + ", or " + or
	var accesses []worldimport.Access
	for _, element := range node.Content {
		if element = resolve(element); element.Kind == yaml.MappingNode {
			accesses = append(accesses, e.actor(element, name, keys)...)
		} else {
			accesses = append(accesses, e.level(element, words, wrong)...)
		}
	}
	return accesses
}

// level reads one of the words. For anything else it adds the mistake wrong.
func (e *entry) level(node *yaml.Node, words []string, wrong string) []worldimport.Access {
	role, ok := levels[node.Value]
	if !ok || !isText(node) || !slices.Contains(words, levelNames[role]) {
		e.mistake(node.Line, "%s", wrong)
		return nil
	}
	return []worldimport.Access{{FileLine: worldimport.FileLine{Line: node.Line}, Role: role}}
}

// actor reads an entry for one user, group or deploy key. Deploy keys push, but
// do not merge.
func (e *entry) actor(node *yaml.Node, name string, keys bool) []worldimport.Access {
	who := e.entry(node, "an entry of "+name)
	access := worldimport.Access{FileLine: who.here(), User: who.text("user"), Group: who.text("group")}
	if keys {
		id, _ := who.number("deploy_key", 1, greatestID)
		access.DeployKey = identity.KeyID(id)
	}
	who.done()
	given := 0
	for _, one := range []bool{access.User != "", access.Group != "", access.DeployKey != 0} {
		if one {
			given++
		}
	}
	if given != 1 {
		if keys {
			e.mistake(node.Line, "an entry of %s needs one of user, group or deploy_key", name)
		} else {
			e.mistake(node.Line, "an entry of %s needs one of user or group", name)
		}
		return nil
	}
	return []worldimport.Access{access}
}
