package gitaccess

import (
	"context"
	"fmt"
	"io"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// SmartHTTP moves the bytes of allowed commands between the clients of Git's smart HTTP
// protocol and Gitaly. It holds nothing of a store meanwhile. Without an earlier end of
// ctx a call takes as long as its transfer.
//
// All methods fail with domain.NotFound if the repository does not exist, with
// domain.Unavailable if no Gitaly answers for its storage, and with a *BusyError if Gitaly
// takes no more transfers. The errors of r and w are in the chain of what they return. Any
// other error is Gitaly's, or that of the git that it runs. After an error w may have a part
// of the answer.
type SmartHTTP interface {
	// InfoRefs writes the refs that the command begins with, behind the packet that names
	// the service.
	InfoRefs(ctx context.Context, t Transfer, w io.Writer) error
	// UploadPack reads a client's whole request from r, and writes the answer as it comes.
	// It returns what the client asked for; WrittenBytes and ReceivedBytes are 0.
	UploadPack(ctx context.Context, t Transfer, r io.Reader, w io.Writer) (audit.Stats, error)
	// ReceivePack does so for a push, whose actor has to be a user. It may write before r
	// has ended.
	ReceivePack(ctx context.Context, t Transfer, r io.Reader, w io.Writer) error
}

// Transfer says what is moved, and for which actor.
type Transfer struct {
	Location Location
	// ProjectPath is the full path of the project.
	ProjectPath string
	// Command is source.UploadPack or source.ReceivePack.
	Command source.Command
	// Version asks for a version of Git's protocol: "version=1", "version=2", or empty for the
	// first.
	Version string
	// Options are options of git's, as section.name=value.
	Options []string
	// Actor is anonymous for who fetches without credentials.
	Actor identity.Actor
	// Address is the client's; empty if it is not known.
	Address       string
	CorrelationID string
}

// BusyError says that Gitaly takes no more transfers. It unwraps to domain.TooMany.
type BusyError struct {
	// RetryAfter is how long to wait before another attempt; 0 if Gitaly does not say.
	RetryAfter time.Duration
	// Cause is Gitaly's error, for the log.
	Cause error
}

// Error returns the cause.
func (e *BusyError) Error() string { return fmt.Sprintf("Gitaly is busy: %v", e.Cause) }

// Unwrap returns the kind and the cause.
func (e *BusyError) Unwrap() []error { return []error{domain.TooMany, e.Cause} }
