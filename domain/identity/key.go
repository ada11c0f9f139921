package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// KeyID is the number of an SSH key. User keys and deploy keys share one
// sequence of numbers; 0 means no key.
type KeyID int64

// KeyKind tells a person's key from a project's.
type KeyKind string

// The kinds of key, as they stand in gl_key_type.
const (
	UserKey   KeyKind = "key"
	DeployKey KeyKind = "deploy_key"
)

// Usage is what a key may be used for.
type Usage string

// The usages of a key. A key for signing only is unknown to Git access.
const (
	AuthAndSigning Usage = "auth_and_signing"
	AuthOnly       Usage = "auth"
	SigningOnly    Usage = "signing"
)

// Usages lists every Usage.
var Usages = []Usage{AuthAndSigning, AuthOnly, SigningOnly}

// Authenticates says whether a key of this usage may log in.
func (u Usage) Authenticates() bool { return u != SigningOnly }

// Key is an SSH public key. The zero Key is no key.
type Key struct {
	ID    KeyID
	Kind  KeyKind
	Title string
	// Owner is the user of a user key and the creator of a deploy key; 0 for a
	// deploy key whose creator was deleted.
	Owner UserID
	// Line is the algorithm and the base64 blob, without options or comment.
	Line string
	// Comment is what stood behind the line of a deploy key, where it is asked for; it is
	// empty for none, and for a user's key.
	Comment     string
	Fingerprint Fingerprint
	Usage       Usage
	CreatedAt   time.Time
	// ExpiresAt is zero for a key that does not expire.
	ExpiresAt time.Time
	// LastUsedAt is zero for a key that was never used.
	LastUsedAt time.Time
	// Public deploy keys are for every project: its maintainers may enable them.
	Public bool
}

// Known says whether k is a key at all.
func (k Key) Known() bool { return k.ID != 0 }

// Expired says whether k can no longer be used at now.
func (k Key) Expired(now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}

// ExpiresSoon says whether k still works at now but not seven days later.
func (k Key) ExpiresSoon(now time.Time) bool {
	return !k.Expired(now) && k.Expired(now.AddDate(0, 0, 7))
}

// Fingerprint is the SHA-256 of a key's blob in base64 without padding and
// without the prefix "SHA256:". It is unique on an instance.
type Fingerprint string

// ParseBlob reads a key as SSH daemons pass it: the base64 of the blob, padded
// (OpenSSH) or not (gitlab-sshd), with blanks where a "+" was not escaped, or
// a whole public key line. ok is false for anything that is no SSH blob, and
// for certificates.
func ParseBlob(text string) (print Fingerprint, ok bool) {
	if print, ok := parseBlob(strings.ReplaceAll(strings.TrimSpace(text), " ", "+")); ok {
		return print, true
	}
	for field := range strings.FieldsSeq(text) {
		if print, ok := parseBlob(field); ok {
			return print, true
		}
	}
	return "", false
}

func parseBlob(encoded string) (Fingerprint, bool) {
	blob, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return "", false
	}
	algorithm, ok := firstString(blob)
	if !ok || algorithm == "" || strings.Contains(algorithm, "-cert-") {
		return "", false
	}
	return fingerprint(blob), true
}

// firstString is the length-prefixed string that every SSH blob begins with;
// something must follow it.
func firstString(blob []byte) (string, bool) {
	if len(blob) < 4 {
		return "", false
	}
	n := uint64(binary.BigEndian.Uint32(blob))
	if n > 64 || n+4 >= uint64(len(blob)) {
		return "", false
	}
	return string(blob[4 : 4+n]), true
}

func fingerprint(blob []byte) Fingerprint {
	sum := sha256.Sum256(blob)
	return Fingerprint(base64.RawStdEncoding.EncodeToString(sum[:]))
}
