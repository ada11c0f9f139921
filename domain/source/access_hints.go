package source

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"gatehouse/domain/identity"
)

// newHint makes a hint; its text is formatted as by fmt.Sprintf.
func newHint(kind HintKind, change func(*Case), format string, args ...any) hint {
	return hint{Hint{kind, fmt.Sprintf(format, args...)}, change}
}

// oneHint is newHint for a rule with one hint.
func oneHint(kind HintKind, change func(*Case), format string, args ...any) []hint {
	return []hint{newHint(kind, change, format, args...)}
}

// roleHint is the hint to have a role in the project; for a deploy key that its access
// there suffices for what the role is needed for.
func (c *Case) roleHint(role Role) hint {
	switch {
	case c.Actor.IsDeployKey() && role >= Developer:
		return newHint(HintRole, func(c *Case) { c.KeyEnabled, c.KeyCanPush = true, true }, "write access for deploy key %d to %s", c.Actor.Key.ID, c.place())
	case c.Actor.IsDeployKey():
		return newHint(HintRole, func(c *Case) { c.KeyEnabled = true }, "deploy key %d enabled in %s", c.Actor.Key.ID, c.place())
	case !c.Actor.Person().Known():
		return newHint(HintUser, func(c *Case) { c.beMember(role) }, "the key or the name of a user with the role %s or more in %s", role, c.memberPlace())
	default:
		return newHint(HintRole, func(c *Case) { c.beMember(role) }, "the role %s or more in %s", role, c.memberPlace())
	}
}

// memberPlace names where the actor has to be a member.
func (c *Case) memberPlace() string {
	if c.Project.ToBeCreated {
		return string(Path(c.Project.Path).Parent())
	}
	return c.place()
}

// neededRole is the role that the command takes; the rules on changes may ask for more.
func (c *Case) neededRole() Role {
	switch {
	case c.Pushes():
		return Developer
	case c.Project.Visibility == Private || c.feature() == FeaturePrivate:
		return Reporter
	default:
		return Guest
	}
}

func hintRate(*Case) []hint {
	return oneHint(HintWait, func(c *Case) { c.Throttled = false }, "a minute without further requests")
}

func hintOTPSession(c *Case) []hint {
	return oneHint(HintUser, func(c *Case) { c.OTPSession = true }, "a second factor that the user has given to \"%s 2fa_verify\"", c.Settings.SSHCommand)
}

// allows says whether checkProtocol lets a protocol pass.
func (c *Case) allows(p Protocol) bool {
	return c.Settings.Protocols.Allow(p) && (!c.Visible() || c.Project.Root.Protocols.Allow(p))
}

func hintProtocol(c *Case) []hint {
	for _, p := range []Protocol{SSH, HTTP} {
		if c.allows(p) {
			return oneHint(HintCommand, func(c *Case) { c.Protocol = p }, "access over %s", p)
		}
	}
	return oneHint(HintGroup, func(c *Case) {
		c.Protocol = SSH
		c.Settings.Protocols, c.Project.Root.Protocols = AllProtocols, AllProtocols
	}, "a protocol that both the instance (%s only) and the group %s (%s only) allow", c.Settings.Protocols, c.Project.Root.Path, c.Project.Root.Protocols)
}

func hintKey(c *Case) []hint {
	key := c.Actor.Key
	key.ExpiresAt = time.Time{}
	if c.Keys.CheckKey(key, c.Now) == nil {
		return oneHint(HintKey, func(c *Case) { c.Actor.Key.ExpiresAt = time.Time{} },
			"%s renewed, which expired on %s, or another key", keyName(key), c.Actor.Key.ExpiresAt.UTC().Format(time.DateOnly))
	}
	return oneHint(HintKey, func(c *Case) {
		if c.Actor.Key.Fingerprint, c.Actor.Key.ExpiresAt = "", (time.Time{}); !c.Actor.IsDeployKey() {
			c.Actor.Key = identity.Key{}
		}
	}, "a key other than %s", keyName(key))
}

