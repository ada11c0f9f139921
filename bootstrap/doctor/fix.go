package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gatehouse/bootstrap/config"
)

// Change is what Fix did, or tried to do.
type Change struct {
	// Name is a key of the settings.
	Name string
	// Command does the same in a shell.
	Command string
	// Problem says why it could not be done, or is nil.
	Problem error
}

// Fix makes the folders that are missing, and takes the access of others away from files
// with secrets, an SQLite file and the spool. It gives access to no file that exists,
// and changes no content.
func Fix(settings config.Config) []Change {
	var f fixer
	const private fs.FileMode = 0o700
	if file := settings.Database.File(); file != "" {
		f.makeFolder("database.url", file, private, nil)
		for _, suffix := range []string{"", "-wal", "-shm"} {
			f.restrict("database.url", file+suffix, others)
		}
	}
	for _, secret := range secretFiles(settings) {
		f.makeFolder(secret.key, secret.path, private, nil)
		f.restrict(secret.key, secret.path, others)
	}
	for _, secret := range previousSecretFiles(settings) {
		f.restrict(secret.key, secret.path, others)
	}
	if len(settings.SecretsInFile()) > 0 {
		f.restrict("configuration file", settings.File, others)
	}
	if path := settings.SpoolPath(); path != "" {
		f.makeFolder("spool.path", path, private, nil)
		f.restrict("spool.path", path, groupAndOthers)
	}
	if http := settings.HTTP; http.Socket != "" {
		group, err := http.SocketGroupID()
		if err == nil { // else Check says so
			f.makeFolder("http.socket", http.Socket, socketFolderMode(http), group)
		}
	}
	return f.done
}

const others, groupAndOthers fs.FileMode = 0o007, 0o077

// socketFolderMode lets those into the folder of the socket who may connect to it.
func socketFolderMode(http config.HTTP) fs.FileMode {
	allowed, _ := http.SocketPermissions()
	mode := fs.FileMode(0o700)
	if allowed&groupWrite != 0 {
		mode |= 0o050
	}
	if allowed&othersWrite != 0 {
		mode |= 0o005
	}
	return mode
}

// fixer changes files and folders, and keeps what it did.
type fixer struct{ done []Change }

// restrict takes the access of some users to a file or folder away. One that does not
// exist is left to Check.
func (f *fixer) restrict(key, path string, from fs.FileMode) {
	path = config.Absolute(path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&from == 0 {
		return
	}
	mode := info.Mode() &^ from
	f.add(key, fmt.Sprintf("chmod %04o %s", mode.Perm(), quoted(path)), os.Chmod(path, mode))
}

// makeFolder makes the folder of a file if it is missing, for a group unless that is nil.
func (f *fixer) makeFolder(key, file string, mode fs.FileMode, group *int) {
	folder := filepath.Dir(config.Absolute(file))
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	err := os.MkdirAll(folder, mode)
	if err == nil {
		err = os.Chmod(folder, mode) // whatever the umask is
	}
	f.add(key, fmt.Sprintf("mkdir -p -m %04o %s", mode, quoted(folder)), err)
	if group != nil && err == nil {
		f.add(key, fmt.Sprintf("chgrp %s %s", quoted(groupName(*group)), quoted(folder)), os.Chown(folder, -1, *group))
	}
}

// add keeps a change. An error of the system is kept without the path, which the command has.
func (f *fixer) add(key, command string, err error) {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	f.done = append(f.done, Change{key, command, err})
}

var plain = regexp.MustCompile(`^[\w./+,:=@-]+$`)

// quoted returns a word of a shell's command.
func quoted(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
