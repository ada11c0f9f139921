// Package doctor checks whether a server could run with these settings: it is
// the work of `gatehouse check`.
package doctor

import (
	"context"
	"fmt"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/redisstate"
	"gatehouse/adapters/secretfile"
	"gatehouse/bootstrap/config"
)

// Checkup is the result of one check.
type Checkup struct {
	// Name is a key of the settings, or that of a storage.
	Name string
	// Problem says what is wrong, or is nil.
	Problem error
	// Warning says what should be better, or is nil. Nothing is wrong for now.
	Warning error
	// Skipped says that nothing was checked.
	Skipped bool
	// Detail says what was found.
	Detail string
}

// Check checks everything that a server needs, and changes nothing.
func Check(ctx context.Context, config config.Config) []Checkup {
	var checkups []Checkup
	if c, ok := checkUser(config); ok {
		checkups = append(checkups, c)
	}
	database := checkDatabase(ctx, config.Database)
	checkups = append(checkups, database)
	if config.Database.OnPostgres() && database.Problem == nil {
		checkups = append(checkups, checkPoolSize(ctx, config.Database))
	}
	checkups = append(checkups, checkSecrets(ctx, config)...)
	if config.Redis.URL != "" {
		checkups = append(checkups, checkRedis(ctx, config.Redis.URL))
	}
	checkups = append(checkups, checkSpool(config))
	if config.HTTP.Socket != "" {
		checkups = append(checkups, checkSocket(config.HTTP))
	}
	return append(checkups, checkGitaly(ctx, config.Gitaly)...)
}

// checkDatabase reads the schema of the database. Of an SQLite file it also
// checks the folder, where SQLite writes its journal.
func checkDatabase(ctx context.Context, d config.Database) Checkup {
	c := Checkup{Name: "database.url", Detail: d.Place()}
	if file := d.File(); file != "" {
		if err := checkFile(config.Absolute(file)); err != nil {
			return Checkup{Name: c.Name, Problem: err}
		}
	}
	switch {
	case d.InMemory():
		return c
	case d.IsMissing():
		c.Detail += " is not there yet; serve will make it"
		return c
	}
	if file := d.File(); file != "" {
		c.Warning = secretfile.OpenToAll(config.Absolute(file))
	}
	schema, err := gormstore.ReadSchema(ctx, string(d.URL))
	switch {
	case err != nil:
		c.Problem = err
	case schema.Version < schema.Target && d.Migrate:
		c.Detail = fmt.Sprintf("%s, schema version %d; serve will bring it to %d", c.Detail, schema.Version, schema.Target)
	case schema.ServesNewer():
		c.Detail = fmt.Sprintf("%s, schema version %d, newer than this program's %d, but serves this program", c.Detail, schema.Version, schema.Target)
	default:
		c.Problem = schema.Check()
		c.Detail = fmt.Sprintf("%s, schema version %d", c.Detail, schema.Version)
	}
	return c
}

// checkPoolSize compares the connections of a server with those that PostgreSQL takes.
func checkPoolSize(ctx context.Context, d config.Database) Checkup {
	c := Checkup{Name: "database.pool_size"}
	own, all, err := gormstore.ReadConnections(ctx, string(d.URL), gormstore.Limits{Connections: d.PoolSize})
	switch {
	case err != nil:
		c.Problem = err
	case own > all:
		c.Problem = fmt.Errorf("%d connections, and PostgreSQL takes %d from this user: lower it, or raise max_connections", own, all)
	default:
		c.Detail = fmt.Sprintf("%d of the %d connections that PostgreSQL takes, enough for %d servers", own, all, all/own)
	}
	return c
}

// checkFile returns why SQLite cannot use its file, the folder of it, or the files that it
// keeps beside it, or nil.
func checkFile(path string) error {
	if err := checkFolder(path); err != nil {
		return err
	}
	for _, suffix := range sqliteSuffixes {
		if err := checkOpens(path + suffix); err != nil {
			return err
		}
	}
	return nil
}

// checkRedis fails if Redis does not answer.
func checkRedis(ctx context.Context, at config.URL) Checkup {
	c := Checkup{Name: "redis.url", Detail: at.String()}
	state, err := redisstate.Open(string(at))
	if err != nil {
		c.Problem = err
		return c
	}
	defer func() { _ = state.Close() }()
	c.Problem = state.Ping(ctx)
	return c
}