func hintUser(c *Case) []hint {
	remedy, mended := c.Keys.MendUser(c.Actor.Person(), c.Now)
	return oneHint(HintUser, func(c *Case) { c.Actor.User = mended }, "%s", remedy)
}

func hintHTTPCommand(c *Case) []hint {
	var hints []hint
	if c.allows(SSH) {
		hints = oneHint(HintCommand, func(c *Case) { c.Protocol = SSH }, "access over %s", SSH)
	}
	what := "fetches"
	if c.Pushes() {
		what = "pushes"
	}
	return append(hints, newHint(HintInstance, func(c *Case) {
		c.Settings.HTTPUploadPackOff, c.Settings.HTTPReceivePackOff = c.Settings.HTTPUploadPackOff && c.Pushes(), c.Settings.HTTPReceivePackOff && !c.Pushes()
	}, "%s over HTTP switched on in the configuration", what))
}

func hintCommand(*Case) []hint {
	return oneHint(HintCommand, func(c *Case) { c.Command = UploadPack }, "the command %s, %s or %s", UploadPack, UploadArchive, ReceivePack)
}

func hintInstanceReadOnly(*Case) []hint {
	return oneHint(HintInstance, func(c *Case) { c.Settings.ReadOnly = false }, "an instance that is no longer read-only")
}

func hintNamespace(c *Case) []hint {
	if c.Visible() && c.Project.Root.Personal {
		return oneHint(HintCommand, func(c *Case) { c.NamespacePath = "" }, "a key instead of the SSH certificate, which is valid for the group %s only", c.NamespacePath)
	}
	root := c.Target.Path.Root()
	if c.Visible() {
		root = c.Project.Root.Path
	}
	return oneHint(HintCommand, func(c *Case) { c.NamespacePath = root }, "an SSH certificate that is valid for the group %s", root)
}

func hintPushToCreate(c *Case) []hint {
	if c.mayCreateProjects() {
		return hintProjectsLimit(c)
	}
	level := c.Project.Creation
	if least, ok := level.Least(); ok {
		return []hint{c.roleHint(max(least, Developer))}
	}
	hints := oneHint(HintGroup, func(c *Case) { c.Project.Creation = DeveloperProjects },
		"the project creation level %s in %s instead of %s", DeveloperProjects, c.memberPlace(), level)
	if level == AdminProjects {
		hints = append(hints, newHint(HintUser, func(c *Case) { c.Actor.User.Admin = true }, "an administrator"))
	}
	return hints
}

func hintProjectsLimit(c *Case) []hint {
	of := *c.Project.Personal
	hints := oneHint(HintUser, func(c *Case) { c.Project.Personal = &PersonalProjects{of.Count, of.Count + 1} }, "a projects_limit of %s above %d", c.memberPlace(), of.Count)
	if of.Limit > 0 {
		hints = append(hints, newHint(HintProject, func(c *Case) { c.Project.Personal = &PersonalProjects{of.Limit - 1, of.Limit} }, "fewer than %d projects in %s", of.Limit, c.memberPlace()))
	}
	return hints
}

func hintProject(c *Case) []hint {
	if c.Project.Known() {
		return []hint{c.roleHint(c.neededRole())}
	}
	path, kind := c.Target.Path.container()
	be := func(c *Case) {
		c.Project = Project{
			ID: 1, Path: string(path), Visibility: Public, Repository: FeatureEnabled, Wiki: FeatureEnabled,
			Root: Namespace{Path: path.Root(), Protocols: AllProtocols},
		}
		c.Role, c.KeyEnabled, c.KeyCanPush = NoRole, false, false
		c.Repository = RepositoryID{Kind: kind, ID: 1}
	}
	switch {
	case c.Target.Repository.Known():
		return oneHint(HintProject, be, "another repository: there is no %s", c.Target)
	case CheckProjectPath(string(path)) != nil:
		return oneHint(HintCommand, func(c *Case) {
			be(c)
			c.Project.Path = "the other project"
		}, "another path: no project can be at %s", path)
	case c.Pushes(), c.Actor.Person().Admin: // what a push takes more, a later rule says
		return oneHint(HintProject, be, "a project at %s, where there is none", path)
	default:
		changed := *c
		be(&changed)
		changed.Project.Visibility = Private
		return oneHint(HintProject, be, "a public project at %s, where there is none, or any other there and %s", path, changed.roleHint(changed.neededRole()).Text)
	}
}

