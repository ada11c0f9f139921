// Package gitaccess decides whether an actor may run a Git command on a
// repository, and explains the decision rule by rule.
package gitaccess

import (
	"context"
	"time"

	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Directory knows actors, projects and the roles of the ones in the others.
type Directory interface {
	// Standing returns all facts about the actor and the target in one round
	// trip, whatever their number. An actor or a project that does not exist
	// is unknown in the answer, never an error; the same holds for a key for
	// signing only, and for a project that is going to be deleted. A path
	// is looked up without regard to letter case: as a project's, then with
	// ".wiki" or ".design" cut off, then, whole and cut off again, as one that
	// a project had before it moved. A repository by number is taken as it
	// stands; of a snippet or a group's wiki no project is known.
	Standing(ctx context.Context, q source.Inquiry) (source.Standing, error)
}

// Background knows what lies behind the facts of a Standing.
type Background interface {
	// RoleSources returns, in no particular order, why the user has a role in the
	// project: the ownership of the personal namespace that it lies in, and every
	// membership and share by which the Role of a Standing is found, also those that
	// have expired, are not active or give no role. For a project that is to be created
	// they are those of the namespace in its Path. A user or a project that does not
	// exist has none.
	RoleSources(ctx context.Context, user identity.UserID, p source.Project) ([]source.RoleSource, error)
	// AccessNames returns for each entry of a user, group or deploy key the username,
	// full path or title. One that does not exist has none.
	AccessNames(ctx context.Context, entries []source.Access) (map[source.Access]string, error)
}

// Repositories knows repositories and their history.
type Repositories interface {
	// Answers returns an answer for each question. The answer is source.Unknown
	// if no Gitaly is connected. Of the answers about an Ancestor every Yes is
	// certain, and the first No in the order of the questions: behind it a No may
	// stand for a Yes. An unreachable or late Gitaly is an error of kind
	// domain.Unavailable.
	Answers(ctx context.Context, where Location, questions []source.Question) (map[source.Question]source.Answer, error)
}

// ProjectCreator creates projects, and the repositories of wikis, for pushes.
type ProjectCreator interface {
	// Destination returns where the user could create a project of that path,
	// or domain.NotFound if there is no such group or personal namespace.
	Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error)
	// CreateProject creates the planned project and its repository, and returns
	// the project's number. The audit log tells who caused it. If only the
	// repository fails, it returns the number with a Refusal, and a job creates the
	// repository later. A project that exists by then stays as it is. An invalid
	// path is a Refusal.
	CreateProject(ctx context.Context, by audit.Cause, planned source.Project) (source.ProjectID, error)
	// CreateWiki makes the repository of a project's wiki; one that is there is
	// no error.
	CreateWiki(ctx context.Context, p source.Project) error
	// RetryRepository has the repository of a project's code created soon, if a
	// job for it waits. Calls that follow within a second do nothing.
	RetryRepository(ctx context.Context, id source.ProjectID) error
}

// Notices keeps notices for users' next pushes.
type Notices interface {
	// Add keeps the notice until it is taken or expires. A second notice
	// for the same user and repository replaces the first.
	Add(ctx context.Context, n source.Notice) error
}

// KeyUses records that keys were used and users were active. Its methods return at once
// and never fail: a stamp may be late or lost.
type KeyUses interface {
	// Record notes that a key was used at now.
	Record(id identity.KeyID, now time.Time)
	// UserActive notes that a user was active on the day of now, in UTC.
	UserActive(id identity.UserID, now time.Time)
}

// Bucket names what requests are counted by. It is a digest, so that its size does
// not depend on what callers send.
type Bucket [16]byte

// Limiter counts requests.
type Limiter interface {
	// Count counts one request into each bucket and says whether all of them
	// still had room in the minute around now. It returns at once. A limiter
	// that counts together with others may know better later: if allowed is
	// true, confirm waits for the last word, for a short time or until ctx ends.
	Count(ctx context.Context, now time.Time, buckets ...Bucket) (allowed bool, confirm func() bool)
}

// Decisions keeps decisions for later questions.
type Decisions interface {
	// Record keeps a decision, or counts it, or leaves it out. It returns at once and
	// never fails, and does not hold on to d.
	Record(d Decision)
}

// Storage is a Gitaly as the instance knows it.
type Storage struct {
	Name string
	// Address is where clients reach it: unix:/path, tcp://, tls:// or dns:.
	Address string
	// Token is empty for a Gitaly without one.
	Token string
}

// Quarantine is where the objects of a push wait while it is being judged,
// relative to the repository. The zero Quarantine is none.
type Quarantine struct {
	ObjectDirectory            string
	AlternateObjectDirectories []string
}

// Location is a repository as Gitaly finds it, with the objects of a push.
type Location struct {
	Storage      Storage
	RelativePath string
	// SnapshotPath is the path that Gitaly named in its call, which may be
	// that of a transaction's snapshot; empty if it named none.
	SnapshotPath string
	Repository   source.RepositoryID
	Quarantine   Quarantine
}
