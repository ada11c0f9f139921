package source_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// dede is a good user; with gives a case its details.
var dede = identity.User{ID: 7, Username: "dede", State: identity.Active, Type: identity.Human, EmailConfirmed: true}

// pull is a case that is allowed: Dede, a reporter, fetches a private project.
func pull(with ...func(*source.Case)) *source.Case {
	c := &source.Case{
		Request: source.Request{Command: source.UploadPack, Protocol: source.SSH, Target: source.Target{Path: "acme/tools/cli"}},
		Standing: source.Standing{
			Actor:      identity.Actor{User: dede},
			Role:       source.Reporter,
			Repository: source.RepositoryID{Kind: source.Code, ID: 42},
			Project: source.Project{
				ID: 42, Path: "acme/tools/cli", Visibility: source.Private, DefaultBranch: "master", Storage: "default",
				Repository: source.FeatureEnabled, Wiki: source.FeatureEnabled,
				Root: source.Namespace{ID: 5, Path: "acme", Protocols: source.AllProtocols},
			},
		},
		Now:      now,
		Settings: source.Settings{Protocols: source.AllProtocols, DefaultBranchProtection: source.FullyProtected},
	}
	for _, change := range with {
		change(c)
	}
	return c
}

// push is a case that is allowed: Dede, a developer, is about to push.
func push(with ...func(*source.Case)) *source.Case {
	return pull(append([]func(*source.Case){command(source.ReceivePack), role(source.Developer)}, with...)...)
}

type with = func(*source.Case)

func command(name source.Command) with      { return func(c *source.Case) { c.Command = name } }
func role(r source.Role) with               { return func(c *source.Case) { c.Role = r } }
func withProtocol(p source.Protocol) with   { return func(c *source.Case) { c.Protocol = p } }
func is(v source.Visibility) with           { return func(c *source.Case) { c.Project.Visibility = v } }
func user(change func(*identity.User)) with { return func(c *source.Case) { change(&c.Actor.User) } }
func anonymous(c *source.Case)              { c.Actor, c.Role = identity.Actor{}, source.NoRole }
func admin(c *source.Case)                  { c.Actor.User.Admin, c.Role = true, source.NoRole }
func external(c *source.Case)               { c.Actor.User.External = true }
func blocked(c *source.Case)                { c.Actor.User.State = identity.Blocked }
func archived(c *source.Case)               { c.Project.Archived = true }
func absent(c *source.Case) {
	c.Project, c.Repository, c.Role = source.Project{}, source.RepositoryID{}, source.NoRole
}
func token(scopes ...identity.Scope) with {
	return func(c *source.Case) { c.Token = &identity.AccessToken{ID: 3, Scopes: scopes} }
}
func wiki(c *source.Case)               { c.Repository.Kind = source.Wiki }
func repository(f source.Feature) with  { return func(c *source.Case) { c.Project.Repository = f } }
func wikiFeature(f source.Feature) with { return func(c *source.Case) { c.Project.Wiki = f } }

// robot makes the actor a deploy key of the absent Dede.
func robot(enabled, canPush bool) with {
	return func(c *source.Case) {
		c.Actor.Key = identity.Key{ID: 201, Kind: identity.DeployKey}
		c.KeyEnabled, c.KeyCanPush, c.Role = enabled, canPush, source.NoRole
	}
}

const (
	allowed   = domain.Kind("allowed")
	forbidden = domain.Forbidden
	hidden    = domain.NotFound
)

func decide(t *testing.T, name string, c *source.Case, want domain.Kind) {
	t.Helper()
	if got := outcome(c.Decide()); got != want {
		t.Errorf("%s: got %v, want %v", name, got, want)
	}
	explained := slices.IndexFunc(c.Explain(), func(f source.Finding) bool { return f.Outcome == source.Refused })
	if (explained < 0) != (want == allowed) {
		t.Errorf("%s: the explanation says something else", name)
	}
}

func outcome(v source.Verdict) domain.Kind {
	var refusal *domain.Refusal
	switch {
	case errors.As(v.Refusal, &refusal):
		return refusal.Kind
	case v.Refusal != nil:
		return "a foreign error"
	case len(v.Open) > 0:
		return "undecided"
	default:
		return allowed
	}
}

