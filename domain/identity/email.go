package identity

import (
	"slices"
	"time"
	"unicode/utf8"

	"gatehouse/domain"
)

// Email is a secondary e-mail of a user.
type Email struct {
	ID      int64
	User    UserID
	Address string
	// ConfirmedAt is zero for one that only its user claims.
	ConfirmedAt time.Time
	CreatedAt   time.Time
}

// Check returns what is wrong with the address as the management API takes it. One that is
// taken already is another matter.
func (e Email) Check() domain.FieldErrors {
	if !isAddress(e.Address) {
		return domain.WrongField("email", "is invalid")
	}
	return nil
}

func isAddress(text string) bool {
	return address.MatchString(text) && utf8.RuneCountInString(text) <= maxName
}

// FindEmail returns the e-mail of that address, in whatever letter case of A to Z, and
// whether there is one.
func FindEmail(all []Email, address string) (e Email, found bool) {
	for _, e := range all {
		if Fold(e.Address) == Fold(address) {
			return e, true
		}
	}
	return Email{}, false
}

// Addresses returns those of e-mails.
func Addresses(all []Email) []string {
	out := make([]string, len(all))
	for i, e := range all {
		out[i] = e.Address
	}
	return out
}

// WithoutPrimary returns secondary e-mails without the user's primary one.
func (u User) WithoutPrimary(all []Email) []Email {
	return slices.DeleteFunc(slices.Clone(all), func(e Email) bool { return Fold(e.Address) == Fold(u.Email) })
}

// MaxEmail is how many bytes an e-mail may have: a store has an index of whole ones.
const MaxEmail = 2000

// CheckEmail returns why no user can have that e-mail, or nil. An empty one is none.
func CheckEmail(address string) *domain.Refusal {
	if len(address) > MaxEmail {
		return domain.Refuse(domain.Invalid, "the e-mail is longer than %d bytes", MaxEmail)
	}
	return nil
}

// CheckPublicEmail returns why a user cannot have that public email, or nil: it must be
// an address of theirs, of the secondary ones one that is confirmed. Letter case does not
// count; an empty one is none.
func (u User) CheckPublicEmail(address string, secondary ...Email) *domain.Refusal {
	if address == "" || Fold(address) == Fold(u.Email) {
		return nil
	}
	if e, found := FindEmail(secondary, address); found && !e.ConfirmedAt.IsZero() {
		return nil
	}
	return domain.Refuse(domain.Invalid, "public_email must be the user's email, a confirmed one of the user's emails, or empty to tell no address")
}

// WithPublicEmail returns u with that public email, with none if it is no address of
// theirs.
func (u User) WithPublicEmail(address string, secondary ...Email) User {
	if u.CheckPublicEmail(address, secondary...) != nil {
		address = ""
	}
	u.PublicEmail = address
	return u
}
