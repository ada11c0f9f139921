// Package billing describes what a namespace has bought: its subscription and
// seats, packs of compute minutes, and its upcoming reconciliation.
package billing

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Namespace is a group or a personal namespace, as the one that pays.
type Namespace struct {
	ID source.NamespaceID
	// Path is the full path.
	Path source.Path
	// Top says that it is a top-level namespace. Personal namespaces always
	// are.
	Top bool
	// Owner is the user of a personal namespace; 0 for a group.
	Owner identity.UserID
}

// Personal says whether n is a personal namespace.
func (n Namespace) Personal() bool { return n.Owner != 0 }

// NamespaceRef names a namespace: by its number or, if that is 0, by its full
// path in any letter case.
type NamespaceRef struct {
	ID   source.NamespaceID
	Path source.Path
}

// Plan is what can be subscribed to.
type Plan struct {
	Code, Title string
	// Paid plans have seats that cost something.
	Paid bool
	// Top plans cannot be upgraded.
	Top bool
	// ExcludeGuests lets guests of a group take no seats.
	ExcludeGuests bool
}

// FreePlan is the code of the plan that "no plan" stands for.
const FreePlan = "free"

// Plans are all plans of the instance.
type Plans []Plan

// Find returns the plan of that code; ok is false if there is none.
func (ps Plans) Find(code string) (plan Plan, ok bool) {
	for _, p := range ps {
		if p.Code == code {
			return p, true
		}
	}
	return Plan{}, false
}

// PaidCodes are the codes of the paid plans.
func (ps Plans) PaidCodes() []string {
	var codes []string
	for _, p := range ps {
		if p.Paid {
			codes = append(codes, p.Code)
		}
	}
	return codes
}

// MinutesPack is one purchase of compute minutes.
type MinutesPack struct {
	Namespace source.NamespaceID
	// PurchaseXID is the portal's own name for the purchase. It is unique over
	// all namespaces, to the byte.
	PurchaseXID     string
	NumberOfMinutes int32
	// ExpiresAt is a day.
	ExpiresAt time.Time
}

// Purchase is a pack of compute minutes as the portal sells it. Its members may
// be missing: nil, empty or zero.
type Purchase struct {
	XID             string
	NumberOfMinutes *int32
	ExpiresAt       time.Time
}

// Pack returns the pack that a namespace gets, or what is wrong with each field,
// in their order.
func (p Purchase) Pack(of source.NamespaceID) (pack MinutesPack, wrong domain.FieldErrors) {
	pack = MinutesPack{Namespace: of, PurchaseXID: p.XID, ExpiresAt: p.ExpiresAt}
	switch {
	case p.NumberOfMinutes == nil:
		wrong = append(wrong, domain.FieldError{Field: "number_of_minutes", Message: blank})
	case *p.NumberOfMinutes < 0:
		wrong = append(wrong, domain.FieldError{Field: "number_of_minutes", Message: "must be greater than or equal to 0"})
	default:
		pack.NumberOfMinutes = *p.NumberOfMinutes
	}
	if p.ExpiresAt.IsZero() {
		wrong = append(wrong, domain.FieldError{Field: "expires_at", Message: blank})
	}
	if message := CheckPurchaseXID(p.XID); message != "" {
		wrong = append(wrong, domain.FieldError{Field: "purchase_xid", Message: message})
	}
	return pack, wrong
}

// maxXIDLength is in characters.
const maxXIDLength = 32

// CheckPurchaseXID returns what is wrong with the name of a purchase, or "".
func CheckPurchaseXID(xid string) string {
	switch {
	case strings.TrimSpace(xid) == "":
		return blank
	case utf8.RuneCountInString(xid) > maxXIDLength:
		return fmt.Sprintf("is too long (maximum is %d characters)", maxXIDLength)
	}
	return ""
}

// Reconciliation is the day on which a namespace will be asked to pay for the
// seats that it took beyond those it bought. There is one for each namespace.
type Reconciliation struct {
	Namespace source.NamespaceID
	// Next is the day itself, AlertFrom the first one on which it is announced.
	Next, AlertFrom time.Time
}

// CheckDates returns what is wrong with the days, in the order of the fields.
func (r Reconciliation) CheckDates() (wrong []string) {
	if r.Next.IsZero() {
		wrong = append(wrong, "Next reconciliation date can't be blank")
	}
	if r.AlertFrom.IsZero() {
		wrong = append(wrong, "Display alert from can't be blank")
	}
	return wrong
}

// CheckReader returns why a user, who has role in the namespace if it is a
// group, may not read what it has subscribed to, or nil.
func (n Namespace) CheckReader(u identity.User, role source.Role) error {
	switch {
	case u.Admin, n.Personal() && n.Owner == u.ID, role >= source.Owner:
		return nil
	case role > source.NoRole:
		return &domain.Refusal{Kind: domain.Forbidden}
	default:
		return domain.Refuse(domain.NotFound, "Namespace Not Found")
	}
}