func TestCase_Decide_tokenScope(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		c    *source.Case
		want domain.Kind
	}{
		"fetch: api":                         {pull(token(identity.ScopeAPI)), allowed},
		"fetch: write_repository":            {pull(token(identity.ScopeWriteRepository)), allowed},
		"fetch: read_repository":             {pull(token(identity.ScopeReadRepository)), allowed},
		"fetch: read_api":                    {pull(token(identity.ScopeReadAPI)), allowed},
		"fetch: one of two is sufficient":    {pull(token(identity.ScopeReadUser, identity.ScopeReadAPI)), allowed},
		"fetch: read_user":                   {pull(token(identity.ScopeReadUser)), forbidden},
		"fetch: sudo":                        {pull(token(identity.ScopeSudo)), forbidden},
		"fetch: no scope":                    {pull(token()), forbidden},
		"fetch: no scope, a public project":  {pull(is(source.Public), token()), forbidden},
		"fetch: no scope, a hidden project":  {pull(role(source.NoRole), token()), hidden},
		"fetch: no scope, no project":        {pull(absent, token()), hidden},
		"fetch: a scope gives no role":       {pull(role(source.Guest), token(identity.ScopeAPI)), forbidden},
		"push: api":                          {push(token(identity.ScopeAPI)), allowed},
		"push: write_repository":             {push(token(identity.ScopeWriteRepository)), allowed},
		"push: read_repository":              {push(token(identity.ScopeReadRepository)), forbidden},
		"push: read_api":                     {push(token(identity.ScopeReadAPI)), forbidden},
		"push: read_repository, an admin":    {push(admin, token(identity.ScopeReadRepository)), forbidden},
		"push: read_repository, wiki":        {push(wiki, token(identity.ScopeReadRepository)), forbidden},
		"push: write_repository, a reporter": {push(role(source.Reporter), token(identity.ScopeWriteRepository)), forbidden},
		"push: another credential":           {push(), allowed},
	} {
		decide(t, name, c.c, c.want)
	}
}

