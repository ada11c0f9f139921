package conflicts

import (
	"context"
	"fmt"
	"slices"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// publicEmailVersion is the schema that has public e-mails.
const publicEmailVersion = 12

// findPaths finds each path that a project and a namespace have in common.
func findPaths(ctx context.Context, db *database.DB, _ int64) (listed []Conflict, all int, err error) {
	err = each(ctx, db, "paths", func(scan func(...any) error) error {
		var path string
		var project, namespace, user int64
		if err := scan(&all, &project, &path, &namespace, &user); err != nil {
			return err
		}
		rows := []string{fmt.Sprintf("project %d", project), fmt.Sprintf("group %d", namespace)}
		if user != 0 {
			rows[1] = fmt.Sprintf("user %d", user)
		}
		listed = append(listed, Conflict{
			rows, fmt.Sprintf("%s have the same path %q", list(rows), path),
			"give one of them another path with the gatehouse that runs now: apply its whole row with its id and that path",
		})
		return nil
	}, MostListed)
	return listed, all, err
}

// double is what several rows have and one may.
type double struct {
	// lowest is the number of the first row, size how many there are.
	lowest int64
	size   int
	// what is what they have.
	what string
	// ids and rows are the numbers and names of the first ones.
	ids  []int64
	rows []string
}

// all names the rows, or the first ones and how many follow.
func (d *double) all() string {
	rows := slices.Clone(d.rows)
	if more := d.size - len(rows); more > 0 {
		rows = append(rows, fmt.Sprintf("%d more", more))
	}
	return list(rows)
}

// findEmails finds each e-mail that several users have. Letters A to Z are the same in
// either case.
func findEmails(ctx context.Context, db *database.DB, version int64) (listed []Conflict, all int, err error) {
	var doubles []*double
	err = each(ctx, db, "emails", func(scan func(...any) error) error {
		var next double
		var id int64
		var username string
		if err := scan(&all, &next.lowest, &next.size, &id, &username, &next.what); err != nil {
			return err
		}
		if len(doubles) == 0 || doubles[len(doubles)-1].lowest != next.lowest {
			doubles = append(doubles, &next)
		}
		if d := doubles[len(doubles)-1]; len(d.ids) < mostRows {
			d.ids, d.rows = append(d.ids, id), append(d.rows, fmt.Sprintf("user %d %q", id, username))
		}
		return nil
	}, MostListed)
	for _, d := range doubles {
		listed = append(listed, Conflict{d.rows, fmt.Sprintf("%s have the same e-mail %q", d.all(), d.what), emailRemedy(db.Dialect, version, d)})
	}
	return listed, all, err
}

func emailRemedy(dialect database.Dialect, version int64, d *double) string {
	others := "id " + equals(d.ids[1:])
	if d.size > len(d.ids) {
		fold := "lower(email)"
		if dialect == database.Postgres {
			fold = `lower(email COLLATE "C")`
		}
		others = fmt.Sprintf("id <> %d AND %s = (SELECT %s FROM users WHERE id = %d)", d.lowest, fold, fold, d.lowest)
	}
	return fmt.Sprintf("give all but one of them another e-mail in the world file and apply it with the gatehouse that runs now, "+
		"or take it from all but user %d: %s", d.lowest, clearEmail(version, others))
}

// clearEmail is a statement that takes their e-mail from users.
func clearEmail(version int64, which string) string {
	public := ""
	if version >= publicEmailVersion {
		public = ", public_email = ''"
	}
	return fmt.Sprintf("UPDATE users SET email = ''%s WHERE %s", public, which)
}

// findLengths finds each e-mail and pattern that is too long.
func findLengths(ctx context.Context, db *database.DB, version int64) (listed []Conflict, all int, err error) {
	err = each(ctx, db, "lengths", func(scan func(...any) error) error {
		var kind, name string
		var id, size int64
		if err := scan(&all, &kind, &id, &name, &size); err != nil {
			return err
		}
		row := fmt.Sprintf("user %d %q", id, name)
		problem := fmt.Sprintf("%s has an e-mail of %d bytes, and %d are the most", row, size, identity.MaxEmail)
		remedy := clearEmail(version, "id "+equals([]int64{id}))
		if kind == "protection" {
			row = fmt.Sprintf("protection %d of project %q", id, name)
			problem = fmt.Sprintf("%s has a pattern of %d bytes, and %d are the most", row, size, source.MaxPattern)
			remedy = deleteProtections(equals([]int64{id}))
		}
		listed = append(listed, Conflict{[]string{row}, problem, "remove it: " + remedy})
		return nil
	}, identity.MaxEmail, source.MaxPattern, MostListed)
	return listed, all, err
}
