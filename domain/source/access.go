package source

import (
	"strings"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// accessRules judge the command as a whole, in the order in which GitLab
// does: the first that refuses decides, and so fixes what a caller learns.
var accessRules = []rule[Case]{
	{name: "rate_limit", check: checkRate, hints: hintRate},
	{name: "otp_session", check: checkOTPSession, hints: hintOTPSession},
	{name: "protocol", check: checkProtocol, hints: hintProtocol},
	{name: "key", check: checkKey, hints: hintKey},
	{name: "user", check: checkUser, hints: hintUser},
	{name: "http_command", check: checkHTTPCommand, hints: hintHTTPCommand},
	{name: "command", check: checkCommand, hints: hintCommand},
	{name: "instance_read_only", check: checkInstanceReadOnly, hints: hintInstanceReadOnly},
	{name: "namespace", check: checkNamespace, hints: hintNamespace},
	{name: "push_to_create", check: checkPushToCreate, hints: hintPushToCreate},
	{name: "project", check: checkProject, hints: hintProject},
	{name: "ssh_certificate", check: checkSSHCertificate, hints: hintSSHCertificate},
	{name: "ip_allow_list", check: checkAddress, hints: hintAddress},
	{name: "repository_type", check: checkRepositoryType, hints: hintRepositoryType},
	{name: "token_scope", check: checkTokenScope, hints: hintTokenScope},
	{name: "repository", check: checkRepository, hints: hintRepository},
	{name: "download", check: checkDownload, hints: hintDownload},
	{name: "repository_read_only", check: checkRepositoryReadOnly, hints: hintRepositoryReadOnly},
	{name: "archived", check: checkArchived, hints: hintArchived},
	{name: "deploy_key", check: checkDeployKey, hints: hintDeployKey},
	{name: "anonymous", check: checkAnonymous, hints: hintAnonymous},
	{name: "push", check: checkPush, hints: hintPush},
}

// errHidden is the same refusal for a project that does not exist and for one
// that the caller may not know of.
var errHidden = refuse(domain.NotFound, "The project was not found, or you have no access to it. Check its path, and your key or account.")

func checkRate(c *Case) finding {
	if c.Throttled {
		return refuse(domain.TooMany, "Too many Git requests for this project. Wait a minute and try again.")
	}
	return pass
}

// checkOTPSession asks people for their second factor, over SSH only: deploy
// keys have none, and the web asks on its own.
func checkOTPSession(c *Case) finding {
	switch {
	case !c.Settings.OTPRequired || c.Protocol != SSH || !c.Actor.Person().TwoFactor:
		return skip
	case !c.OTPSession:
		return refuse(domain.Forbidden, "Git over SSH takes your second factor here. Run \"%s 2fa_verify\", then try again.", c.Settings.SSHCommand)
	}
	return pass
}

// checkProtocol judges the instance's switch, and the root group's where the
// caller may know of the project: to all others it must look absent.
func checkProtocol(c *Case) finding {
	if !c.Settings.Protocols.Allow(c.Protocol) || c.Visible() && !c.Project.Root.Protocols.Allow(c.Protocol) {
		return refuse(domain.Forbidden, "Git access over %s is not allowed here. Use another protocol.", strings.ToUpper(string(c.Protocol)))
	}
	return pass
}

func checkKey(c *Case) finding { return findingOf(c.Keys.CheckKey(c.Actor.Key, c.Now)) }

func checkUser(c *Case) finding { return findingOf(c.Keys.CheckUser(c.Actor.Person(), c.Now)) }

func checkHTTPCommand(c *Case) finding {
	switch {
	case c.Protocol != HTTP:
		return skip
	case c.Settings.HTTPReceivePackOff && c.Pushes():
		return refuse(domain.Forbidden, "Pushing over HTTP is switched off here. Push over SSH.")
	case c.Settings.HTTPUploadPackOff && c.Command == UploadPack:
		return refuse(domain.Forbidden, "Pulling over HTTP is switched off here. Pull over SSH.")
	}
	return pass
}

func checkCommand(c *Case) finding {
	if !c.Command.Known() {
		return refuse(domain.Forbidden, "This Git command is not allowed.")
	}
	return pass
}

func checkInstanceReadOnly(c *Case) finding {
	switch {
	case !c.Pushes():
		return skip
	case c.Settings.ReadOnly:
		return refuse(domain.Forbidden, "This instance is read-only at the moment: you can pull, but not push.")
	}
	return pass
}

// checkNamespace refuses an SSH certificate of another top-level group. Of a
// project that the actor cannot see only the path that was asked for counts, so
// that a missing and a hidden project get the same answer.
func checkNamespace(c *Case) finding {
	if c.NamespacePath == "" || len(c.Changes) > 0 {
		return skip
	}
	root, personal := c.Target.Path.Root(), false
	if c.Visible() {
		root, personal = c.Project.Root.Path, c.Project.Root.Personal
	}
	if root == "" {
		return skip // a number that leads nowhere: the next rule refuses it
	}
	if personal || identity.Fold(root) != identity.Fold(c.NamespacePath) {
		return refuse(domain.Forbidden, "Your SSH certificate is valid for another group only.")
	}
	return pass
}

func checkProject(c *Case) finding {
	if !c.Visible() {
		return errHidden
	}
	return pass
}

// checkSSHCertificate refuses people without a certificate in groups that
// demand one. Gitaly's calls do not name the certificate again, so only the
// first call, before the changes are known, is held to it.
func checkSSHCertificate(c *Case) finding {
	person := c.Actor.Person()
	switch {
	case !c.Project.Root.RequireSSHCertificates || c.Protocol != SSH || len(c.Changes) > 0:
		return skip
	case c.NamespacePath == "" && person.Known() && person.Type == identity.Human:
		return refuse(domain.Forbidden, "This group demands an SSH certificate. Log in with one.")
	}
	return pass
}

func checkAddress(c *Case) finding {
	switch {
	case !c.AddressGiven, len(c.Project.Root.AllowedIPs) == 0:
		return skip
	case !c.Project.Root.AllowsAddress(c.Address):
		return errHidden
	}
	return pass
}

// checkRepositoryType knows code and wikis; designs are reached over the web
// only, and no web is served here.
func checkRepositoryType(c *Case) finding {
	switch c.Repository.Kind {
	case Code, Wiki:
		return pass
	case Design:
		return refuse(domain.Forbidden, "Designs cannot be reached by Git. Use the web.")
	default:
		return errHidden
	}
}

// checkTokenScope holds the actor to the scopes of the access token. It comes behind the
// rules that hide a project, so that a token tells no more of it than its user's key.
func checkTokenScope(c *Case) finding {
	switch {
	case c.Token == nil:
		return skip
	case c.Pushes() && !c.Token.MayPush():
		return refuse(domain.Forbidden, "Your access token may not push. Use one with the scope %s or %s.", identity.ScopeWriteRepository, identity.ScopeAPI)
	case !c.Pushes() && !c.Token.MayFetch():
		return refuse(domain.Forbidden, "Your access token may not read repositories. Use one with the scope %s, %s or %s.",
			identity.ScopeReadRepository, identity.ScopeWriteRepository, identity.ScopeAPI)
	}
	return pass
}

// checkRepository refuses if the repository does not exist. It is skipped once
// the changes are known, since Gitaly asks from within the repository then, and
// for a push to a wiki, which creates it. Without an answer of Gitaly the rule
// is skipped: the client contacts Gitaly itself next, and shows Gitaly's words.
func checkRepository(c *Case) finding {
	answer, open := c.answer(existenceQuestion)
	switch {
	case len(c.Changes) > 0, c.Project.ToBeCreated, c.Repository.Kind != Code && c.Pushes():
		return skip
	case open:
		return wait(existenceQuestion)
	case answer == Unknown && c.Settings.Connected:
		return finding{outcome: Unanswered, reason: "Gitaly does not tell whether the repository exists. The command goes on to Gitaly."}
	case answer == Unknown:
		return skip
	case answer == No && c.Repository.Kind == Wiki:
		return refuse(domain.NotFound, "This wiki is empty. It begins with the first push: run `git init`, commit a page such as home.md, and push it to this URL.")
	case answer == No:
		return refuse(domain.NotFound, "There is no repository for this project yet. Try again in a minute; if that does not help, tell your administrator.")
	}
	return pass
}

var existenceQuestion = Question{About: Existence}

// LacksRepository says whether Gitaly answered that the repository does not exist.
func (c *Case) LacksRepository() bool { return c.Answers[existenceQuestion] == No }

// IgnoreSilence answers questions with Unknown for which Gitaly could not be asked. It
// returns false if the decision needs an answer: once the changes of a push are
// known.
func (c *Case) IgnoreSilence(questions []Question) bool {
	if len(c.Changes) > 0 {
		return false
	}
	c.Answers = make(map[Question]Answer, len(questions))
	for _, q := range questions {
		c.Answers[q] = Unknown
	}
	return true
}

// feature returns the project's setting for the requested repository.
func (c *Case) feature() Feature {
	if c.Repository.Kind == Wiki {
		return c.Project.Wiki
	}
	return c.Project.Repository
}

func checkDownload(c *Case) finding {
	switch {
	case c.Pushes():
		return skip
	case !c.MayUse(c.feature()):
		return refuse(domain.Forbidden, "You are not allowed to download from this project. Ask a maintainer for the reporter role.")
	}
	return pass
}

func checkRepositoryReadOnly(c *Case) finding {
	switch {
	case !c.Pushes():
		return skip
	case c.Project.ReadOnly:
		return refuse(domain.Forbidden, "The repository is read-only for a moment. Try again later.")
	}
	return pass
}

func checkArchived(c *Case) finding {
	switch {
	case !c.Pushes():
		return skip
	case c.Project.Archived:
		return refuse(domain.Forbidden, "This project is archived: you can pull, but not push.")
	}
	return pass
}

func checkDeployKey(c *Case) finding {
	switch {
	case !c.Pushes() || !c.Actor.IsDeployKey():
		return skip
	case !c.KeyCanPush:
		return refuse(domain.Forbidden, "This deploy key has no write access to the project.")
	}
	return pass
}

func checkAnonymous(c *Case) finding {
	switch {
	case !c.Pushes():
		return skip
	case !c.Actor.IsDeployKey() && !c.Actor.Person().Known():
		return refuse(domain.Forbidden, "You are not allowed to upload to this project without logging in.")
	}
	return pass
}

// checkPush asks for the right to push as such. For changes to code the change
// rules ask for it, ref by ref.
func checkPush(c *Case) finding {
	switch {
	case !c.Pushes():
		return skip
	case !c.MayUse(c.feature()) || !c.mayPush() && !c.judgesRefs():
		return errNoPush
	case c.Project.ToBeCreated:
		return c.checkFirstPush()
	}
	return pass
}

var errNoPush = refuse(domain.Forbidden, "You are not allowed to push code to this project. Ask a maintainer for the developer role.")