func TestCase_Decide_command(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		c    *source.Case
		want domain.Kind
	}{
		"pull":                             {pull(), allowed},
		"archive":                          {pull(command(source.UploadArchive)), allowed},
		"push":                             {push(), allowed},
		"too often":                        {&source.Case{Throttled: true}, domain.TooMany},
		"a second factor is demanded":      {pull(otpDemanded, twoFactor), forbidden},
		"and was shown":                    {pull(otpDemanded, twoFactor, func(c *source.Case) { c.OTPSession = true }), allowed},
		"of those who have one":            {pull(otpDemanded), allowed},
		"over http":                        {pull(otpDemanded, twoFactor, withProtocol(source.HTTP)), allowed},
		"over the web":                     {push(otpDemanded, twoFactor, withProtocol(source.Web)), allowed},
		"not of deploy keys":               {pull(otpDemanded, twoFactor, robot(true, false)), allowed},
		"Gitaly's call, too":               {push(otpDemanded, twoFactor, changes(one, two, "refs/heads/x")), forbidden},
		"not demanded":                     {pull(twoFactor), allowed},
		"the instance is http only":        {pull(func(c *source.Case) { c.Settings.Protocols = source.OnlyHTTP }), forbidden},
		"the instance is ssh only":         {pull(func(c *source.Case) { c.Settings.Protocols = source.OnlySSH }), allowed},
		"web passes":                       {pull(withProtocol(source.Web), func(c *source.Case) { c.Settings.Protocols = source.OnlyHTTP }), allowed},
		"an unknown protocol":              {pull(withProtocol("ftp")), forbidden},
		"the group is http only":           {pull(func(c *source.Case) { c.Project.Root.Protocols = source.OnlyHTTP }), forbidden},
		"the group of a hidden project":    {pull(anonymous, func(c *source.Case) { c.Project.Root.Protocols = source.OnlyHTTP }), hidden},
		"an expired key":                   {pull(func(c *source.Case) { c.Actor.Key = identity.Key{ID: 1, Kind: identity.UserKey, ExpiresAt: now} }), forbidden},
		"an expired deploy key":            {pull(robot(true, false), func(c *source.Case) { c.Actor.Key.ExpiresAt = now }), forbidden},
		"an expired key, a public clone":   {pull(is(source.Public), func(c *source.Case) { c.Actor.Key = identity.Key{ID: 1, Kind: identity.UserKey, ExpiresAt: now} }), forbidden},
		"blocked":                          {pull(blocked), forbidden},
		"blocked, a public clone":          {pull(blocked, is(source.Public)), forbidden},
		"blocked, a hidden project":        {pull(blocked, role(source.NoRole)), forbidden},
		"a blocked creator does not count": {pull(blocked, robot(true, false)), allowed},
		"http push is off":                 {push(withProtocol(source.HTTP), func(c *source.Case) { c.Settings.HTTPReceivePackOff = true }), forbidden},
		"http push is off, pull":           {pull(withProtocol(source.HTTP), func(c *source.Case) { c.Settings.HTTPReceivePackOff = true }), allowed},
		"http pull is off":                 {pull(withProtocol(source.HTTP), func(c *source.Case) { c.Settings.HTTPUploadPackOff = true }), forbidden},
		"http pull is off, ssh":            {pull(func(c *source.Case) { c.Settings.HTTPUploadPackOff = true }), allowed},
		"an unknown command":               {pull(command("git-shell")), forbidden},
		"a command with a blank":           {pull(command("git upload-pack")), forbidden},
		"the instance is read-only":        {push(func(c *source.Case) { c.Settings.ReadOnly = true }), forbidden},
		"pull from a read-only instance":   {pull(func(c *source.Case) { c.Settings.ReadOnly = true }), allowed},
		"the right namespace":              {pull(namespace("acme")), allowed},
		"in another letter case":           {pull(namespace("ACME")), allowed},
		"another namespace":                {pull(namespace("other")), forbidden},
		"the same by Unicode's cases":      {pull(namespace("\u212ait"), func(c *source.Case) { c.Project.Root.Path = "kit" }), forbidden},
		"not a top-level group":            {pull(namespace("acme/tools")), forbidden},
		"a personal namespace":             {pull(namespace("acme"), func(c *source.Case) { c.Project.Root.Personal = true }), forbidden},
		"absent, in the namespace":         {pull(absent, namespace("acme")), hidden},
		"absent, elsewhere":                {pull(absent, namespace("other")), forbidden},
		"hidden, elsewhere":                {pull(anonymous, namespace("other")), forbidden},
		"hidden, in another's namespace": {pull(anonymous, namespace("acme"), func(c *source.Case) {
			c.Project.Root = source.Namespace{Path: "acme", Personal: true, Protocols: source.AllProtocols}
		}), hidden},
		"hidden, by a path of the past":    {pull(anonymous, namespace("old"), func(c *source.Case) { c.Target.Path, c.Moved = "old/cli", true }), hidden},
		"hidden, by number":                {pull(anonymous, namespace("other"), func(c *source.Case) { c.Target = source.Target{Repository: c.Repository} }), hidden},
		"certificates demanded":            {pull(certificates), forbidden},
		"certificates demanded and shown":  {pull(certificates, namespace("acme")), allowed},
		"a deploy key needs none":          {pull(certificates, robot(true, false)), allowed},
		"a service account needs none":     {pull(certificates, user(func(u *identity.User) { u.Type = identity.ServiceAccount })), allowed},
		"Gitaly's call shows none":         {push(certificates, changes(one, two, "refs/heads/x")), allowed},
		"certificates over http":           {pull(certificates, withProtocol(source.HTTP)), allowed},
		"absent":                           {pull(absent), hidden},
		"absent for an administrator":      {pull(admin, absent), hidden},
		"a welcome address":                {pull(allowList, from("192.0.2.7")), allowed},
		"another address":                  {pull(allowList, from("198.51.100.1")), hidden},
		"a welcome address, version 6":     {pull(allowList, from("2001:db8::1")), allowed},
		"version 4 in version 6":           {pull(allowList, from("::ffff:192.0.2.7")), allowed},
		"no address known":                 {pull(allowList), allowed},
		"an unreadable address":            {pull(allowList, from("")), hidden},
		"deploy keys too":                  {pull(allowList, robot(true, true), from("198.51.100.1")), hidden},
		"administrators too":               {pull(allowList, admin, from("198.51.100.1")), hidden},
		"no allow-list":                    {pull(from("198.51.100.1")), allowed},
		"designs over ssh":                 {pull(func(c *source.Case) { c.Repository.Kind = source.Design }), forbidden},
		"designs of a hidden project":      {pull(anonymous, func(c *source.Case) { c.Repository.Kind = source.Design }), hidden},
		"a snippet":                        {pull(func(c *source.Case) { c.Repository.Kind = source.Snippet }), hidden},
		"the repository is read-only":      {push(admin, func(c *source.Case) { c.Project.ReadOnly = true }), forbidden},
		"pull from a read-only repository": {pull(func(c *source.Case) { c.Project.ReadOnly = true }), allowed},
		"push to an archived project":      {push(role(source.Owner), archived), forbidden},
		"pull from an archived project":    {pull(archived), allowed},
	} {
		decide(t, name, c.c, c.want)
	}
}

