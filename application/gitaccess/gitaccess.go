package gitaccess

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Timeout is how long one decision may take: GitLab's 50 seconds.
const Timeout = 50 * time.Second

// stampInterval is how old a key's last-used stamp must be to be renewed.
const stampInterval = 24 * time.Hour

// Rules are the instance's own settings that decisions depend on.
type Rules struct {
	Settings source.Settings
	Keys     identity.Policy
	// Storages are looked up by name.
	Storages map[string]Storage
	// NewStorage is the name of that for new projects.
	NewStorage string
	// CloneURL returns where a repository is cloned from over a protocol.
	CloneURL func(path string, protocol source.Protocol) string
}

// Gatekeeper decides on Git commands. It is safe for concurrent use.
type Gatekeeper struct {
	directory    Directory
	repositories Repositories
	notices      Notices
	stamps       KeyUses
	limiter      Limiter
	creator      ProjectCreator
	decisions    Decisions
	rules        Rules
	now          application.Clock
}

// New makes a Gatekeeper. The creator is used only when push to create is on.
func New(directory Directory, repositories Repositories, notices Notices, stamps KeyUses, limiter Limiter, creator ProjectCreator, decisions Decisions, rules Rules, now application.Clock) *Gatekeeper {
	return &Gatekeeper{directory, repositories, notices, stamps, limiter, creator, decisions, rules, now}
}

// Request is one question about Git access, as it came in.
type Request struct {
	source.Request
	// Project is the text by which the caller named the repository; requests
	// are counted by it.
	Project string
	// CorrelationID is the id that all requests of one Git command share.
	CorrelationID string
	// SnapshotPath and Quarantine come from Gitaly and go back to it.
	SnapshotPath string
	Quarantine   Quarantine
}

// Grant is what an allowed command needs to go on.
type Grant struct {
	Actor      identity.Actor
	Project    source.Project
	Repository source.RepositoryID
	Location   Location
	// Messages are shown to the user on the console.
	Messages []string
	// Warning is what went wrong without keeping the command from its way;
	// it is for the log, and nil most of the time.
	Warning error
}

// Allow returns a Grant, or a *Denial with the *domain.Refusal that says why not. It
// fails closed: if the facts cannot be loaded in time, the refusal is of kind
// domain.Unavailable. The decision is recorded, unless it refuses who came over HTTP
// without credentials.
func (g *Gatekeeper) Allow(ctx context.Context, req Request) (Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	c := g.newCase(req)
	grant, err := g.allow(ctx, req, &c)
	var denial *Denial
	if err != nil {
		denial, err = deny(req, &c, err)
	} else if person := c.Actor.Person(); person.Known() {
		g.stamps.UserActive(person.ID, c.Now)
	}
	if denial == nil || !challenged(req) {
		g.decisions.Record(Decision{&req, &c, denial})
	}
	return grant, err
}

// challenged says whether a refusal of the request only asks for credentials, with which
// Git tries again: it comes without them first.
func challenged(req Request) bool {
	return req.Protocol == source.HTTP && req.Claim.Kind == identity.Anonymous
}

func (g *Gatekeeper) allow(ctx context.Context, req Request, c *source.Case) (Grant, error) {
	if err := g.loadFacts(ctx, req, c); err != nil {
		return Grant{}, unavailable(ctx, err)
	}
	g.stamp(c)
	d, err := g.decide(ctx, req, c)
	switch {
	case err != nil:
		return Grant{}, unavailable(ctx, err)
	case d.refusal != nil && c.LacksRepository():
		return Grant{}, g.retryRepository(ctx, c, d.refusal)
	case d.refusal != nil:
		return Grant{}, d.refusal
	case c.Project.ToBeCreated:
		return g.createProject(ctx, req, c)
	case c.CreatesWiki():
		return g.grant(ctx, req, c, g.createWiki(ctx, c.Project))
	}
	return g.grant(ctx, req, c, d.warning)
}

// createProject creates the project, loads the standing again and decides
// again.
func (g *Gatekeeper) createProject(ctx context.Context, req Request, c *source.Case) (Grant, error) {
	by := audit.Cause{Actor: actorOf(c), CorrelationID: req.CorrelationID}
	id, err := g.creator.CreateProject(ctx, by, c.Project)
	var warning error
	if id != 0 {
		warning = g.addNotice(ctx, c, source.Notice{Repository: source.RepositoryID{Kind: source.Code, ID: int64(id)}})
	}
	if err != nil {
		return Grant{}, refusedBy(CreateProjectRule, unavailable(ctx, err))
	}
	if err := g.loadStanding(ctx, c); err != nil {
		return Grant{}, unavailable(ctx, err)
	}
	d, err := g.decide(ctx, req, c)
	switch {
	case err != nil:
		return Grant{}, unavailable(ctx, err)
	case d.refusal != nil:
		return Grant{}, d.refusal
	case c.Project.ToBeCreated: // it was taken away meanwhile; another push is told why
		return Grant{}, unavailable(ctx, errors.New("a project that was made is not there"))
	}
	return g.grant(ctx, req, c, errors.Join(warning, d.warning))
}

