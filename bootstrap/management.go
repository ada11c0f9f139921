package bootstrap

import (
	"context"
	"crypto/rand"
	"errors"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/gitaly"
	"gatehouse/adapters/httpapi/rest"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/adapters/instancekey"
	"gatehouse/adapters/ratelimit"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/authorization"
	"gatehouse/application/clusters"
	"gatehouse/application/code"
	"gatehouse/application/credentials"
	"gatehouse/application/deploykeys"
	"gatehouse/application/gitaccess"
	"gatehouse/application/groups"
	"gatehouse/application/instance"
	"gatehouse/application/inventory"
	"gatehouse/application/members"
	"gatehouse/application/projects"
	"gatehouse/application/protections"
	"gatehouse/application/webhooks"
	"gatehouse/bootstrap/config"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// management is what answers the management API.
var management = fx.Module("management", fx.Provide(Accounts, Members, ProjectReader, ProjectStarter, Projects, Groups, Code, Protections, DeployKeys, Settings, restUseCases, RestAPI))

// Accounts makes the service that changes users, their keys and their tokens. Without a key,
// which may be nil, no request has an idempotency key.
func Accounts(config config.Config, unitOfWork accounts.UnitOfWork, reader accounts.Records, credentials accounts.Credentials, key *instancekey.Key, now application.Clock) *accounts.Service {
	rules := accounts.Rules{
		Users: config.Git.KeyPolicy(), TokenPrefix: config.Tokens.Prefix, Lifetime: lifetime(config.Tokens),
		RequireConfirmation: config.Users.RequireConfirmation,
	}
	if key != nil {
		rules.InstanceKey = key.Current
	}
	if config.Gitaly.Connected() {
		rules.RemoveRepository = projects.RemoveRepository
	}
	return accounts.New(unitOfWork, reader, credentials, rules, rand.Reader, now)
}

// Members makes the service that lists and changes members.
func Members(unitOfWork members.UnitOfWork, standings Standings, reader members.Records, now application.Clock) *members.Service {
	return members.New(unitOfWork, standings, reader, now)
}

// ProjectReader makes the service that shows projects.
func ProjectReader(standings Standings, views projects.Views, now application.Clock) *projects.Reader {
	return projects.NewReader(standings, views, now)
}

// ProjectStarter makes what brings repositories to what their projects say.
func ProjectStarter(creator *projects.Creator, views projects.Views, repositories Repositories, code *code.Service, accounts accounts.Records, log *zap.Logger, now application.Clock) *projects.Starter {
	late := func(project source.ProjectID, err error) {
		log.Warn("a new project has no first commit yet, and waits for its job", zap.Int64("project_id", int64(project)), zap.Error(err))
	}
	return projects.NewStarter(creator, views, repositories, firstCommits{code, accounts, now}, late, now)
}

// Projects makes the service that changes projects.
func Projects(config config.Config, unitOfWork projects.ChangeUnitOfWork, reader *projects.Reader, repositories Repositories, starter *projects.Starter, now application.Clock) *projects.Service {
	rules := projects.Rules{
		Connected: config.Gitaly.Connected(), NewStorage: config.Gitaly.NewProjectStorage(), Protection: config.Git.DefaultBranchProtection,
	}
	for _, s := range config.Gitaly.Storages {
		rules.Storages = append(rules.Storages, s.Name)
	}
	return projects.NewService(unitOfWork, reader, repositories, starter, rules, now)
}

// firstCommits makes first commits as a commit through the management API is made.
type firstCommits struct {
	code     *code.Service
	accounts accounts.Records
	now      application.Clock
}

// Commit implements projects.FirstCommits.
func (f firstCommits) Commit(ctx context.Context, p source.Project, c projects.FirstCommit) error {
	author, err := f.accounts.View(ctx, identity.Claim{Kind: identity.ByUser, ID: int64(c.Author)}, f.now())
	if errors.Is(err, domain.NotFound) {
		return domain.Refuse(domain.NotFound, "The author of the commit is gone")
	}
	if err != nil {
		return err
	}
	_, err = f.code.CreateCommit(ctx, rights.Caller{Account: author.Account}, rights.Ref{Kind: rights.Project, ID: int64(p.ID)}, source.NewCommit{
		Branch: p.HeadBranch(), Message: c.Message, Changes: []source.FileChange{{Action: source.CreateFile, Path: c.File, Content: []byte(c.Text)}},
	})
	return err
}

// Groups makes the service that changes groups.
func Groups(config config.Config, unitOfWork groups.UnitOfWork, reader groups.Records, namespaces groups.Namespaces, standings Standings, now application.Clock) *groups.Service {
	var rules groups.Rules
	if config.Gitaly.Connected() {
		rules.RemoveRepository = projects.RemoveRepository
	}
	return groups.New(unitOfWork, reader, namespaces, standings, rules, now)
}

// Code makes the service that reads code and commits to it, through Gitaly.
func Code(directory gitaccess.Directory, gitaly *gitaly.Client, rules gitaccess.Rules, now application.Clock) *code.Service {
	return code.New(directory, gitaly, gitaly, gitaly, code.Rules{Settings: rules.Settings, Keys: rules.Keys}, now)
}

// Protections makes the service that changes which branches and tags are protected.
func Protections(unitOfWork protections.UnitOfWork, standings Standings, reader protections.Records, now application.Clock) *protections.Service {
	return protections.New(unitOfWork, standings, reader, now)
}

// DeployKeys makes the service that changes deploy keys.
func DeployKeys(config config.Config, unitOfWork deploykeys.UnitOfWork, standings Standings, reader deploykeys.Records, now application.Clock) *deploykeys.Service {
	return deploykeys.New(unitOfWork, standings, reader, config.Git.KeyPolicy(), now)
}

// Settings makes the service that shows and changes the settings of the instance.
func Settings(unitOfWork instance.UnitOfWork, reader instance.Reader, now application.Clock) *instance.Service {
	return instance.New(unitOfWork, reader, now)
}

// projectUseCases are those of projects and of what belongs to them.
type projectUseCases struct {
	fx.In

	Projects    *projects.Reader
	Changes     *projects.Service
	Code        *code.Service
	Protections *protections.Service
	DeployKeys  *deploykeys.Service
	Hooks       *webhooks.Service
	Agents      *clusters.AgentService
}

func restUseCases(credentials *credentials.Service, accounts *accounts.Service, members *members.Service, groups *groups.Service, of projectUseCases, settings *instance.Service, inventory inventory.Records) rest.UseCases {
	return rest.UseCases{
		Credentials: credentials, Accounts: accounts, Members: members, Groups: groups, Projects: of.Projects, Changes: of.Changes, Code: of.Code,
		Protections: of.Protections, DeployKeys: of.DeployKeys, Hooks: of.Hooks, Agents: of.Agents, Settings: settings, Queues: inventory.Queues,
	}
}

// RightsExplainer makes the explainer of rights.
func RightsExplainer(config config.Config, ports Ports) *authorization.Explainer {
	service := members.New(ports.MemberUnitOfWork, ports.Standings, ports.MemberRecords, Clock())
	return authorization.New(accountNames{ports.AccountRecords}, ports.Standings, ports.ProjectViews, service, config.Git.KeyPolicy(), Clock())
}

// accountNames finds accounts by their names.
type accountNames struct{ accounts.Records }

// Account implements authorization.Accounts.
func (a accountNames) Account(ctx context.Context, username string) (identity.Account, error) {
	view, err := a.View(ctx, identity.ClaimName(username), Clock()())
	return view.Account, err
}

// RestAPI makes the routes of the management API.
func RestAPI(config config.Config, useCases rest.UseCases, rev revision, now application.Clock) *rest.API {
	return rest.New(useCases, rest.Instance{
		Instance: entity.Instance{
			ExternalURL: config.ExternalURL, CloneURL: config.CloneURL, DefaultBranchProtection: config.Git.DefaultBranchProtection,
			ProjectDefaults: remembered.Values{"merge_requests_access_level": config.Projects.MergeRequests},
		},
		Version: config.Version, Revision: string(rev), KasEnabled: config.Kas.Enabled, KasURL: config.Kas.ExternalURL,
		CORSOrigins: config.API.CORSOrigins, Settings: restSettings(config),
	}, call.Limits{
		Counter: ratelimit.NewCounter(), User: int64(config.API.RateLimit), Address: int64(config.API.AnonymousRateLimit),
	}, now)
}

// restSettings are what administrators may read of the configuration through the API.
func restSettings(config config.Config) rest.ConfiguredSettings {
	out := rest.ConfiguredSettings{RequirePersonalAccessTokenExpiry: config.Tokens.RequireExpiry}
	if days := int64(config.Tokens.MaxLifetimeDays); days > 0 {
		out.MaxPersonalAccessTokenLifetime = &days
	}
	return out
}