func namespace(path string) with  { return func(c *source.Case) { c.NamespacePath = path } }
func otpDemanded(c *source.Case)  { c.Settings.OTPRequired = true }
func twoFactor(c *source.Case)    { c.Actor.User.TwoFactor = true }
func certificates(c *source.Case) { c.Project.Root.RequireSSHCertificates = true }
func allowList(c *source.Case) {
	c.Project.Root.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
}

func from(address string) with {
	return func(c *source.Case) {
		c.AddressGiven = true
		c.Address, _ = netip.ParseAddr(address)
	}
}

func changes(old, fresh source.ObjectID, refs ...string) with {
	return func(c *source.Case) {
		for _, ref := range refs {
			c.Changes = append(c.Changes, source.Change{Old: old, New: fresh, Ref: source.ParseRef(ref)})
		}
	}
}

// The table "Roles, and what they allow on a project".
func TestCase_Decide_roles(t *testing.T) {
	t.Parallel()
	stranger := role(source.NoRole)
	for name, c := range map[string]struct {
		who            []with
		download, push domain.Kind
	}{
		"public, anonymous":               {[]with{is(source.Public), anonymous}, allowed, forbidden},
		"public, stranger":                {[]with{is(source.Public), stranger}, allowed, forbidden},
		"public, external stranger":       {[]with{is(source.Public), stranger, external}, allowed, forbidden},
		"public, guest":                   {[]with{is(source.Public), role(source.Guest)}, allowed, forbidden},
		"internal, stranger":              {[]with{is(source.Internal), stranger}, allowed, forbidden},
		"internal, guest":                 {[]with{is(source.Internal), role(source.Guest)}, allowed, forbidden},
		"internal, anonymous":             {[]with{is(source.Internal), anonymous}, hidden, hidden},
		"internal, external stranger":     {[]with{is(source.Internal), stranger, external}, hidden, hidden},
		"internal, external reporter":     {[]with{is(source.Internal), role(source.Reporter), external}, allowed, forbidden},
		"private, anonymous":              {[]with{anonymous}, hidden, hidden},
		"private, stranger":               {[]with{stranger}, hidden, hidden},
		"private, minimal":                {[]with{role(source.Minimal)}, hidden, hidden},
		"private, guest":                  {[]with{role(source.Guest)}, forbidden, forbidden},
		"private, planner":                {[]with{role(source.Planner)}, forbidden, forbidden},
		"private, reporter":               {[]with{role(source.Reporter)}, allowed, forbidden},
		"private, security manager":       {[]with{role(source.SecurityManager)}, allowed, forbidden},
		"private, developer":              {[]with{role(source.Developer)}, allowed, allowed},
		"private, maintainer":             {[]with{role(source.Maintainer)}, allowed, allowed},
		"private, owner":                  {[]with{role(source.Owner)}, allowed, allowed},
		"private, admin":                  {[]with{admin}, allowed, allowed},
		"disabled, owner":                 {[]with{repository(source.FeatureDisabled), role(source.Owner)}, forbidden, forbidden},
		"disabled, admin":                 {[]with{repository(source.FeatureDisabled), admin}, forbidden, forbidden},
		"disabled, deploy key":            {[]with{repository(source.FeatureDisabled), robot(true, true)}, forbidden, forbidden},
		"members only, public, stranger":  {[]with{repository(source.FeaturePrivate), is(source.Public), stranger}, forbidden, forbidden},
		"members only, public, anonymous": {[]with{repository(source.FeaturePrivate), is(source.Public), anonymous}, forbidden, forbidden},
		"members only, public, guest":     {[]with{repository(source.FeaturePrivate), is(source.Public), role(source.Guest)}, forbidden, forbidden},
		"members only, public, reporter":  {[]with{repository(source.FeaturePrivate), is(source.Public), role(source.Reporter)}, allowed, forbidden},
		"members only, developer":         {[]with{repository(source.FeaturePrivate), role(source.Developer)}, allowed, allowed},
		"deploy key, read-only":           {[]with{robot(true, false)}, allowed, forbidden},
		"deploy key, write":               {[]with{robot(true, true)}, allowed, allowed},
		"deploy key elsewhere, public":    {[]with{robot(false, false), is(source.Public)}, allowed, forbidden},
		"deploy key elsewhere, internal":  {[]with{robot(false, false), is(source.Internal)}, hidden, hidden},
		"deploy key elsewhere, private":   {[]with{robot(false, false)}, hidden, hidden},
		"deploy key of an admin":          {[]with{admin, robot(false, false)}, hidden, hidden},
		"wiki, reporter":                  {[]with{wiki}, allowed, forbidden},
		"wiki, guest":                     {[]with{wiki, role(source.Guest)}, forbidden, forbidden},
		"wiki, developer":                 {[]with{wiki, role(source.Developer)}, allowed, allowed},
		"wiki, public, stranger":          {[]with{wiki, is(source.Public), stranger}, allowed, forbidden},
		"wiki disabled, owner":            {[]with{wiki, wikiFeature(source.FeatureDisabled), role(source.Owner)}, forbidden, forbidden},
		"wiki, repository disabled":       {[]with{wiki, repository(source.FeatureDisabled), role(source.Developer)}, allowed, allowed},
		"wiki, deploy key, read-only":     {[]with{wiki, robot(true, false)}, allowed, forbidden},
		"wiki, deploy key, write":         {[]with{wiki, robot(true, true)}, allowed, allowed},
		"wiki, archived":                  {[]with{wiki, archived, role(source.Owner)}, allowed, forbidden},
	} {
		decide(t, name+": download", pull(c.who[0], func(k *source.Case) { apply(k, c.who, source.Reporter) }), c.download)
		decide(t, name+": push", push(func(k *source.Case) { apply(k, c.who, source.Reporter) }), c.push)
	}
}

