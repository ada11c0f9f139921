package management

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application"
	"gatehouse/application/deploykeys"
	"gatehouse/application/projects"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// DeployKeys reads deploy keys.
type DeployKeys struct{ db *database.DB }

// NewDeployKeys returns the reader of deploy keys in a database.
func NewDeployKeys(db *database.DB) *DeployKeys { return &DeployKeys{db} }

// deployKeyListing is the data of deploy_key_views.
type deployKeyListing struct {
	listing
	Public bool
}

// Views implements deploykeys.Records.
func (d *DeployKeys) Views(ctx context.Context, f deploykeys.Filter, page application.Page, now time.Time) (application.Listed[deploykeys.View], error) {
	data := &deployKeyListing{listing{Text: database.Text{Dialect: d.db.Dialect}, page: page, args: map[string]any{
		"today": now.UTC().Format(time.DateOnly),
	}}, f.Public}
	if f.ID != 0 {
		data.args["id"] = int64(f.ID)
	}
	if f.Project != 0 {
		data.args["project"] = int64(f.Project)
	}
	if f.Maintainers != nil {
		data.args["maintainers"] = numbers(f.Maintainers)
	}
	l, err := listed(ctx, d.db, "deploy_key_views", data, scanDeployKey)
	if err == nil && f.WithProjects && len(l.Items) > 0 {
		err = d.addProjects(ctx, l.Items)
	}
	return l, database.Fault(err, "deploy keys")
}

func scanDeployKey(v *deploykeys.View) []any {
	return append(scanKey(&v.Key), &v.Public, &v.Comment, database.Null(&v.CanPush))
}

var projectsOfDeployKeys = queries.Query("projects_of_deploy_keys")

// addProjects fills in the projects of deploy keys, which are in the order of their numbers or
// the other way round.
func (d *DeployKeys) addProjects(ctx context.Context, views []deploykeys.View) (err error) {
	ids, at := make([]identity.KeyID, len(views)), map[identity.KeyID]*deploykeys.View{}
	for i := range views {
		ids[i], at[views[i].ID] = views[i].ID, &views[i]
	}
	rows, err := projectsOfDeployKeys.Raw(d.db.Gorm.WithContext(ctx), sql.Named("keys", numbers(ids))).Rows()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var key identity.KeyID
		var p deploykeys.Project
		var in projects.Namespace
		var owner string
		err := rows.Scan((*int64)(&key), &p.CanPush, (*int64)(&p.ID), &p.Path, &p.Name, &p.Description, database.Time(&p.CreatedAt),
			(*int64)(&in.ID), &in.Path, scanNames{&in}, database.Null(&owner))
		if err != nil {
			return err
		}
		p.Name = source.ProjectProfile{Name: p.Name}.Complete(p.Path).Name
		if p.NamespaceName = in.FullName; owner != "" {
			p.NamespaceName = owner
		}
		at[key].Projects = append(at[key].Projects, p)
	}
	return rows.Err()
}

const (
	userByID   = "SELECT id FROM users WHERE id = $1"
	userByName = "SELECT u.id FROM routes r JOIN namespaces n ON n.id = r.namespace_id JOIN users u ON u.id = n.owner_id WHERE r.path = $1"
)

// User implements deploykeys.Records.
func (d *DeployKeys) User(ctx context.Context, who identity.Claim) (id identity.UserID, err error) {
	query, arg := userByID, any(who.ID)
	if who.Kind == identity.ByName {
		query, arg = userByName, identity.Fold(who.Name)
	}
	if !database.Storable(who.Name) {
		return 0, database.NotFound("user %s", who)
	}
	err = d.db.Pool.QueryRowContext(ctx, query, arg).Scan((*int64)(&id))
	return id, database.Fault(err, "user %s", who)
}
