package bootstrap

import (
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/auditqueue"
	"gatehouse/adapters/gitaly"
	"gatehouse/adapters/ratelimit"
	"gatehouse/adapters/spool"
	"gatehouse/application"
	"gatehouse/application/gitaccess"
	"gatehouse/application/gitaudit"
	"gatehouse/application/postreceive"
	"gatehouse/application/projects"
	"gatehouse/application/pushes"
	"gatehouse/application/webhooks"
	"gatehouse/application/whois"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/source"
)

// git is what answers GitLab Shell and Gitaly.
var git = fx.Module("git", fx.Provide(
	Clock, GitRules, PushRules, whois.New, pushes.New, gitaccess.New,
	Spool, func(f *spool.Folder) pushes.Spool { return f }, newReplayer,
	fx.Annotate(newLimiter, fx.As(new(gitaccess.Limiter))),
	Storages, func(c *gitaly.Client) Repositories { return c },
	func(n Notices) gitaccess.Notices { return n }, func(n Notices) pushes.Notices { return n },
	DecisionQueue, func(q *auditqueue.Queue) gitaccess.Decisions { return q },
	func(r Repositories) gitaccess.Repositories { return r }, func(r Repositories) projects.Repositories { return r },
	func(r Repositories) projects.RepositoryRemover { return r }, projects.NewRemover,
	ProjectCreator, func(c *projects.Creator) gitaccess.ProjectCreator { return c },
	Elapsed,
), fx.Decorate(steadyCounters))

// Repositories is what the use cases ask of Gitaly.
type Repositories interface {
	gitaccess.Repositories
	projects.Repositories
	projects.RepositoryRemover
	projects.Heads
	postreceive.History
	webhooks.History
}

// Storages makes a client of the storages that this server asks itself. It does
// not connect before the first question.
func Storages(config config.Config, now application.Clock) (*gitaly.Client, error) {
	var known []gitaccess.Storage
	if config.Gitaly.Connected() {
		for _, s := range config.Gitaly.Storages {
			known = append(known, storage(s))
		}
	}
	return gitaly.New(known, now)
}

func storage(s config.Storage) gitaccess.Storage {
	return gitaccess.Storage{Name: s.Name, Address: s.Address, Token: string(s.Token)}
}

// Clock returns the clock of the machine, in UTC.
func Clock() application.Clock { return func() time.Time { return time.Now().UTC() } }

// Elapsed returns the time since its call, by the machine's monotonic clock.
func Elapsed() application.Elapsed {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

func steadyCounters(counters pushes.Counters, recorder pushes.Recorder, elapsed application.Elapsed) (pushes.Counters, pushes.Recorder) {
	steady := pushes.NewSteadyCounters(counters, elapsed)
	return steady, steady.Recorder(recorder)
}

// limitTimeout is how long a request waits for what other servers counted.
const limitTimeout = 100 * time.Millisecond

func newLimiter(config config.Config, counters ratelimit.Counters, log *zap.Logger) *ratelimit.Limiter {
	if counters == nil {
		return ratelimit.New(config.Git.RateLimit)
	}
	return ratelimit.NewShared(config.Git.RateLimit, counters, limitTimeout, log)
}

// GitRules returns what the settings say about Git access.
func GitRules(config config.Config) (gitaccess.Rules, error) {
	known, err := storages(config.Gitaly)
	return gitaccess.Rules{
		Settings: source.Settings{
			Protocols: config.Git.Protocols, ReadOnly: config.Git.ReadOnly,
			HTTPUploadPackOff: !config.Git.HTTPUploadPack, HTTPReceivePackOff: !config.Git.HTTPReceivePack,
			DefaultBranchProtection: config.Git.DefaultBranchProtection, OTPRequired: config.OTP.RequiredForGit, SSHCommand: config.SSHCommand(),
			PushToCreate: config.Git.PushToCreate && config.Gitaly.Connected(), Connected: config.Gitaly.Connected(),
		},
		Keys:     config.Git.KeyPolicy(),
		Storages: known, NewStorage: config.Gitaly.NewProjectStorage(), CloneURL: config.CloneURL,
	}, err
}

// storages returns the storages that GitLab Shell is told of, by name.
func storages(g config.Gitaly) (map[string]gitaccess.Storage, error) {
	known, err := g.Known()
	byName := map[string]gitaccess.Storage{}
	for _, s := range known {
		byName[s.Name] = storage(s)
	}
	return byName, err
}

// PushRules returns what the settings say about pushes.
func PushRules(config config.Config, log *zap.Logger) pushes.Rules {
	rules := pushes.Rules{
		Expiry: config.Counters.Expiry, FailOpen: config.Counters.FailOpen, CountersApart: config.Redis.URL != "", NewID: newEntryID,
		CloneURL: config.CloneURL, WebURL: config.WebURL,
		HooksLimit: config.Webhooks.PushLimit,
		LogUnsent: func(u pushes.Unsent) {
			log.Info("webhooks receive no events of a push: more refs than webhooks.push_limit", zap.String("gl_repository", u.Repository),
				zap.String("user", u.User), zap.Int("branches", u.Branches), zap.Int("tags", u.Tags), zap.Int("limit", u.Limit))
		},
	}
	if config.Git.MergeRequestLinks {
		rules.MergeRequestURL = config.NewMergeRequestURL
	}
	return rules
}

// ProjectCreator makes the use case that creates the projects of push to create.
func ProjectCreator(config config.Config, unitOfWork projects.UnitOfWork, destinations projects.Destinations, repositories projects.Repositories, jobs Jobs, now application.Clock) *projects.Creator {
	return projects.New(unitOfWork, destinations, repositories, jobs, config.Git.DefaultBranchProtection, now)
}

// Explainer makes an Explainer without a server; stop closes its connections to Gitaly.
func Explainer(config config.Config, ports Ports) (_ *gitaccess.Explainer, stop func() error, err error) {
	gate, client, err := gatekeeper(config, ports)
	if err != nil {
		return nil, nil, err
	}
	return gitaccess.NewExplainer(gate, ports.Background), client.Close, nil
}

// DecisionQueue makes the queue of decisions for the audit log.
func DecisionQueue(config config.Config, log gitaudit.Log, logger *zap.Logger) *auditqueue.Queue {
	settings := auditqueue.Settings{Everything: config.Audit.Enabled, Refusals: config.Audit.Refusals}
	return auditqueue.New(settings, log, logger.Named("audit"))
}

// Gatekeeper makes a Gatekeeper without a server. It has no rate limit and records no
// decision.
func Gatekeeper(config config.Config, ports Ports) (*gitaccess.Gatekeeper, error) {
	gate, _, err := gatekeeper(config, ports) // the client lives as long as the process
	return gate, err
}

func gatekeeper(config config.Config, ports Ports) (*gitaccess.Gatekeeper, *gitaly.Client, error) {
	rules, err := GitRules(config)
	if err != nil {
		return nil, nil, err
	}
	client, err := Storages(config, Clock())
	if err != nil {
		return nil, nil, err
	}
	creator := ProjectCreator(config, ports.NewProjects, ports.Destinations, client, ports.Jobs, Clock())
	unrecorded := auditqueue.New(auditqueue.Settings{}, ports.AuditLog, zap.NewNop())
	return gitaccess.New(ports.Directory, client, ports.Notices, ports.KeyUses, ratelimit.New(0), creator, unrecorded, rules, Clock()), client, nil
}
