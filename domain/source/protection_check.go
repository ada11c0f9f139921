package source

import (
	"fmt"
	"slices"
	"strings"

	"gatehouse/domain"
)

// MaxEntries is how many entries of a verb a protection may have that the management API
// makes.
const MaxEntries = 500

// Levels returns the levels of access that an entry of a verb may name.
func (v ProtectionVerb) Levels() []Role {
	levels := []Role{NoRole, Developer, Maintainer, AdminsOnly}
	if v == UnprotectVerb { // a protection that no user could change would be a trap
		return levels[1:]
	}
	return levels
}

// Field is the member of the API that has the entries of a verb, as "push_access_levels".
func (v ProtectionVerb) Field() string { return string(v) + "_access_levels" }

// TakesDeployKeys says whether deploy keys can be among the entries of a verb.
func (v ProtectionVerb) TakesDeployKeys() bool { return v == PushVerb || v == CreateVerb }

// Check returns what is wrong with a protection in itself as the management API takes it.
func (p Protection) Check() (wrong domain.FieldErrors) {
	add := func(field, message string) { wrong = append(wrong, domain.FieldError{Field: field, Message: message}) }
	switch name := string(p.Pattern); {
	case strings.TrimSpace(name) == "":
		add("name", "can't be blank")
	case len(name) > MaxPattern:
		add("name", fmt.Sprintf("is too long (maximum is %d bytes)", MaxPattern))
	case strings.HasPrefix(name, "refs/"):
		add("name", "must be a short one, such as main or v1.0, which does not begin with refs/")
	}
	for _, verb := range ProtectionVerbs(p.Kind) {
		entries := *p.Entries(verb)
		if len(entries) > MaxEntries {
			add(verb.Field(), fmt.Sprintf("are too many (maximum is %d)", MaxEntries))
			continue
		}
		for i, a := range entries {
			if message := checkEntry(verb, entries[:i], a); message != "" {
				add(verb.Field()+"."+a.field(), message)
			}
		}
	}
	return wrong
}

// checkEntry returns what is wrong with an entry behind others of its verb.
func checkEntry(verb ProtectionVerb, others []Access, a Access) string {
	switch {
	case a.IsRole() && !slices.Contains(verb.Levels(), a.Role):
		return "is not included in the list"
	case a.DeployKey != 0 && !verb.TakesDeployKeys():
		return "is not possible"
	case slices.ContainsFunc(others, a.Same):
		return isTaken
	}
	return ""
}

// field is what an entry names.
func (a Access) field() string {
	switch {
	case a.User != 0:
		return "user"
	case a.Group != 0:
		return "group"
	case a.DeployKey != 0:
		return "deploy_key"
	}
	return "access_level"
}

// ErrGrantee returns what is wrong with an entry for a user, group or deploy key that has no
// access to the project.
func (a Access) ErrGrantee(verb ProtectionVerb) domain.FieldErrors {
	why := map[string]string{
		"user": "is not a member of the project", "group": "does not have access to the project", "deploy_key": "is not enabled for this project",
	}
	return domain.WrongField(verb.Field()+"."+a.field(), why[a.field()])
}
