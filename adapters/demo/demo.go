// Package demo holds the calls of GitLab's documentation of the internal API,
// their answers, and the small world that these answers come from. It prints a
// call as a command and plays it against a running server. Starting that server
// is left to others.
package demo

import (
	_ "embed" // for the world
	"path/filepath"
)

// World is the world file that the examples need: the documentation's users,
// keys, projects and namespaces.
//
//go:embed world.yaml
var World string

// Address is where the documentation's examples call, as host:port.
const Address = "127.0.0.1:3001"

// Settings returns the settings, by their keys, of a server that answers the
// examples and keeps its files in dir.
func Settings(dir string) map[string]string {
	return map[string]string{
		"http.address":       Address,
		"database.url":       filepath.Join(dir, "gatehouse.db"),
		"shell.secret_file":  filepath.Join(dir, ".gitlab_shell_secret"),
		"kas.secret_file":    filepath.Join(dir, ".gitlab_kas_secret"),
		"instance.key_file":  filepath.Join(dir, ".gatehouse_key"),
		"gitaly.storages":    `[{name: default, address: "unix:/Users/bvl/repos/gitlab/gitaly.socket"}]`,
		"gitaly.connect":     "false", // the documentation's Gitaly does not exist
		"git.config_options": "[]",
		"version":            "12.3.0-pre",
		// The token that the documentation creates ended in 2020.
		"tokens.allow_past_expiry": "true",
	}
}
