package identity

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gatehouse/domain"
)

// Policy is what the instance demands of users and their keys. The zero
// Policy demands nothing beyond an active user and a key that has not expired.
type Policy struct {
	// TermsEnforced refuses users who have not accepted the terms.
	TermsEnforced bool
	// MinimumBits is the least size of a key by algorithm family (rsa, dsa,
	// ecdsa, ed25519, ecdsa_sk, ed25519_sk): 0 takes any, Forbidden none.
	MinimumBits map[string]int
	// BannedKeys are known to be compromised.
	BannedKeys []Fingerprint
}

// Forbidden, as a minimum of bits, refuses a family of keys altogether. It is
// GitLab's own number.
const Forbidden = -1

// KeyFamilies lists the names that MinimumBits knows.
var KeyFamilies = []string{"rsa", "dsa", "ecdsa", "ed25519", "ecdsa_sk", "ed25519_sk"}

// CheckKey returns why k may not be used at now, or nil. Deploy keys are not
// held to MinimumBits: GitLab checks the type and size of people's keys only.
func (p Policy) CheckKey(k Key, now time.Time) *domain.Refusal {
	if !k.Known() {
		return nil
	}
	if k.Kind == UserKey {
		if family, bits := keySize(k.Line); !p.allows(family, bits) {
			return domain.Refuse(domain.Forbidden, "Your SSH key is not allowed here: keys of type %s are restricted. Add another key to your profile.", family)
		}
	}
	if slices.Contains(p.BannedKeys, k.Fingerprint) {
		return domain.Refuse(domain.Forbidden, "Your SSH key is known to be compromised and was banned. Add a new key to your profile.")
	}
	if k.Expired(now) {
		return domain.Refuse(domain.Forbidden, "Your SSH key has expired. Add a new key to your profile.")
	}
	return nil
}

// CheckNew returns what is wrong at now with a new key of a user's, as the management API
// takes it.
func (p Policy) CheckNew(k Key, now time.Time) (wrong domain.FieldErrors) {
	add := func(field, message string) { wrong = append(wrong, domain.FieldError{Field: field, Message: message}) }
	family, bits := keySize(k.Line)
	switch minimum := p.MinimumBits[family]; {
	case minimum == Forbidden:
		message := "type is forbidden"
		if allowed := p.families(); allowed != "" {
			message += ". Must be " + allowed
		}
		add("key", message)
	case bits < minimum:
		add("key", fmt.Sprintf("must be at least %d bits", minimum))
	case slices.Contains(p.BannedKeys, k.Fingerprint):
		add("key", "cannot be used because it belongs to a compromised private key. Stop using this key and generate a new one.")
	}
	switch {
	case strings.TrimSpace(k.Title) == "":
		add("title", "can't be blank")
	case utf8.RuneCountInString(k.Title) > maxName:
		add("title", "is too long (maximum is 255 characters)")
	}
	if k.Expired(now) {
		add("expires_at", "is in the past")
	}
	return wrong
}

// families returns the families of keys that are not forbidden, as a list in words; empty
// if there are none.
func (p Policy) families() string {
	var names []string
	for _, family := range KeyFamilies {
		if p.MinimumBits[family] != Forbidden {
			names = append(names, strings.ToUpper(family))
		}
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " or " + names[last]
	}
	return strings.Join(names, "")
}

func (p Policy) allows(family string, bits int) bool {
	minimum := p.MinimumBits[family]
	return minimum != Forbidden && bits >= minimum
}

// CheckUser returns why u may not use Git at now, or nil. The zero User passes:
// whether anonymous users may come in depends on the repository. CheckUser
// gives only the first reason.
func (p Policy) CheckUser(u User, now time.Time) *domain.Refusal {
	if flaw := p.flaw(u, now); flaw != nil {
		return domain.Refuse(domain.Forbidden, "%s", flaw.reason)
	}
	return nil
}

// MendUser returns what would remove the first reason of CheckUser, in words for an
// operator, and the user without it. The remedy is empty if there is no reason.
func (p Policy) MendUser(u User, now time.Time) (remedy string, mended User) {
	flaw := p.flaw(u, now)
	if flaw == nil {
		return "", u
	}
	flaw.mend(&u)
	return flaw.remedy, u
}

