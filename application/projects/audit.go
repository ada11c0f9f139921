package projects

import (
	"maps"
	"slices"
	"time"

	"gatehouse/domain/audit"
	"gatehouse/domain/source"
)

// values are the members of a project as an audit event has them, by their names in the world
// file.
func values(p source.ProjectRecord) audit.Values {
	out := audit.Values{
		"path": p.Path, "name": p.Name, "description": p.Description, "visibility": string(p.Visibility), "archived": p.Archived,
		"repository": string(p.Repository), "wiki": string(p.Wiki), "lfs": p.LFS, "default_branch": p.DefaultBranch, "storage": p.Storage,
		"object_format": p.ObjectFormat, "topics": slices.Clone(p.Topics),
	}
	if len(p.Topics) == 0 {
		out["topics"] = []string{}
	}
	maps.Copy(out, p.Settings.Flat())
	return out
}

// object is a project in an audit event.
func object(p source.ProjectRecord) audit.Object {
	return audit.Object{Kind: audit.Project, ID: int64(p.ID), Path: p.Path}
}

func shareValues(s Share) audit.Values {
	out := audit.Values{"role": s.Role.String(), "expires_at": nil}
	if !s.ExpiresAt.IsZero() {
		out["expires_at"] = s.ExpiresAt.Format(time.DateOnly)
	}
	return out
}