func hintSSHCertificate(c *Case) []hint {
	root := c.Project.Root.Path
	return oneHint(HintCommand, func(c *Case) { c.NamespacePath = root }, "an SSH certificate that is valid for the group %s", root)
}

func hintAddress(c *Case) []hint {
	root := c.Project.Root
	var texts []string
	var within netip.Addr
	for _, p := range root.AllowedIPs {
		if p.IsValid() {
			within = p.Addr()
			texts = append(texts, p.String())
		}
	}
	var hints []hint
	if len(texts) > 0 {
		hints = oneHint(HintCommand, func(c *Case) { c.Address = within }, "an address in %s", strings.Join(texts, " or "))
	}
	if a := c.Address.Unmap().WithZone(""); a.IsValid() {
		hints = append(hints, newHint(HintGroup, func(c *Case) {
			c.Project.Root.AllowedIPs = append(slices.Clone(root.AllowedIPs), netip.PrefixFrom(a, a.BitLen()))
		}, "%s in the IP allow-list of the group %s", a, root.Path))
	}
	return append(hints, newHint(HintGroup, func(c *Case) { c.Project.Root.AllowedIPs = nil }, "no IP allow-list of the group %s", root.Path))
}

func hintRepositoryType(*Case) []hint {
	return oneHint(HintCommand, func(c *Case) { c.Repository.Kind = Code }, "the repository of the code or of the wiki")
}

func hintTokenScope(c *Case) []hint {
	scope := identity.ScopeReadRepository
	if c.Pushes() {
		scope = identity.ScopeWriteRepository
	}
	return oneHint(HintKey, func(c *Case) {
		token := *c.Token
		token.Scopes = []identity.Scope{scope}
		c.Token = &token
	}, "an access token with the scope %s", scope)
}

func hintRepository(c *Case) []hint {
	if c.Repository.Kind == Wiki {
		return oneHint(HintProject, func(c *Case) { c.setAnswer(existenceQuestion, Yes) }, "a first push to the wiki, which is empty")
	}
	return oneHint(HintProject, func(c *Case) { c.setAnswer(existenceQuestion, Yes) }, "the repository, which is missing in the storage %s", c.Project.Storage)
}

// hintFeature is for an actor who may not use what the command is for.
func (c *Case) hintFeature() []hint {
	if c.feature() != FeatureDisabled {
		return []hint{c.roleHint(c.neededRole())}
	}
	name := "repository"
	if c.Repository.Kind == Wiki {
		name = "wiki"
	}
	return oneHint(HintProject, func(c *Case) {
		if c.Repository.Kind == Wiki {
			c.Project.Wiki = FeatureEnabled
		} else {
			c.Project.Repository = FeatureEnabled
		}
	}, "the %s of %s, which is switched off", name, c.place())
}

func hintDownload(c *Case) []hint { return c.hintFeature() }

func hintRepositoryReadOnly(*Case) []hint {
	return oneHint(HintWait, func(c *Case) { c.Project.ReadOnly = false }, "the end of the repository's move, until when it is read-only")
}

func hintArchived(c *Case) []hint {
	return oneHint(HintProject, func(c *Case) { c.Project.Archived = false }, "%s unarchived", c.place())
}

func hintDeployKey(c *Case) []hint { return []hint{c.roleHint(Developer)} }

func hintAnonymous(c *Case) []hint { return []hint{c.roleHint(Developer)} }

func hintPush(c *Case) []hint {
	switch {
	case !c.MayUse(c.feature()):
		return c.hintFeature()
	case !c.mayPush():
		return []hint{c.roleHint(Developer)}
	default: // the first push to a new project
		return []hint{c.roleHint(Maintainer)}
	}
}
