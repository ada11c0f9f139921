package source

import (
	"net/netip"
	"time"

	"gatehouse/domain/identity"
)

// Command is what Git was asked to run.
type Command string

// The commands that are known. Any other text is a Command too, and refused.
const (
	UploadPack    Command = "git-upload-pack"
	UploadArchive Command = "git-upload-archive"
	ReceivePack   Command = "git-receive-pack"
)

// Known says whether c is one of the three commands.
func (c Command) Known() bool { return c == UploadPack || c == UploadArchive || c == ReceivePack }

// Protocol is how the client came in, in lower case.
type Protocol string

// The protocols. Web is Gitaly's own work on behalf of the web.
const (
	SSH  Protocol = "ssh"
	HTTP Protocol = "http"
	Web  Protocol = "web"
)

// Known says whether p is one of the three protocols.
func (p Protocol) Known() bool { return p == SSH || p == HTTP || p == Web }

// Inquiry says what to look up for one decision.
type Inquiry struct {
	Claim  identity.Claim
	Target Target
	// Refs asks for the project's protections too, which only a push with
	// known changes needs.
	Refs bool
	// OTP asks for the session of a second factor too, which only matters where it is
	// required.
	OTP bool
	// Now decides which memberships have expired. A membership ends with the
	// beginning, in UTC, of the day it names.
	Now time.Time
}

// Request is one question about Git access.
type Request struct {
	Claim identity.Claim
	// Token is the access token that the actor shows; nil for another credential or none.
	// Its scopes limit what the actor's role allows.
	Token    *identity.AccessToken
	Command  Command
	Protocol Protocol
	Target   Target
	// Changes are the refs of a push; without any, the push as such is asked
	// for, before its refs are known.
	Changes []Change
	// AddressGiven says whether the caller sent the client's address. If so, an
	// Address that could not be read is the zero Addr, which no allow-list
	// contains.
	AddressGiven bool
	Address      netip.Addr
	// NamespacePath is the only top-level group this login may use; empty for a
	// login without this limit.
	NamespacePath string
}

// Pushes says whether the request is for a push.
func (r Request) Pushes() bool { return r.Command == ReceivePack }

// Question asks something of a repository.
type Question struct {
	About Subject
	// Old and New are set where the question is about an Ancestor.
	Old, New ObjectID
	// Branch is a short name, set where the question is about the Default.
	Branch string
}

// Subject is what a Question is about.
type Subject uint8

// The subjects.
const (
	// Ancestor: is Old an ancestor of New?
	Ancestor Subject = iota
	// Existence: is there a repository?
	Existence
	// Branches: does it have any?
	Branches
	// Default: is Branch the default one?
	Default
)

// Answer is what is known of a Question.
type Answer uint8

// The answers. Unknown means that no Gitaly is connected, or of Existence that
// Gitaly did not answer.
const (
	Unknown Answer = iota
	Yes
	No
)

// Case is a request with all facts that its decision needs.
type Case struct {
	Request
	Standing
	Now      time.Time
	Settings Settings
	Keys     identity.Policy
	// Throttled means that the caller asked too often; Standing may then be
	// empty.
	Throttled bool
	// Answers are those to the questions that a Verdict left open; a
	// question without an entry is open.
	Answers map[Question]Answer
}

// answer returns what is known of a question. open says that Gitaly has not
// been asked yet.
func (c *Case) answer(q Question) (answer Answer, open bool) {
	answer, asked := c.Answers[q]
	return answer, c.Settings.Connected && !asked
}

// Verdict is a decision, or the questions that have to be answered before it.
type Verdict struct {
	// Refusal is nil if the command is allowed.
	Refusal error
	// Rule is the name of the rule that refuses, and Ref the ref that it refuses; the
	// zero Ref if it refuses the command as a whole.
	Rule string
	Ref  Ref
	// Open are the questions that have to be answered before the decision.
	Open []Question
}

// Outcome is the result of one rule.
type Outcome string

// The outcomes of a rule.
const (
	Passed Outcome = "passed"
	// Skipped: the rule does not apply to this case.
	Skipped Outcome = "skipped"
	Refused Outcome = "refused"
	// Undecided: the rule waits for an answer about the repository's history.
	Undecided Outcome = "undecided"
	// Unanswered: the rule does not apply, as Gitaly did not answer its question.
	Unanswered Outcome = "unanswered"
	// NotReached: the rule was not asked, as what it judges does not exist or
	// is hidden.
	NotReached Outcome = "not reached"
)