// createWiki creates the repository of a wiki for a push. The push goes on if that
// fails: then Gitaly tells the user why.
func (g *Gatekeeper) createWiki(ctx context.Context, p source.Project) (warning error) {
	ctx, cancel := context.WithTimeout(ctx, wikiTimeout)
	defer cancel()
	return g.creator.CreateWiki(ctx, p)
}

// retryRepository has the repository of a project created soon, if it is to be
// created at all, and returns the refusal.
func (g *Gatekeeper) retryRepository(ctx context.Context, c *source.Case, refusal error) error {
	if c.Repository.Kind != source.Code {
		return refusal
	}
	ctx, cancel := context.WithTimeout(ctx, retryTimeout)
	defer cancel()
	if err := g.creator.RetryRepository(ctx, c.Project.ID); err != nil {
		return fmt.Errorf("%w (%w)", refusal, err)
	}
	return refusal
}

// grant makes the Grant of an allowed command.
func (g *Gatekeeper) grant(ctx context.Context, req Request, c *source.Case, warning error) (Grant, error) {
	location, err := g.location(req, c)
	if err != nil {
		return Grant{}, err
	}
	return Grant{
		Actor: c.Actor, Project: c.Project, Repository: c.Repository, Location: location,
		Messages: append(messages(c), g.movedMessage(req, c)...), Warning: errors.Join(warning, g.addMovedNotice(ctx, req, c)),
	}, nil
}

// newCase returns the case of a request, without facts.
func (g *Gatekeeper) newCase(req Request) source.Case {
	return source.Case{Request: req.Request, Now: g.now(), Settings: g.rules.Settings, Keys: g.rules.Keys}
}

// loadFacts loads the facts. It loads none for a caller who is known to exceed the
// rate limit, and forgets them if the limiter says so only meanwhile.
func (g *Gatekeeper) loadFacts(ctx context.Context, req Request, c *source.Case) error {
	allowed, confirm := g.limiter.Count(ctx, c.Now, buckets(req)...)
	if !allowed {
		c.Throttled = true
		return nil
	}
	err := g.loadStanding(ctx, c)
	if !confirm() {
		throttled := g.newCase(req)
		throttled.Now, throttled.Throttled = c.Now, true
		*c, err = throttled, nil
	}
	return err
}

func (g *Gatekeeper) loadStanding(ctx context.Context, c *source.Case) (err error) {
	c.Standing, err = g.directory.Standing(ctx, source.Inquiry{
		Claim: c.Claim, Target: c.Target, Refs: len(c.Changes) > 0, OTP: c.Settings.OTPRequired, Now: c.Now,
	})
	if err != nil || !c.MayCreateProject() {
		return err
	}
	destination, err := g.creator.Destination(ctx, c.Actor.Person().ID, c.Target.Path, c.Now)
	switch {
	case errors.Is(err, domain.NotFound):
		return nil
	case err != nil:
		return err
	}
	c.PlanProject(destination, g.rules.NewStorage)
	return nil
}

// buckets are what a request is counted by: who asks, and where from. Who asks over HTTP
// without credentials is counted by the address alone, so that the others are not refused.
func buckets(req Request) []Bucket {
	if challenged(req) {
		return []Bucket{newBucket(req.Claim.String(), req.Address.String())}
	}
	out := []Bucket{newBucket(string(req.Command), req.Project, req.Claim.String())}
	if req.Address.IsValid() && !req.Address.IsLoopback() {
		out = append(out, newBucket(string(req.Command), req.Project, req.Address.String()))
	}
	return out
}

// newBucket returns the bucket of some texts. Each is written behind its length, so
// that no other texts have the same bucket.
func newBucket(texts ...string) Bucket {
	joined := make([]byte, 0, 256) // nearly always enough, and not on the heap
	for _, text := range texts {
		joined = binary.AppendUvarint(joined, uint64(len(text)))
		joined = append(joined, text...)
	}
	digest := sha256.Sum256(joined)
	return Bucket(digest[:])
}

// decision is a verdict without open questions; warning says why Gitaly did not
// answer one that the verdict does without.
type decision struct{ refusal, warning error }

// decide decides, after the answers that the rules ask for.
func (g *Gatekeeper) decide(ctx context.Context, req Request, c *source.Case) (d decision, err error) {
	verdict := c.Decide()
	if len(verdict.Open) > 0 {
		if d.warning, err = g.ask(ctx, req, c, verdict.Open); err != nil {
			return decision{}, err
		}
		verdict = c.Decide()
	}
	if verdict.Refusal == nil && len(verdict.Open) > 0 {
		return decision{}, errors.New("questions were left open")
	}
	if verdict.Refusal != nil {
		d.refusal = &Denial{Rule: verdict.Rule, ref: verdict.Ref, err: verdict.Refusal}
	}
	return d, nil
}

