package identity

import (
	"strconv"
	"strings"
)

// ClaimKind says how a caller names the actor.
type ClaimKind uint8

// The kinds of claim.
const (
	// Anonymous: the request names no actor.
	Anonymous ClaimKind = iota
	// ByKey: ID is the number of a key.
	ByKey
	// ByUser: ID is the number of a user.
	ByUser
	// ByName: Name is a username in the form of Fold.
	ByName
	// Unresolvable: the request names an actor that cannot exist.
	Unresolvable
)

// Claim names the actor that a trusted client says it acts for. The actor need
// not exist. Claims are comparable.
type Claim struct {
	Kind ClaimKind
	ID   int64
	Name string
}

// ClaimKey claims the key whose number is written in text. Text that is not a
// plain positive number is Unresolvable: ActiveRecord would read "7abc" as 7,
// we do not.
func ClaimKey(text string) Claim { return claimNumber(ByKey, text) }

// ClaimUser claims the user whose number is written in text.
func ClaimUser(text string) Claim { return claimNumber(ByUser, text) }

// ClaimName claims the user of that name, in the form of Fold.
func ClaimName(name string) Claim { return Claim{Kind: ByName, Name: Fold(name)} }

// ClaimIdentifier reads the hooks' form: user-7, key-7 or username-dede.
func ClaimIdentifier(text string) Claim {
	switch kind, rest, _ := strings.Cut(text, "-"); kind {
	case "key":
		return ClaimKey(rest)
	case "user":
		return ClaimUser(rest)
	case "username":
		if rest != "" {
			return ClaimName(rest)
		}
	}
	return Claim{Kind: Unresolvable}
}

func claimNumber(kind ClaimKind, text string) Claim {
	id, ok := ParseID(text)
	if !ok {
		return Claim{Kind: Unresolvable}
	}
	return Claim{Kind: kind, ID: id}
}

// String names the claim for logs and explanations: key-7, user-7,
// username-dede, "nobody", "unknown".
func (c Claim) String() string {
	switch c.Kind {
	case Anonymous:
		return "nobody"
	case ByKey:
		return "key-" + strconv.FormatInt(c.ID, 10)
	case ByUser:
		return "user-" + strconv.FormatInt(c.ID, 10)
	case ByName:
		return "username-" + c.Name
	default:
		return "unknown"
	}
}

// ParseID reads a positive decimal number as it is printed: without a sign,
// blanks or zeros in front.
func ParseID(text string) (int64, bool) {
	if text == "" || text[0] < '1' || text[0] > '9' {
		return 0, false
	}
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil && id > 0
}

// Actor is the user or key behind a claim: a user, a user with a key, or a
// deploy key. The zero Actor is anonymous.
type Actor struct {
	// User is the person: for a deploy key its creator, or the ghost user if
	// the creator was deleted.
	User User
	// Key is the key that was used, if any.
	Key Key
}

// IsDeployKey says whether a key acts for itself rather than for its owner.
func (a Actor) IsDeployKey() bool { return a.Key.Kind == DeployKey }

// Person returns the user whose rights count; the zero User for a deploy key.
func (a Actor) Person() User {
	if a.IsDeployKey() {
		return User{}
	}
	return a.User
}

// Anonymous says whether the actor is neither a user nor a key.
func (a Actor) Anonymous() bool { return !a.User.Known() && !a.Key.Known() }

// String names the actor for logs: deploy-key-201, key-102, user-7, or empty for an
// anonymous one.
func (a Actor) String() string {
	switch {
	case a.IsDeployKey():
		return "deploy-key-" + strconv.FormatInt(int64(a.Key.ID), 10)
	case a.Key.Known():
		return "key-" + strconv.FormatInt(int64(a.Key.ID), 10)
	default:
		return a.GLID()
	}
}

// GLID returns the actor's gl_id: user-7, or empty for an anonymous actor.
func (a Actor) GLID() string {
	if !a.User.Known() {
		return ""
	}
	return "user-" + strconv.FormatInt(int64(a.User.ID), 10)
}
