package namespaces

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application/groups"
	"gatehouse/domain"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// projectCreationWord is a source.ProjectCreation; empty if it is absent.
type projectCreationWord source.ProjectCreation

// Words are the words that it takes.
func (projectCreationWord) Words() []string { return call.Texts(source.ProjectCreations) }

// ReadParam implements params.Reader.
func (w *projectCreationWord) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, w.Words())
	*w = projectCreationWord(word)
	return problem
}

// subgroupCreationWord is a source.SubgroupCreation; empty if it is absent.
type subgroupCreationWord source.SubgroupCreation

// Words are the words that it takes.
func (subgroupCreationWord) Words() []string { return call.Texts(source.SubgroupCreations) }

// ReadParam implements params.Reader.
func (w *subgroupCreationWord) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, w.Words())
	*w = subgroupCreationWord(word)
	return problem
}

// accessProtocolWord is how Git may be used in a group; empty if it is absent.
type accessProtocolWord string

// Words are the words that it takes.
func (accessProtocolWord) Words() []string {
	return append(call.Texts(source.ProtocolSettings), sshCertificates)
}

// ReadParam implements params.Reader.
func (w *accessProtocolWord) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, w.Words())
	*w = accessProtocolWord(word)
	return problem
}

// groupParams are the parameters of a group that stay as they are if they are absent.
type groupParams struct {
	Name                    *string                 `param:"name"`
	Path                    *string                 `param:"path"`
	Description             *string                 `param:"description"`
	Visibility              call.VisibilityWord     `param:"visibility"`
	LFSEnabled              *bool                   `param:"lfs_enabled"`
	ProjectCreationLevel    projectCreationWord     `param:"project_creation_level"`
	SubgroupCreationLevel   subgroupCreationWord    `param:"subgroup_creation_level"`
	ShareWithGroupLock      *bool                   `param:"share_with_group_lock"`
	MembershipLock          *bool                   `param:"membership_lock"`
	RequireTwoFactor        *bool                   `param:"require_two_factor_authentication" api:"no-effect"`
	DefaultBranchProtection *entity.ProtectionLevel `param:"default_branch_protection"`
	BranchDefaults          branchDefaultsParams    `param:"default_branch_protection_defaults"`
	IPRestrictionRanges     string                  `param:"ip_restriction_ranges" api:"string,null"`
	EnabledGitAccess        accessProtocolWord      `param:"enabled_git_access_protocol"`
}

// branchDefaultsParams are those of a BranchDefaults, of which an absent one is standard.
type branchDefaultsParams struct {
	AllowedToPush           []accessLevelParam `param:"allowed_to_push"`
	AllowedToMerge          []accessLevelParam `param:"allowed_to_merge"`
	AllowForcePush          *bool              `param:"allow_force_push"`
	DeveloperCanInitialPush *bool              `param:"developer_can_initial_push"`
}

type accessLevelParam struct {
	AccessLevel branchLevel `param:"access_level,required" api:"integer"`
}

// branchLevel is a level of access to a default branch.
type branchLevel source.Role

// ReadParam implements params.Reader.
func (l *branchLevel) ReadParam(value any) (problem string) {
	text, problem := params.Text(value)
	if problem != "" {
		return problem
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return params.IsInvalid
	}
	if _, ok := source.LowestLevel([]source.Role{source.Role(number)}); !ok {
		return params.NoValidValue
	}
	*l = branchLevel(number)
	return ""
}

// defaults returns the defaults, or nil if none of the parameters is given.
func (p branchDefaultsParams) defaults() *source.BranchDefaults {
	if p.AllowedToPush == nil && p.AllowedToMerge == nil && p.AllowForcePush == nil && p.DeveloperCanInitialPush == nil {
		return nil
	}
	d := source.StandardBranchDefaults
	setLowest(&d.Push, p.AllowedToPush)
	setLowest(&d.Merge, p.AllowedToMerge)
	call.Set(&d.ForcePush, p.AllowForcePush)
	call.Set(&d.InitialPush, p.DeveloperCanInitialPush)
	return &d
}

// setLowest sets the role to the one that the levels give access to, if there are any.
func setLowest(role *source.Role, given []accessLevelParam) {
	levels := make([]source.Role, len(given))
	for i, level := range given {
		levels[i] = source.Role(level.AccessLevel)
	}
	if lowest, ok := source.LowestLevel(levels); ok {
		*role = lowest
	}
}

