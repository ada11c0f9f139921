// Package lfs describes credentials for Git LFS: what they prove, how long they
// are valid, and what revokes them.
package lfs

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Token is the content of a credential. It proves who its bearer is, not what
// they may do: the LFS server checks access again.
type Token struct {
	// ID is different for each token.
	ID string
	// Username is the actor's, as ActorName writes it.
	Username string
	// Repository is where the token was asked for, and the only one it is
	// good for.
	Repository source.RepositoryID
	IssuedAt   time.Time
	ExpiresAt  time.Time
}

// Backdated is how long before its issue a token is good already: clocks
// differ.
const Backdated = 5 * time.Second

// Leeway is by how much the clock of the LFS server may differ.
const Leeway = time.Minute

// ValidAt says whether the token can be used at now.
func (t Token) ValidAt(now time.Time) bool {
	return !now.Add(Leeway).Before(t.IssuedAt.Add(-Backdated)) && now.Before(t.ExpiresAt.Add(Leeway))
}

// deployKeyPrefix stands before the number of a deploy key where a name is
// wanted; no username holds a "+".
const deployKeyPrefix = "lfs+deploy-key-"

// ActorName is the user name that goes with the actor's tokens: the username,
// or lfs+deploy-key-201. It is empty for an anonymous actor.
func ActorName(a identity.Actor) string {
	if a.IsDeployKey() {
		return deployKeyPrefix + strconv.FormatInt(int64(a.Key.ID), 10)
	}
	return a.User.Username
}

// ClaimOf reads what ActorName writes.
func ClaimOf(username string) identity.Claim {
	if id, ok := strings.CutPrefix(username, deployKeyPrefix); ok {
		return identity.ClaimKey(id)
	}
	if username == "" {
		return identity.Claim{}
	}
	return identity.ClaimName(username)
}

// SigningKey derives the key of the actor's tokens from the instance's: 32
// bytes, HMAC-SHA256 of a line of text. A person's depends on the version of
// their credentials, a deploy key's on its fingerprint, so that a change of
// either revokes all their tokens; so does a new instance key.
func SigningKey(instance []byte, a identity.Actor) []byte {
	mac := hmac.New(sha256.New, instance)
	if a.IsDeployKey() {
		fmt.Fprintf(mac, "lfs deploy-key %d %s", a.Key.ID, a.Key.Fingerprint)
	} else {
		fmt.Fprintf(mac, "lfs user %d %d", a.User.ID, a.User.CredentialVersion)
	}
	return mac.Sum(nil)
}
