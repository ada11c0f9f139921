package worldtx

import (
	"context"
	"database/sql"
	"iter"
	"slices"
	"strings"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application/worldimport"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

const (
	groupContents = "SELECT * FROM namespaces WHERE owner_id IS NULL ORDER BY id"

	projectContents = `
		SELECT p.*, c.username AS creator FROM projects p LEFT JOIN users c ON c.id = p.creator_id
		WHERE p.id > ? ORDER BY p.id LIMIT ?`

	hookContents = `
		SELECT h.*, coalesce(h.url_shown, h.url) AS shown, g.path AS group_path, p.path AS project_path
		FROM hooks h LEFT JOIN namespaces g ON g.id = h.group_id LEFT JOIN projects p ON p.id = h.project_id ORDER BY h.id`
)

var (
	protectionContents = queries.Query("described_protections")
	memberContents     = queries.Query("described_members")
	shareContents      = queries.Query("described_shares")
)

// Groups implements worldimport.TreeContents.
func (c contents) Groups(ctx context.Context) iter.Seq2[worldimport.Group, error] {
	return stream(c.tx.WithContext(ctx), "groups", groupContents, func(row *namespaceRow) (worldimport.Group, error) { return row.described() })
}

type describedProject struct {
	Row     projectRow `gorm:"embedded"`
	Creator *string
}

// Projects implements worldimport.TreeContents.
func (c contents) Projects(ctx context.Context) iter.Seq2[worldimport.Project, error] {
	tx := c.tx.WithContext(ctx)
	number := func(row describedProject) int64 { return row.Row.ID }
	return pages(tx, "projects", projectContents, number, func(page []describedProject, first, last int64) ([]worldimport.Project, error) {
		out, at := make([]worldimport.Project, len(page)), make(map[int64]*worldimport.Project, len(page))
		for i, row := range page {
			out[i] = row.Row.project()
			out[i].Creator, out[i].Protections = text(row.Creator), []worldimport.Protection{}
			at[row.Row.ID] = &out[i]
		}
		redirects, err := gorm.G[redirectRow](tx).Where("project_id BETWEEN ? AND ?", first, last).Find(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range redirects {
			at[r.ProjectID].MovedFrom = append(at[r.ProjectID].MovedFrom, source.Path(r.Path))
		}
		for i := range out {
			slices.Sort(out[i].MovedFrom)
		}
		return out, describeProtections(tx, at, first, last)
	})
}

type describedEntry struct {
	Row       protectionRow `gorm:"embedded"`
	Verb      string
	Level     int64
	Username  *string
	GroupPath *string
	KeyID     database.Ref
}

// describeProtections adds the protections of the projects with these numbers.
func describeProtections(tx *gorm.DB, projects map[int64]*worldimport.Project, first, last int64) error {
	var entries []describedEntry
	if err := protectionContents.Raw(tx, sql.Named("first", first), sql.Named("last", last)).Scan(&entries).Error; err != nil {
		return err
	}
	for i, e := range entries {
		all := &projects[e.Row.ProjectID].Protections
		if i == 0 || entries[i-1].Row.ID != e.Row.ID {
			*all = append(*all, worldimport.Protection{Kind: refKind(e.Row.Kind), Pattern: source.Pattern(e.Row.Pattern), AllowForcePush: e.Row.AllowForcePush})
		}
		p := &(*all)[len(*all)-1]
		if accesses := p.Entries(source.ProtectionVerb(e.Verb)); accesses != nil {
			*accesses = append(*accesses, worldimport.Access{
				Role: source.Role(e.Level), User: text(e.Username), Group: text(e.GroupPath), DeployKey: identity.KeyID(e.KeyID),
			})
		}
	}
	return nil
}

type describedMember struct {
	Row         memberRow `gorm:"embedded"`
	Username    string
	GroupPath   *string
	ProjectPath *string
	Creator     *string
}

// Members implements worldimport.TreeContents.
func (c contents) Members(ctx context.Context) iter.Seq2[worldimport.Member, error] {
	return stream(c.tx.WithContext(ctx), "members", memberContents.Text(c.dialect), func(row *describedMember) (worldimport.Member, error) {
		m := row.Row.member()
		m.User, m.Group, m.Project, m.Creation = row.Username, text(row.GroupPath), text(row.ProjectPath), named(m.Creation, row.Creator)
		return m, nil
	})
}

type describedShare struct {
	Row         shareRow `gorm:"embedded"`
	WithPath    string
	GroupPath   *string
	ProjectPath *string
	Creator     *string
}

// Shares implements worldimport.TreeContents.
func (c contents) Shares(ctx context.Context) iter.Seq2[worldimport.Share, error] {
	return stream(c.tx.WithContext(ctx), "shares", shareContents.Text(c.dialect), func(row *describedShare) (worldimport.Share, error) {
		s := row.Row.share()
		s.With, s.Group, s.Project, s.Creation = row.WithPath, text(row.GroupPath), text(row.ProjectPath), named(s.Creation, row.Creator)
		return s, nil
	})
}

type describedHook struct {
	Row         hookRow `gorm:"embedded"`
	Shown       string
	GroupPath   *string
	ProjectPath *string
}

// Hooks implements worldimport.TreeContents.
func (c contents) Hooks(ctx context.Context) iter.Seq2[worldimport.Hook, error] {
	return stream(c.tx.WithContext(ctx), "hooks", hookContents, func(row *describedHook) (worldimport.Hook, error) {
		h := worldimport.Hook{Group: text(row.GroupPath), Project: text(row.ProjectPath), Hook: row.Row.hook()}
		h.Hook.URL, h.Hook.Token = c.hookURL(row), c.hide(seals.HookToken, row.Row.ID, row.Row.Token)
		h.Hook.Headers = c.hideValues(seals.HookHeaders, row.Row.ID, row.Row.Headers)
		h.Hook.Variables = c.hideValues(seals.HookVariables, row.Row.ID, row.Row.Variables)
		return h, nil
	})
}

// hideValues opens headers or variables, or hides them.
func (c contents) hideValues(column seals.Column, id int64, sealed string) []hooks.KeyValue {
	switch {
	case sealed == "":
		return nil
	case !c.secrets:
		return worldimport.NoValues
	}
	return c.openedValues(column, id, sealed)
}

// hookURL returns the URL of a hook, or what of it may be shown. One that is not sealed
// yet is as it was given.
func (c contents) hookURL(row *describedHook) string {
	shown := hooks.Hook{URL: row.Shown}.DisplayURL()
	if !c.secrets || !hooks.IsRedacted(shown) {
		return shown
	}
	if strings.HasPrefix(row.Row.URL, "http") {
		return row.Row.URL
	}
	if url := c.opened(seals.HookURL, row.Row.ID, row.Row.URL); url != worldimport.NoSecret {
		return url
	}
	return shown
}