// groupChange returns the function that writes the parameters of a request into a group.
// It returns FieldErrors for what cannot be kept.
func (a *API) groupChange(c *call.Call) (func(*source.Group) error, error) {
	var in groupParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	defaults, protects, err := readBranchDefaults(c, in)
	if err != nil {
		return nil, err
	}
	settings, err := c.Remembered(remembered.Groups)
	if err != nil {
		return nil, err
	}
	settings = remembered.GroupChanges(settings)
	given := c.Given
	return func(g *source.Group) error {
		call.Set(&g.Name, in.Name)
		if in.Path != nil {
			*g = g.Rename(*in.Path)
		}
		if given("description") {
			g.Description = ""
			call.Set(&g.Description, in.Description)
		}
		g.Visibility = cmp.Or(source.Visibility(in.Visibility), g.Visibility)
		if given("lfs_enabled") {
			g.LFS = in.LFSEnabled
		}
		g.ProjectCreation = cmp.Or(source.ProjectCreation(in.ProjectCreationLevel), g.ProjectCreation)
		g.SubgroupCreation = cmp.Or(source.SubgroupCreation(in.SubgroupCreationLevel), g.SubgroupCreation)
		call.Set(&g.ShareLock, in.ShareWithGroupLock)
		call.Set(&g.MembershipLock, in.MembershipLock)
		call.Set(&g.RequireTwoFactor, in.RequireTwoFactor)
		g.Settings = g.Settings.With(settings)
		switch in.EnabledGitAccess {
		case "":
		case sshCertificates:
			g.Protocols, g.RequireSSHCertificates = source.OnlySSH, true
		default:
			g.Protocols, g.RequireSSHCertificates = source.Protocols(in.EnabledGitAccess), false
		}
		if protects {
			*g = g.WithBranchDefaults(defaults)
		}
		if given("ip_restriction_ranges") {
			ranges, ok := parseRanges(in.IPRestrictionRanges)
			if !ok {
				return domain.WrongField("ip_restrictions.range", "is an invalid IP address range")
			}
			g.AllowedIPs = ranges
		}
		return nil
	}, nil
}

// readBranchDefaults returns how the parameters say that default branches are protected: by the
// hash, if there is one, or else by the level; nil is the instance's level. given is false if
// they say nothing.
func readBranchDefaults(c *call.Call, in groupParams) (defaults *source.BranchDefaults, given bool, err error) {
	level := in.DefaultBranchProtection
	if level != nil && !source.BranchProtection(*level).Known() {
		return nil, false, call.NoValidValue("default_branch_protection")
	}
	defaults = in.BranchDefaults.defaults()
	if defaults == nil && level != nil {
		defaults = new(source.BranchProtection(*level).Defaults())
	}
	return defaults, defaults != nil || c.Given("default_branch_protection"), nil
}

// parseRanges reads ranges of addresses with commas between them; ok is false if one is
// none.
func parseRanges(text string) (ranges []netip.Prefix, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		one, ok := source.ParseRange(part)
		if !ok {
			return nil, false
		}
		ranges = append(ranges, one)
	}
	return ranges, true
}

// groupFilterParams are the filters of a list of groups.
type groupFilterParams struct {
	Search              string              `param:"search"`
	SkipGroups          call.IDs            `param:"skip_groups" api:"[]integer,string"`
	AllAvailable        *bool               `param:"all_available"`
	Owned               bool                `param:"owned"`
	MinAccessLevel      *int64              `param:"min_access_level"`
	TopLevelOnly        bool                `param:"top_level_only"`
	Visibility          call.VisibilityWord `param:"visibility"`
	Statistics          bool                `param:"statistics" api:"no-effect"`
	Active              *bool               `param:"active"`
	Archived            *bool               `param:"archived"`
	MarkedForDeletionOn *params.Date        `param:"marked_for_deletion_on"`
}

// accessLevels are the roles that a caller may name.
var accessLevels = []source.Role{
	source.Guest, source.Planner, source.Reporter, source.SecurityManager, source.Developer, source.Maintainer, source.Owner,
}

func isAccessLevel(r source.Role) bool { return slices.Contains(accessLevels, r) }

// shareLevel is the highest role that a share gives.
type shareLevel int64

// Words are the levels that it takes, in digits.
func (shareLevel) Words() []string { return levelsOf(isAccessLevel) }

// groupFilter returns the filter of a request; none says that it picks no group at all:
// none is archived or marked for deletion.
func groupFilter(c *call.Call) (f groups.Filter, none bool, err error) {
	var in groupFilterParams
	if err := c.Decode(&in); err != nil {
		return f, false, err
	}
	f = groups.Filter{Search: strings.TrimSpace(in.Search), Visibility: source.Visibility(in.Visibility), TopLevel: in.TopLevelOnly}
	for _, id := range in.SkipGroups {
		f.Skip = append(f.Skip, source.NamespaceID(id))
	}
	if level := in.MinAccessLevel; level != nil {
		if f.Least = source.Role(*level); f.Least != source.Minimal && !isAccessLevel(f.Least) {
			return f, false, call.NoValidValue("min_access_level")
		}
	}
	if in.Owned {
		f.Least = source.Owner
	}
	if in.AllAvailable != nil && !*in.AllAvailable {
		f.Least = max(f.Least, source.Guest)
	}
	none = in.Active != nil && !*in.Active || in.Archived != nil && *in.Archived || in.MarkedForDeletionOn != nil
	return f, none, nil
}

// groupRef names the group of a parameter of the path: digits are its number.
func groupRef(c *call.Call, name string) rights.Ref {
	text := c.Param(name)
	if strings.Trim(text, "0123456789") == "" {
		return rights.Ref{Kind: rights.Group, ID: c.Number(name)}
	}
	return rights.Ref{Kind: rights.Group, Path: text}
}
