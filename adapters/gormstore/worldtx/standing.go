package worldtx

import (
	"context"
	"database/sql"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/management"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// Standing returns the group or project and the role of the user there, or
// domain.NotFound if there is none. The user may be 0.
func (w *writer) Standing(ctx context.Context, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error) {
	row := func(query *database.Query, args ...sql.NamedArg) *sql.Row {
		return query.Raw(w.tx.WithContext(ctx), args...).Row()
	}
	return management.StandingIn(row, user, on, now)
}
