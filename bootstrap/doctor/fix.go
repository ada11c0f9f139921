package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

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
// and changes no content. It changes nothing of another user's, so it leaves all to the
// user of the server if root runs it.
func Fix(settings config.Config) []Change {
	if c, ok := checkUser(settings); ok {
		return []Change{{Name: c.Name, Command: "check --fix", Problem: errOthersServer}}
	}
	var f fixer
	const private fs.FileMode = 0o700
	if file := settings.Database.File(); file != "" {
		f.makeFolder("database.url", file, private, nil)
		for _, suffix := range sqliteSuffixes {
			f.restrict("database.url", file+suffix, regular, others)
		}
	}
	for _, secret := range secretFiles(settings) {
		if !secret.given {
			f.makeFolder(secret.key, secret.path, private, nil)
		}
		f.restrict(secret.key, secret.path, regular, others)
	}
	for _, secret := range previousSecretFiles(settings) {
		f.restrict(secret.key, secret.path, regular, others)
	}
	if len(settings.SecretsInFile()) > 0 {
		f.restrict("configuration file", settings.File, regular, others)
	}
	if path := settings.SpoolPath(); path != "" {
		f.makeFolder("spool.path", path, private, nil)
		f.restrict("spool.path", path, fs.ModeDir, groupAndOthers)
	}
	if http := settings.HTTP; http.Socket != "" {
		group, err := http.SocketGroupID()
		if err == nil { // else Check says so
			f.makeFolder("http.socket", http.Socket, socketFolderMode(http), group)
		}
	}
	return f.done
}

// sqliteSuffixes end the names of an SQLite file and of those beside it.
var sqliteSuffixes = []string{"", "-wal", "-shm"}

const others, groupAndOthers fs.FileMode = 0o007, 0o077

// regular is the kind of a file; a folder is fs.ModeDir.
const regular fs.FileMode = 0

var (
	errOthersServer = errors.New("nothing was changed, since root could lock the user of the server out")
	errReplaced     = errors.New("it was replaced meanwhile")
)

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

// restrict takes the access of some users to a file away, or to a folder if that is the
// kind. It leaves to Check what does not exist, is of another kind or is another user's, and
// links: what they lead to may be anyone's.
func (f *fixer) restrict(key, path string, kind, from fs.FileMode) {
	path = config.Absolute(path)
	info, err := os.Lstat(path)
	if err != nil || ownerOf(info).user != os.Geteuid() || info.Mode().Type() != kind || info.Mode().Perm()&from == 0 {
		return
	}
	mode := info.Mode() &^ from
	f.add(key, fmt.Sprintf("chmod %04o %s", mode.Perm(), quoted(path)), change(path, func(opened *os.File) error {
		if now, err := opened.Stat(); err != nil || !os.SameFile(info, now) {
			return errors.Join(err, errReplaced)
		}
		return opened.Chmod(mode)
	}))
}

// change opens a file or folder, but no link, so that a name that leads elsewhere meanwhile
// is not followed.
func change(path string, do func(*os.File) error) error {
	opened, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	return errors.Join(do(opened), opened.Close())
}

// makeFolder makes the folder of a file and those above it that are missing, each for a
// group unless that is nil.
func (f *fixer) makeFolder(key, file string, mode fs.FileMode, group *int) {
	whole := filepath.Dir(config.Absolute(file))
	for _, folder := range missingFolders(whole) {
		err := os.Mkdir(folder, mode)
		if err == nil { // whatever the umask is
			err = change(folder, func(made *os.File) error { return made.Chmod(mode) })
		}
		if errors.Is(err, fs.ErrPermission) { // root has to make it, for this user
			f.add(key, installed(whole, mode, group), err)
			return
		}
		f.add(key, fmt.Sprintf("mkdir -m %04o %s", mode, quoted(folder)), err)
		if err != nil {
			return
		}
		if group != nil {
			err := change(folder, func(made *os.File) error { return made.Chown(-1, *group) })
			f.add(key, fmt.Sprintf("chgrp %s %s", quoted(groupName(*group)), quoted(folder)), err)
		}
	}
}

// installed is the command that makes a folder of this user's, whoever types it.
func installed(folder string, mode fs.FileMode, group *int) string {
	number := os.Getegid()
	if group != nil {
		number = *group
	}
	return fmt.Sprintf("install -d -o %s -g %s -m %04o %s", userName(os.Geteuid()), groupName(number), mode, quoted(folder))
}

// missingFolders are a folder and those above it that do not exist, the highest first.
func missingFolders(folder string) (missing []string) {
	for {
		if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
			slices.Reverse(missing)
			return missing
		}
		missing = append(missing, folder)
		folder = filepath.Dir(folder)
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
