package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.uber.org/zap"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/instancekey"
	"gatehouse/adapters/secretfile"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

// checkSecrets checks all files with secrets. A weak one is a warning, unless
// secrets.strict refuses it.
func checkSecrets(ctx context.Context, config config.Config) []Checkup {
	strict := secretCheck(config.Secrets.Strict)
	var checkups []Checkup
	for _, secret := range secretFiles(config) {
		c := strict.current(secret)
		if secret.key == instanceKey {
			c = compareKey(ctx, config, c)
		}
		checkups = append(checkups, c)
	}
	for _, secret := range previousSecretFiles(config) {
		checkups = append(checkups, strict.previous(secret))
	}
	if keys := config.SecretsInFile(); len(keys) > 0 {
		checkups = append(checkups, strict.weak(Checkup{Name: "configuration file", Detail: config.File}, withAccessKept(bootstrap.ConfigFileWeakness(config), config.File)))
	}
	return checkups
}

const instanceKey = "instance.key_file"

// secretFile is a file with a secret, by the key of its setting.
type secretFile struct {
	key, path string
	// check returns what is wrong with a content; nil for none.
	check func([]byte) error
	// given says that GitLab makes the file, and not serve.
	given bool
}

// secretFiles are those of current secrets. If one is missing serve makes it, unless it
// is given.
func secretFiles(config config.Config) []secretFile {
	files := []secretFile{
		{key: "shell.secret_file", path: config.Shell.SecretFile},
		{key: instanceKey, path: config.Instance.KeyFile, check: instancekey.CheckLength},
	}
	if config.Kas.Enabled {
		files = append(files, secretFile{key: "kas.secret_file", path: config.Kas.SecretFile, check: secretfile.CheckKey(secretfile.KasSize)})
	}
	if path := config.Workhorse.SecretFile; path != "" {
		files = append(files, secretFile{key: "workhorse.secret_file", path: path, check: secretfile.CheckKey(secretfile.WorkhorseSize), given: true})
	}
	return files
}

// previousSecretFiles are those of previous secrets, without which serve does too.
func previousSecretFiles(config config.Config) (files []secretFile) {
	if path := config.Shell.PreviousSecretFile; path != "" {
		files = append(files, secretFile{key: "shell.previous_secret_file", path: path})
	}
	if path := config.Instance.PreviousKeyFile; path != "" {
		files = append(files, secretFile{key: "instance.previous_key_file", path: path})
	}
	return files
}

// secretCheck checks secret files. If it is true, weak ones are a problem.
type secretCheck bool

// current checks the file of a current secret.
func (s secretCheck) current(secret secretFile) Checkup {
	path := config.Absolute(secret.path)
	c := Checkup{Name: secret.key, Detail: path}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !secret.given {
		c.Problem = checkFolder(path)
		c.Detail += " is not there yet; serve will make it"
		return c
	}
	weakness, err := secretfile.Inspect(path, secret.check)
	c.Problem = withOwner(err, path)
	return s.weak(c, withAccessKept(weakness, path))
}

// previous checks the file of a previous secret.
func (s secretCheck) previous(secret secretFile) Checkup {
	path := config.Absolute(secret.path)
	c := Checkup{Name: secret.key, Detail: path}
	weakness, err := secretfile.Inspect(path, nil)
	if secretfile.IsAbsent(err) {
		c.Warning = fmt.Errorf("%w; there is no previous secret", err)
		return c
	}
	c.Problem = withOwner(err, path)
	return s.weak(c, withAccessKept(weakness, path))
}

func (s secretCheck) weak(c Checkup, weakness error) Checkup {
	if s && c.Problem == nil {
		c.Problem = weakness
	} else {
		c.Warning = weakness
	}
	return c
}

// compareKey adds to the checkup of the instance key whether it is the key of the
// database, if that can be read.
func compareKey(ctx context.Context, config config.Config, key Checkup) Checkup {
	if key.Problem != nil {
		return key
	}
	known, err := isKeyOfDatabase(ctx, config)
	switch {
	case known && err != nil:
		key.Problem = err
	case known:
		key.Detail += ", the key of the database"
	case err != nil && !secretfile.IsAbsent(err):
		key.Detail += "; not compared with the database"
	}
	return key
}

var errNotCompared = errors.New("there is no database that could be read")

// isKeyOfDatabase reports whether the database, of whatever schema, has a key. It fails
// if that is not the instance key, or if there are secrets of another key.
func isKeyOfDatabase(ctx context.Context, config config.Config) (known bool, err error) {
	if d := config.Database; d.InMemory() || d.IsMissing() {
		return false, errNotCompared
	}
	key := bootstrap.InstanceKey(config, bootstrap.Clock(), zap.NewNop())
	store, err := gormstore.OpenAsIs(ctx, string(config.Database.URL), key)
	if err != nil {
		return false, errNotCompared
	}
	defer func() { _ = store.Close(context.WithoutCancel(ctx)) }()
	if known, err = key.Compare(ctx, store); err != nil || !known {
		return known, err
	}
	foreign, _ := store.ForeignSeals(ctx) // an older schema may have no such tables
	return true, bootstrap.RefuseForeignSeals(foreign)
}
