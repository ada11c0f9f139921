package billing

import (
	"fmt"
	"strconv"
	"strings"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

const blank = "can't be blank"

// Rejection is why one reconciliation of a list was not kept, or why none was.
type Rejection struct {
	Namespace source.NamespaceID
	// Whole says that the list as a whole was rejected.
	Whole    bool
	Messages []string
}

// Rejections are an error, and a refusal of kind Unprocessable.
type Rejections []Rejection

// Error names the namespaces.
func (rs Rejections) Error() string {
	lines := make([]string, len(rs))
	for i, r := range rs {
		lines[i] = "namespace " + strconv.FormatInt(int64(r.Namespace), 10)
		if r.Whole {
			lines[i] = "the list"
		}
		lines[i] += ": " + strings.Join(r.Messages, ", ")
	}
	return strings.Join(lines, "; ")
}

// Unwrap returns the refusal.
func (rs Rejections) Unwrap() error { return domain.Refuse(domain.Unprocessable, "%s", rs.Error()) }

const alreadyTaken = "has already been taken"

// ErrSubscriptionTaken is the error for a second subscription of one namespace.
var ErrSubscriptionTaken = domain.WrongField("namespace_id", alreadyTaken)

// ErrPurchaseTaken is the error for a purchase of another namespace.
var ErrPurchaseTaken = domain.WrongField("purchase_xid", alreadyTaken)

// PackError is why one pack of a list was not kept.
type PackError struct {
	// Index is its place in the list, from 0.
	Index       int
	PurchaseXID string
	Fields      domain.FieldErrors
}

// PackErrors are an error, and a refusal of kind Unprocessable.
type PackErrors []PackError

// maxPackErrors is how many packs Error names. maxXIDShown is in characters.
const (
	maxPackErrors = 100
	maxXIDShown   = 40
)

// Error names the packs by their places and purchases.
func (ps PackErrors) Error() string {
	var text strings.Builder
	text.WriteString("Unable to save additional packs")
	for i, p := range ps[:min(len(ps), maxPackErrors)] {
		text.WriteString([]string{": ", "; "}[min(i, 1)])
		fmt.Fprintf(&text, "packs[%d] (purchase_xid %.*q): %v", p.Index, maxXIDShown, p.PurchaseXID, p.Fields)
	}
	if more := len(ps) - maxPackErrors; more > 0 {
		fmt.Fprintf(&text, "; and %d more", more)
	}
	return text.String()
}

// Unwrap returns the refusal.
func (ps PackErrors) Unwrap() error { return domain.Refuse(domain.Unprocessable, "%s", ps.Error()) }
