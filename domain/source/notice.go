package source

import (
	"fmt"
	"time"

	"gatehouse/domain/identity"
)

// Notice is shown once, after a user's next push to a repository: the project
// has moved from OldPath or, if that is empty, a push created it.
type Notice struct {
	User       identity.UserID
	Repository RepositoryID
	OldPath    Path
	// Protocol is the one the user came by; the new URL is for the same.
	Protocol  Protocol
	ExpiresAt time.Time
}

// MovedMessage returns what a user is told who came by the path that a repository had
// before: its path now, and the command that makes a remote use its URL. There is a line
// feed at the end.
func MovedMessage(old Path, now, url string) string {
	return fmt.Sprintf("Project '%s' has moved to '%s'.\n\nPoint your remote at its new place:\n\n  git remote set-url origin %s\n", old, now, url)
}

// Banner is a broadcast message of type banner that is shown in Git.
type Banner struct {
	Message string
	// TargetPath limits the message to projects whose full path it matches;
	// empty means all.
	TargetPath Pattern
}

// PickBanner returns the message that a push to the project at path shows:
// the first that is meant for it, else the first that is meant for all. It
// expects the latest banner first. ok is false if there is none.
func PickBanner(banners []Banner, path string) (message string, ok bool) {
	for _, b := range banners {
		if b.TargetPath != "" && b.TargetPath.Covers(path) {
			return b.Message, true
		}
	}
	for _, b := range banners {
		if b.TargetPath == "" {
			return b.Message, true
		}
	}
	return "", false
}