// flaw returns the first reason to refuse u, in GitLab's order, or nil.
func (p Policy) flaw(u User, now time.Time) *userFlaw {
	switch {
	case !u.Known():
		return nil
	case u.Type.IsInternal():
		return &internalAccount
	case u.State == PendingApproval:
		return &notApproved
	case p.TermsEnforced && !u.TermsAccepted:
		return &termsNotAccepted
	case u.State == Deactivated:
		return &deactivated
	case !u.EmailConfirmed:
		return &emailNotConfirmed
	case u.State == Banned:
		return &banned
	case u.State != Active:
		return &blocked
	case !u.PasswordExpiresAt.IsZero() && !now.Before(u.PasswordExpiresAt):
		return &passwordExpired
	default:
		return nil
	}
}

// userFlaw is a reason to refuse a user: the reason for the user, the remedy for an
// operator, and the remedy's effect.
type userFlaw struct {
	reason, remedy string
	mend           func(*User)
}

var (
	internalAccount = userFlaw{
		"This account is internal to the instance and cannot use Git.",
		"another account: this one is internal to the instance", func(u *User) { u.Type = Human },
	}
	notApproved = userFlaw{
		"Your account is waiting for an administrator's approval.",
		"an administrator's approval of the account", activate,
	}
	termsNotAccepted = userFlaw{
		"You must accept the terms of service first. Sign in on the web to read and accept them.",
		"the user's acceptance of the terms of service", func(u *User) { u.TermsAccepted = true },
	}
	deactivated = userFlaw{
		"Your account has been deactivated. Sign in on the web to reactivate it.",
		"the account reactivated", activate,
	}
	emailNotConfirmed = userFlaw{
		"Your e-mail address is not confirmed. Follow the link in the confirmation mail.",
		"the user's confirmation of the e-mail address", func(u *User) { u.EmailConfirmed = true },
	}
	banned          = userFlaw{"Your account has been banned.", "an end of the account's ban", activate}
	blocked         = userFlaw{"Your account has been blocked.", "an end of the account's block", activate}
	passwordExpired = userFlaw{
		"Your password has expired. Set a new one on the web.",
		"a new password of the user's", func(u *User) { u.PasswordExpiresAt = time.Time{} },
	}
)

func activate(u *User) { u.State = Active }

// keySize reads family and size in bits from a key's line; the blob was
// checked when the key was added, so what cannot be read has size 0.
func keySize(line string) (family string, bits int) {
	algorithm, encoded, _ := strings.Cut(line, " ")
	switch {
	case algorithm == "ssh-rsa":
		return "rsa", modulusBits(encoded, 2)
	case algorithm == "ssh-dss":
		return "dsa", modulusBits(encoded, 1)
	case algorithm == "ssh-ed25519":
		return "ed25519", 256
	case strings.HasPrefix(algorithm, "sk-ssh-ed25519"):
		return "ed25519_sk", 256
	case strings.HasPrefix(algorithm, "sk-ecdsa-"):
		return "ecdsa_sk", 256
	case strings.HasSuffix(algorithm, "nistp521"):
		return "ecdsa", 521
	case strings.HasSuffix(algorithm, "nistp384"):
		return "ecdsa", 384
	case strings.HasSuffix(algorithm, "nistp256"):
		return "ecdsa", 256
	default:
		return algorithm, 0
	}
}

// modulusBits is the size of the nth integer of a blob: the second of an RSA
// key (after the exponent), the first of a DSA key.
func modulusBits(encoded string, nth int) int {
	blob, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return 0
	}
	for range nth + 1 { // one more: the algorithm's name stands first
		if len(blob) < 4 {
			return 0
		}
		n := uint64(binary.BigEndian.Uint32(blob))
		if n > uint64(len(blob)-4) {
			return 0
		}
		if nth == 0 {
			return new(big.Int).SetBytes(blob[4 : 4+n]).BitLen()
		}
		nth, blob = nth-1, blob[4+n:]
	}
	return 0
}
