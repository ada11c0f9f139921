package worldfile

import (
	"cmp"
	"encoding/base32"
	"fmt"
	"math"
	"regexp"
	"strings"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// here returns the place of the entry in the file.
func (e *entry) here() worldimport.FileLine { return worldimport.FileLine{Line: e.line} }

// greatestID is the greatest id that a file may ask for. Every JSON reader
// represents it exactly, and stores continue to count after it.
const greatestID = 1 << 53

// id returns an id that is unique within kind, 0 if it is absent.
func (e *entry) id(name, kind string) int64 {
	id, ok := e.number(name, 1, greatestID)
	if ok {
		what := fmt.Sprintf("%s number %d", kind, id)
		e.take(place{e.line, e.row()}, what, what)
	}
	return id
}

// takePath adds a mistake if another entry has the same path.
func (e *entry) takePath(line int, path string) {
	if path != "" {
		what := fmt.Sprintf("the path %q", identity.Fold(path))
		e.take(place{line, e.row()}, what, what)
	}
}

func user(e *entry) worldimport.User {
	u := worldimport.User{
		FileLine: e.here(),
		User: identity.User{
			ID:                identity.UserID(e.id("id", "user")),
			Username:          e.needText("username"),
			Name:              e.text("name"),
			Email:             e.text("email"),
			State:             word(e, "state", identity.States, identity.Active),
			Type:              word(e, "type", identity.UserTypes, identity.Human),
			Admin:             e.flag("admin", false),
			External:          e.flag("external", false),
			TermsAccepted:     e.flag("terms_accepted", false),
			EmailConfirmed:    e.flag("email_confirmed", true),
			PasswordExpiresAt: e.moment("password_expires_at"),
			CredentialVersion: e.credentialVersion(),
		},
		NamespaceID: source.NamespaceID(e.id("namespace_id", "namespace")),
		Profile: identity.Profile{
			CanCreateGroup: e.flag("can_create_group", true),
			ProjectsLimit:  e.amount("projects_limit", identity.DefaultProjectsLimit),
			Note:           e.text("note"),
			Settings:       e.settings("settings", remembered.Users),
			CreatedAt:      e.moment("created_at"),
		},
		CreatedBy: e.text("created_by"),
	}
	e.takePath(e.line, u.User.Username)
	if u.User.Username != "" {
		e.wrong("username", "user", u.User.Username, identity.CheckUsername(u.User.Username))
	}
	e.takeEmail(u.User)
	u.Emails = e.emails(u.User)
	u.User.PublicEmail = e.publicEmail(u.User, u.Emails)
	u.User.Name = cmp.Or(u.User.Name, u.User.Username)
	u.User.TwoFactor, u.TOTPSecret = e.twoFactor()
	return u
}

// takeEmail adds a mistake if another user has the same e-mail.
func (e *entry) takeEmail(u identity.User) {
	if u.Email == "" {
		return
	}
	e.wrong("email", "user", u.Username, identity.CheckEmail(u.Email))
	e.take(place{e.members["email"].Line, e.row()}, "this e-mail", "e-mail "+identity.Fold(u.Email))
}

// secondaryEmail is an entry of the emails of a user.
type secondaryEmail struct {
	worldimport.FileLine
	identity.Email
}

// emails returns the secondary e-mails of a user.
func (e *entry) emails(u identity.User) (all []identity.Email) {
	for _, one := range each(e, "emails", func(one *entry) secondaryEmail {
		email := secondaryEmail{one.here(), identity.Email{Address: one.needText("email"), ConfirmedAt: one.moment("confirmed_at")}}
		if email.Address != "" {
			one.wrong("email", "user", u.Username, identity.CheckEmail(email.Address))
			one.take(place{one.members["email"].Line, e.row()}, "this e-mail", "e-mail "+identity.Fold(email.Address))
		}
		return email
	}) {
		all = append(all, one.Email)
	}
	return all
}

// publicEmail returns an address that is empty if it is absent. Without all e-mails in the
// row it is judged once those that are kept are known.
func (e *entry) publicEmail(u identity.User, secondary []identity.Email) string {
	address := e.text("public_email")
	if e.gives("email") && e.gives("emails") {
		e.wrong("public_email", "user", u.Username, u.CheckPublicEmail(address, secondary...))
	}
	return address
}

// amount returns a number of 0 or more, or otherwise if it is absent.
func (e *entry) amount(name string, otherwise int64) int64 {
	if value, ok := e.number(name, 0, greatestID); ok {
		return value
	}
	return otherwise
}

// credentialVersion returns 1 if it is absent: the password was never changed.
func (e *entry) credentialVersion() int64 {
	version, ok := e.number("credential_version", 1, math.MaxInt64)
	if !ok {
		return 1
	}
	return version
}

// twoFactor reads a second factor: a secret of one-time passwords, WebAuthn,
// or both. No secret is ever repeated.
func (e *entry) twoFactor() (enabled bool, secret string) {
	node := e.member("two_factor")
	if node == nil {
		return false, ""
	}
	factors := e.entry(node, "two_factor")
	if factors == nil {
		return false, ""
	}
	defer factors.done()
	secret = strings.TrimRight(strings.ToUpper(strings.ReplaceAll(factors.text("totp_secret"), " ", "")), "=")
	if secret != "" && !isTOTPSecret(secret) {
		e.mistake(node.Line, "totp_secret is not base32 of 10 bytes or more")
		return false, ""
	}
	if webauthn := factors.flag("webauthn", false); !webauthn && secret == "" {
		e.mistake(node.Line, "two_factor needs totp_secret or webauthn")
	}
	return true, secret
}

// shortestTOTP is in bytes.
const shortestTOTP = 10

// isTOTPSecret decodes the text and encodes it again, because the decoder
// ignores an extra digit.
func isTOTPSecret(text string) bool {
	encoding := base32.StdEncoding.WithPadding(base32.NoPadding)
	raw, err := encoding.DecodeString(text)
	return err == nil && len(raw) >= shortestTOTP && encoding.EncodeToString(raw) == text
}

func key(e *entry) worldimport.Key {
	k := worldimport.Key{FileLine: e.here(), User: e.needText("user"), Key: e.publicKey()}
	k.Key.Kind, k.Key.Comment = identity.UserKey, "" // of a user's key none is kept
	k.Key.Usage = word(e, "usage", identity.Usages, identity.AuthAndSigning)
	return k
}

func deployKey(e *entry) worldimport.DeployKey {
	k := worldimport.DeployKey{FileLine: e.here(), Creator: e.text("creator"), Key: e.publicKey()}
	k.Key.Kind, k.Key.Public = identity.DeployKey, e.flag("public", false)
	k.Key.Usage = identity.AuthAndSigning
	k.Projects = each(e, "projects", func(p *entry) worldimport.DeployKeyProject {
		enabled := worldimport.DeployKeyProject{FileLine: p.here(), Path: p.needText("project"), CanPush: p.flag("can_push", false)}
		if k.Key.Fingerprint != "" && enabled.Path != "" {
			fold := identity.Fold(enabled.Path)
			p.secretOnce(p.line, "this key's project "+fold, string(k.Key.Fingerprint)+" "+fold)
		}
		return enabled
	})
	return k
}

// publicKey reads the members that user keys and deploy keys share. A public
// key may occur once on the instance.
func (e *entry) publicKey() identity.Key {
	k := identity.Key{
		ID:        identity.KeyID(e.id("id", "key")),
		Title:     e.text("title"),
		CreatedAt: e.moment("created_at"),
		ExpiresAt: e.moment("expires_at"),
	}
	text := e.needText("key")
	if text == "" {
		return k
	}
	line := e.members["key"].Line
	var err error
	if k.Line, k.Fingerprint, err = identity.ParsePublicKey(text); err != nil {
		e.mistake(line, "key: %s", reason(err))
		return k
	}
	k.Comment = identity.KeyComment(text)
	e.take(place{line, e.row()}, "this key", "key "+string(k.Fingerprint))
	return k
}

// reason returns the message of a refusal.
func reason(err error) string {
	if refusal, ok := err.(*domain.Refusal); ok {
		return refusal.Message
	}
	return "not readable"
}

func accessToken(e *entry) worldimport.AccessToken {
	t := worldimport.AccessToken{
		FileLine:    e.here(),
		User:        e.needText("user"),
		Name:        e.needText("name"),
		Description: e.text("description"),
		Digest:      e.token("access token"),
		CreatedAt:   e.moment("created_at"),
		ExpiresAt:   e.moment("expires_at"),
		Revoked:     e.flag("revoked", false),
	}
	e.texts("scopes", func(line int, scope string) {
		if !scopeWord.MatchString(scope) {
			e.mistake(line, "each of scopes must be a word such as read_api")
		}
		t.Scopes = append(t.Scopes, scope)
	})
	if len(t.Scopes) == 0 {
		e.mistake(e.line, "%s needs scopes", e.what)
	}
	return t
}

var scopeWord = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func agent(e *entry) worldimport.Agent {
	a := worldimport.Agent{
		FileLine:  e.here(),
		ID:        e.id("id", "agent"),
		Name:      e.needText("name"),
		Project:   e.needText("project"),
		CreatedBy: e.text("created_by"),
		CreatedAt: e.moment("created_at"),
	}
	if a.Name != "" && a.Project != "" {
		e.once(e.line, "agent %q of project %q", identity.Fold(a.Name), identity.Fold(a.Project))
	}
	a.Tokens = each(e, "tokens", func(t *entry) worldimport.AgentToken {
		return worldimport.AgentToken{
			FileLine:    t.here(),
			Name:        t.needText("name"),
			Description: t.text("description"),
			Digest:      t.token("agent token"),
			Revoked:     t.flag("revoked", false),
			Creation:    t.creation("creator"),
		}
	})
	return a
}

// creation reads when a row was created, and by which user, whose username is a member
// of that name.
func (e *entry) creation(creator string) worldimport.Creation {
	return worldimport.Creation{CreatedAt: e.moment("created_at"), CreatedBy: e.text(creator)}
}

// token reads the text of a token and returns its digest, or reads the digest in place of
// the text. The same token must not occur twice.
func (e *entry) token(kind string) (digest identity.TokenDigest) {
	member := "token"
	if !e.absent("digest") {
		member = "digest"
	}
	switch {
	case e.absent("token") == e.absent("digest"):
		e.member("token")
		e.member("digest")
		e.mistake(e.line, "%s needs either token or digest", e.what)
		return ""
	case member == "digest":
		e.member("token")
		var ok bool
		digest, ok = identity.ParseTokenDigest(e.text("digest"))
		if !ok && isText(resolve(e.members["digest"])) {
			e.mistake(e.members["digest"].Line, "digest must be 64 hexadecimal digits, the SHA-256 of the token")
		}
		if !ok {
			return ""
		}
	default:
		text := e.needText("token")
		e.member("digest")
		if text == "" {
			return ""
		}
		digest = identity.DigestToken(text)
	}
	e.take(place{e.members[member].Line, e.row()}, "this "+kind, kind+" "+string(digest))
	return digest
}