// apply starts from a role and lets the details change it.
func apply(c *source.Case, details []with, start source.Role) {
	c.Role = start
	for _, detail := range details {
		detail(c)
	}
}

func TestCase_Decide_hidesWhatIsAbsent(t *testing.T) {
	t.Parallel()
	for name, details := range map[string][]with{
		"anonymous": {anonymous}, "a stranger": {role(source.NoRole)}, "a deploy key": {robot(false, false)},
		"a wrong address": {allowList, from("198.51.100.1")},
	} {
		for _, verb := range []source.Command{source.UploadPack, source.ReceivePack} {
			secret := pull(append(details, command(verb))...).Decide().Refusal
			none := pull(append(details, command(verb), absent)...).Decide().Refusal
			if secret == nil || none == nil || secret.Error() != none.Error() || !errors.Is(secret, domain.NotFound) {
				t.Errorf("%s, %s: got %v for a secret project and %v for none", name, verb, secret, none)
			}
		}
	}
}

func TestCase_Decide_namesRule(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		c    *source.Case
		rule string
		ref  source.Ref
	}{
		"the command": {pull(absent), "project", source.Ref{}},
		"a ref":       {push(changes(one, two, "refs/heads/topic"), protect(branch("*", by(source.Maintainer))), answer(source.Yes)), "protected_branch_update", source.ParseRef("refs/heads/topic")},
		"allowed":     {pull(), "", source.Ref{}},
	} {
		if got := tt.c.Decide(); got.Rule != tt.rule || got.Ref != tt.ref {
			t.Errorf("%s: got %q, %v, want %q, %v", name, got.Rule, got.Ref, tt.rule, tt.ref)
		}
	}
	names := source.RuleNames()
	if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("two rules have one name: %q", names)
	}
}
