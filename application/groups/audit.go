package groups

import (
	"maps"
	"time"

	"gatehouse/domain/audit"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// values are the members of a group as an audit event has them, by their names in the world
// file.
func values(g source.Group) audit.Values {
	ranges := make([]string, 0, len(g.AllowedIPs))
	for _, prefix := range g.AllowedIPs {
		ranges = append(ranges, prefix.String())
	}
	out := audit.Values{
		"path": g.Path, "name": g.Name, "description": g.Description, "visibility": string(g.Visibility),
		"allowed_ips": ranges, "protocols": string(g.Protocols), "require_ssh_certificates": g.RequireSSHCertificates,
		"default_branch_protection": nil, "lfs": nil,
		"project_creation": string(g.ProjectCreation), "subgroup_creation": string(g.SubgroupCreation),
		"share_lock": g.ShareLock, "membership_lock": g.MembershipLock, "require_two_factor": g.RequireTwoFactor,
	}
	if level := g.DefaultBranchProtection; level != nil {
		out["default_branch_protection"] = int64(*level)
	}
	if g.LFS != nil {
		out["lfs"] = *g.LFS
	}
	maps.Copy(out, g.Settings)
	if _, given := g.Settings[source.BranchDefaultsSetting]; given {
		delete(out, source.BranchDefaultsSetting)
		if own := source.OwnBranchDefaults(g.DefaultBranchProtection, g.Settings); own != nil {
			out[source.BranchDefaultsSetting] = own.String()
		}
	}
	return out
}

// object is a group in an audit event.
func object(g source.Group) audit.Object {
	return audit.Object{Kind: audit.Group, ID: int64(g.ID), Path: g.Path}
}

// shareObject is a share with another group in an audit event.
func shareObject(with rights.Standing) audit.Object {
	return audit.Object{Kind: "share", ID: with.ID, Path: with.Path}
}

func shareValues(s Share) audit.Values {
	out := audit.Values{"role": s.Role.String(), "expires_at": nil}
	if !s.ExpiresAt.IsZero() {
		out["expires_at"] = s.ExpiresAt.Format(time.DateOnly)
	}
	return out
}
