// Package audit says what is remembered of a Git command, a decision or a write:
// who did what, on what, when, and with which result.
package audit

import (
	"fmt"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Event is one thing that has happened. It is written once and never changed, and
// holds no secret.
type Event struct {
	At time.Time
	// CorrelationID is the request's; empty for what no request caused.
	CorrelationID string
	Actor         Actor
	// Action is the Git command, or for a write the kind of Target and the verb, as
	// in "protection.create".
	Action  string
	Verb    Verb
	Outcome Outcome
	// Entity is whose affair it is: a user, group, project or the instance. Target is
	// what was changed within it, or the entity itself.
	Entity, Target Object
	// Before and After have the members that a write changed; Before is nil for what
	// was created, After for what was deleted.
	Before, After Values
	// Git is nil for a write.
	Git *GitCommand
	// Decision is nil unless the event is one.
	Decision *Decision
}

// Actor is who did it. All of it is as it was at the time.
type Actor struct {
	Kind ActorKind
	// User and Username are the account that did it: the owner of an SSH key or a
	// token, zero for a deploy key. Username is the name of the operating system's
	// user for an Operator.
	User     identity.UserID
	Username string
	// Sudo and SudoName are the account in whose name an administrator did it; 0 and
	// empty otherwise.
	Sudo     identity.UserID
	SudoName string
	Key      identity.KeyID
	KeyType  identity.KeyKind
	Token    int64
	// Address is the client's; empty if it is not known.
	Address string
}

// ActorOf returns the record of a Git actor whose client has that address.
func ActorOf(a identity.Actor, address string) Actor {
	person := a.Person()
	out := Actor{Kind: Person, User: person.ID, Username: person.Username, Key: a.Key.ID, KeyType: a.Key.Kind, Address: address}
	switch {
	case a.Anonymous():
		out.Kind = Stranger
	case a.IsDeployKey():
		out.Kind = DeployKey
	}
	return out
}

// ActorKind says what sort of actor it is.
type ActorKind string

// The kinds of actors.
const (
	// Person is a user, with a key, a token or a claim of a trusted client.
	Person ActorKind = "user"
	// DeployKey is a deploy key.
	DeployKey ActorKind = "deploy_key"
	// Operator is a command on the server's own machine.
	Operator ActorKind = "operator"
	// System is the server itself.
	System ActorKind = "system"
	// Stranger is an actor that shows no known account or key.
	Stranger ActorKind = "stranger"
)

// Verb is what was done, in a word.
type Verb string

// The verbs of Git commands and of writes.
const (
	Push   Verb = "push"
	Clone  Verb = "clone"
	Pull   Verb = "pull"
	Create Verb = "create"
	Update Verb = "update"
	Delete Verb = "delete"
)

// Outcome is how it ended.
type Outcome string

// The outcomes.
const (
	// Done is a Git command that has run, or a write.
	Done Outcome = "done"
	// Allowed and Refused are decisions.
	Allowed Outcome = "allowed"
	Refused Outcome = "refused"
)

// Object is what something happened to. Path is a full path, a username or another
// name that people know it by; as it was at the time.
type Object struct {
	Kind ObjectKind
	ID   int64
	Path string
}

// ObjectKind says what an Object is: "user", "group", "project", "instance", or
// what belongs to one of these, as "key", "member", "protection".
type ObjectKind string

// The kinds of entities.
const (
	User     ObjectKind = "user"
	Group    ObjectKind = "group"
	Project  ObjectKind = "project"
	Instance ObjectKind = "instance"
)

// Values are members by their names in the world file. A value is a string, int64,
// bool, []string or nil.
type Values map[string]any

// Check returns an error if a value is of another type.
func (v Values) Check() error {
	for name, value := range v {
		switch value.(type) {
		case string, int64, bool, []string, nil:
		default:
			return fmt.Errorf("%s is a %T", name, value)
		}
	}
	return nil
}

// GitCommand is what is known of a Git command.
type GitCommand struct {
	Protocol source.Protocol
	// Repository is its gl_repository, or the text by which the client named it if
	// nothing is there.
	Repository string
	Stats      Stats
}

// Stats are the numbers of objects and bytes that the client reports.
type Stats struct {
	Wants, Haves, PayloadSize   int64
	WrittenBytes, ReceivedBytes int64
}

// Decision is what was decided on a Git command, and on which facts.
type Decision struct {
	// Rule is the rule that refused, Ref the ref that it refused, Message what the
	// user read; all are empty if the command was allowed.
	Rule, Ref, Message string
	// Refs are the changes of a push as "old new ref", and MoreRefs says how many more
	// there were.
	Refs     []string
	MoreRefs int
	// Findings are the outcomes of the rules, and Facts what they saw. Of a
	// ProtectionMatch a finding has Pattern and Grants only, and a few of them.
	Findings []source.Finding
	Facts    Values
	// Unrecorded is how many decisions before this event were only counted.
	Unrecorded int
}
