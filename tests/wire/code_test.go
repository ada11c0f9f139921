package wire_test

import (
	"strings"
	"testing"
	"time"

	"gatehouse/bootstrap/config"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

// codeFolders are those of the operations that ask Gitaly.
var codeFolders = []string{"/listBranches/", "/getBranch/", "/listTree/", "/getFile/", "/getRawFile/", "/createCommit/", "/createFile/", "/updateFile/", "/removeFile/"}

// connectCode connects a Gitaly for the pairs of codeFolders. It has the repositories of
// acme/tools/cli and acme/tools/small, which is the same, and the empty one of
// acme/tools/fresh.
func connectCode(t *testing.T, path string, c *config.Config) {
	t.Helper()
	for _, folder := range codeFolders {
		if !strings.Contains(path, folder) || strings.Contains(path, "without-gitaly") {
			continue
		}
		g := gitalytest.Start(t)
		for _, id := range []source.ProjectID{42, 47} {
			fillCode(g.Put(source.Project{ID: id}.RelativePath(source.Code)))
		}
		g.Put(source.Project{ID: 46}.RelativePath(source.Code))
		c.Gitaly = config.Gitaly{Connect: true, Storages: []config.Storage{{Name: "default", Address: g.Address()}}}
	}
}

func fillCode(r *gitalytest.Repository) {
	first, second := strings.Repeat("1", 40), strings.Repeat("2", 40)
	at := time.Date(2023, 11, 1, 10, 30, 0, 0, time.UTC)
	files := map[string]gitalytest.File{
		"README.md": {Content: []byte("# CLI\n")}, "package.json": {Content: []byte(`{"name": "cli"}`)},
		"bin/run": {Content: []byte("#!/bin/sh\n"), Executable: true}, "docs/a b.md": {}, "docs/api/v1.md": {Content: []byte("v1")},
	}
	r.Commits[first] = gitalytest.Commit{
		Message: "First\n", At: at, Zone: "+0000", Author: "Nora N.", Email: "nora@example.com", Files: files,
		Added: []string{"README.md", "package.json", "bin/run", "docs/a b.md", "docs/api/v1.md"},
	}
	r.Commits[second] = gitalytest.Commit{
		Parents: []string{first}, Message: "Say more\n\nAnd how.", At: at.Add(time.Hour), Zone: "+0130", Author: "Z\xf6e", Email: "zoe@example.com",
		Committer: "Dede Eichmann", CommitterEmail: "rubi@example.com", Files: files, Modified: []string{"README.md"},
	}
	r.Refs["refs/heads/main"], r.Refs["refs/heads/feature/login"], r.Refs["refs/heads/release-1.0"] = second, first, first
	r.Refs["refs/heads/caf\xe9"] = first
	r.Refs["refs/tags/v1.0"] = first
}
