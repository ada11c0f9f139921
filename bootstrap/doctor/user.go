package doctor

import (
	"fmt"
	"os"
	"path/filepath"

	"gatehouse/bootstrap/config"
)

// serverFile is a file or folder by which the user of the server is known.
type serverFile struct {
	path string
	user int
}

// findServerFile returns the first that exists of what a server makes for itself, or the
// folder of its SQLite file, and false if there is none.
func findServerFile(settings config.Config) (serverFile, bool) {
	paths := []string{settings.Database.File(), settings.Instance.KeyFile, settings.SpoolPath(), settings.HTTP.Socket}
	if file := settings.Database.File(); file != "" {
		paths = append(paths, filepath.Dir(config.Absolute(file)))
	}
	for _, path := range paths {
		if path == "" {
			continue
		}
		path = config.Absolute(path)
		if info, err := os.Lstat(path); err == nil {
			return serverFile{path, ownerOf(info).user}, true
		}
	}
	return serverFile{}, false
}

// checkUser warns if root runs the check of a server that is another user's: root may read
// everything, so that nothing would be missing. Otherwise it returns false.
func checkUser(settings config.Config) (Checkup, bool) {
	file, ok := findServerFile(settings)
	if !ok || os.Geteuid() != 0 || file.user == 0 {
		return Checkup{}, false
	}
	command := fmt.Sprintf("runuser -u %s -- gatehouse check", userName(file.user))
	if settings.File != "" {
		command += " --config " + quoted(config.Absolute(settings.File))
	}
	return Checkup{Name: "user", Warning: fmt.Errorf(
		"this runs as root, who may read everything, and %s belongs to %s: %s", file.path, userName(file.user), command,
	)}, true
}