// A command waits so long for Gitaly before its changes are known, and then goes on:
// GitLab Shell shows Gitaly's words, but not those of a 503, which it repeats twice.
const (
	// existenceTimeout is for the question whether the repository exists.
	existenceTimeout = 3 * time.Second
	// wikiTimeout is for the creation of a wiki's repository.
	wikiTimeout = 5 * time.Second
	// retryTimeout is for the request to create a missing repository soon.
	retryTimeout = time.Second
)

// ask gets the answers. Before the changes of a push are known nothing but the
// repository's existence is asked, and a failure is a warning.
func (g *Gatekeeper) ask(ctx context.Context, req Request, c *source.Case, questions []source.Question) (warning, err error) {
	location, err := g.location(req, c)
	if err != nil {
		return nil, err
	}
	asking, cancel := ctx, context.CancelFunc(func() {})
	if len(c.Changes) == 0 {
		asking, cancel = context.WithTimeout(ctx, existenceTimeout)
	}
	defer cancel()
	c.Answers, err = g.repositories.Answers(asking, location, questions)
	if err != nil && ctx.Err() == nil && c.IgnoreSilence(questions) {
		return err, nil
	}
	return nil, err
}

// location finds the repository's Gitaly. GitLab Shell cannot go on without an
// address, so a storage that is not configured is a refusal; of a kind whose
// words reach the user, since trying again does not help.
func (g *Gatekeeper) location(req Request, c *source.Case) (Location, error) {
	storage, ok := g.rules.Storages[c.Project.Storage]
	if !ok {
		return Location{}, refusedBy(StorageRule, domain.Refuse(domain.Unprocessable,
			"The storage %q of this project is not configured. Tell your administrator.", c.Project.Storage))
	}
	return Location{
		Storage: storage, RelativePath: c.Project.RelativePath(c.Repository.Kind),
		SnapshotPath: req.SnapshotPath, Repository: c.Repository, Quarantine: req.Quarantine,
	}, nil
}

func (g *Gatekeeper) stamp(c *source.Case) {
	if key := c.Actor.Key; key.Known() && c.Now.Sub(key.LastUsedAt) > stampInterval {
		g.stamps.Record(key.ID, c.Now)
	}
}

// noticeTimeout is how long a command waits for a notice to be kept; the
// command goes on without it.
const noticeTimeout = time.Second

// addMovedNotice leaves a notice, for the user's next push, that the project
// has moved.
func (g *Gatekeeper) addMovedNotice(ctx context.Context, req Request, c *source.Case) error {
	if !c.Moved || !c.Actor.Person().Known() {
		return nil
	}
	return g.addNotice(ctx, c, source.Notice{Repository: c.Repository, OldPath: req.Target.Path})
}

// movedMessage tells who fetches by a path of the past that the project has moved, a
// string for each line: GitLab Shell writes each behind a prefix. Who pushes is told by
// the notice, after the push.
func (g *Gatekeeper) movedMessage(req Request, c *source.Case) []string {
	if !c.Moved || c.Command == source.ReceivePack {
		return nil
	}
	path := c.Project.FullPath(c.Repository.Kind)
	text := source.MovedMessage(req.Target.Path, path, g.rules.CloneURL(path, c.Protocol))
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// addNotice keeps a notice for the person who asks.
func (g *Gatekeeper) addNotice(ctx context.Context, c *source.Case, n source.Notice) error {
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	n.User, n.Protocol, n.ExpiresAt = c.Actor.Person().ID, c.Protocol, c.Now.Add(source.NoticeLifetime)
	return g.notices.Add(ctx, n)
}

func messages(c *source.Case) []string {
	if c.Actor.Key.Kind == identity.UserKey && c.Actor.Key.ExpiresSoon(c.Now) {
		return []string{"Your SSH key expires on " + c.Actor.Key.ExpiresAt.Format(time.DateOnly) + ". Add a new one to your profile in time."}
	}
	return nil
}

// unavailable turns a failure into a Refusal; a Refusal stays as it is. Its
// cause stays in the chain, for the log.
func unavailable(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*domain.Refusal](err); ok {
		return err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return refusedBy(DeadlineRule, domain.Refuse(domain.Unavailable,
			"Checking this command took longer than 50 seconds. Push fewer refs at a time, or try again later.").Because(err))
	}
	return refusedBy(UnavailableRule, domain.Refuse(domain.Unavailable, "Git access cannot be checked at the moment. Try again later.").Because(err))
}
