package contract

import (
	"context"
	"errors"
	"maps"
	"time"

	"gatehouse/application/pushes"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

// shortTimeout is for a wait that is expected to end without a result.
const shortTimeout = 200 * time.Millisecond

// calls returns a call of each method of the ports that takes a context, except
// Close.
func (s Subject) calls() map[string]func(context.Context) error {
	at := source.RepositoryID{Kind: source.Code, ID: 60}
	all := map[string]func(context.Context) error{
		"Standing": func(ctx context.Context) error {
			_, err := s.Directory.Standing(ctx, subject.Inquiry("key-11", "acme/p"))
			return err
		},
		"RoleSources": func(ctx context.Context) error {
			_, err := s.Background.RoleSources(ctx, 1, source.Project{ID: 60})
			return err
		},
		"AccessNames": func(ctx context.Context) error {
			_, err := s.Background.AccessNames(ctx, []source.Access{{User: 1}})
			return err
		},
		"KeyByFingerprint": func(ctx context.Context) error {
			_, err := s.Actors.KeyByFingerprint(ctx, fingerprint(11))
			return err
		},
		"Actor": func(ctx context.Context) error { _, err := s.Actors.Actor(ctx, subject.Claim("key-11")); return err },
		"PushContext": func(ctx context.Context) error {
			_, err := s.PushContexts.PushContext(ctx, subject.Claim("key-11"), at, true, now)
			return err
		},
		"Take": func(ctx context.Context) error { _, err := s.Notices.Take(ctx, 1, at, now); return err },
		"add notice": func(ctx context.Context) error {
			return s.Notices.Add(ctx, source.Notice{User: 1, Repository: at, OldPath: "a/b", ExpiresAt: precise})
		},
		"Increase": func(ctx context.Context) error { return s.Counters.Increase(ctx, "project-60", now, expiry) },
		"Decrease": func(ctx context.Context) error { return s.Counters.Decrease(ctx, "project-60", now) },
		"DecreaseOnce": func(ctx context.Context) error {
			return s.Counters.DecreaseOnce(ctx, "project-60", "entry", now.Add(expiry), now)
		},
		"Ping":    s.Counters.Ping,
		"Record":  func(ctx context.Context) error { return s.Recorder.Record(ctx, pushOf("project-60")) },
		"Retry":   func(ctx context.Context) error { return s.Jobs.Retry(ctx, 1, jobEvent) },
		"MakeDue": func(ctx context.Context) error { return s.Jobs.MakeDue(ctx, pushes.PushReceived, 0) },
		"Discard": func(ctx context.Context) error { return s.Jobs.Discard(ctx, 1, jobEvent) },
		"List":    func(ctx context.Context) error { _, err := s.Inventory.List(ctx, "users", now); return err },
		"Queues":  func(ctx context.Context) error { _, err := s.Inventory.Queues(ctx, now); return err },
		"WorldImport": func(ctx context.Context) error {
			return s.WorldImport(ctx, func(tx worldimport.Tx) error {
				_, err := tx.Users.Put(ctx, worldimport.User{User: userOf("new")})
				return err
			})
		},
		"WorldScratch": func(ctx context.Context) error {
			return s.WorldScratch(ctx, func(tx worldimport.Tx) error {
				_, err := tx.Users.ID(ctx, "dev")
				return err
			})
		},
	}
	maps.Copy(all, s.hookCalls())
	return all
}

var cancelledCases = []Case{
	{Name: "cancelled context: error, no change", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.increase("project-60", now)
		s.Fine("add notice", s.Notices.Add(s.Context(), source.Notice{User: 1, Repository: source.RepositoryID{Kind: source.Code, ID: 60}, OldPath: "x/y", ExpiresAt: precise}))
		s.enqueuePushes(1)
		s.Apply("hooks: [{id: 1, project: acme/p, url: 'http://x'}]")
		before := s.contents()
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		for name, call := range s.calls() {
			switch err := call(ctx); {
			case err == nil:
				s.Errorf("%s: no error", name)
			case errors.Is(err, domain.NotFound), errors.Is(err, domain.Conflict):
				s.Errorf("%s: error is %v", name, err)
			}
		}
		s.Same("everything", s.contents(), before)
		n, err := s.Notices.Take(s.Context(), 1, source.RepositoryID{Kind: source.Code, ID: 60}, now)
		s.Fine("Take", err)
		s.Same("notice", n.OldPath, source.Path("x/y"))
		for name, call := range s.calls() {
			if name != "Take" {
				s.Fine(name+", not cancelled", call(s.Context()))
			}
		}
	}},
	{Name: "context cancelled within a transaction: rolled back", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		before := s.contents()
		ctx, cancel := context.WithCancel(s.Context())
		err := s.WorldImport(ctx, func(tx worldimport.Tx) error {
			_, err := tx.Users.Put(ctx, worldimport.User{User: userOf("early")})
			s.Fine("before", err)
			cancel()
			if _, err = tx.Users.Put(ctx, worldimport.User{User: userOf("late")}); err == nil {
				s.Errorf("put after the end")
			}
			return nil // as if the error was ignored
		})
		s.Same("failed", err != nil, true)
		s.Same("everything", s.contents(), before)
		s.Apply("users: [{username: later}]")
	}},
	{Name: "context cancelled before a call in a transaction: error", Check: func(s Subject) {
		s.Apply(usersAndKeys(), "users: [{username: owner, namespace_id: 400}]")
		before := s.contents()
		for name, call := range importCalls {
			ctx, cancel := context.WithCancel(s.Context())
			err := s.WorldImport(ctx, func(tx worldimport.Tx) error {
				cancel()
				switch err := call(ctx, tx); {
				case err == nil:
					s.Errorf("%s: no error", name)
				case errors.Is(err, domain.NotFound), errors.Is(err, domain.Conflict):
					s.Errorf("%s: error is %v", name, err)
				}
				return nil
			})
			s.Same(name+" failed", err != nil, true)
		}
		s.Same("everything", s.contents(), before)
		for name, call := range importCalls {
			s.Fine(name+", not cancelled", s.Try(func(tx worldimport.Tx) error { return call(s.Context(), tx) }))
		}
	}},
	{Name: "timeout while another transaction runs: error", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		running, done := make(chan struct{}), make(chan struct{})
		ended := make(chan error)
		go func() {
			ended <- s.Try(func(tx worldimport.Tx) error {
				_, err := s.putUser(tx, 0, "slow")
				close(running)
				<-done
				return err
			})
		}()
		<-running
		ctx, cancel := context.WithTimeout(s.Context(), shortTimeout)
		defer cancel()
		err := s.WorldImport(ctx, func(tx worldimport.Tx) error {
			_, err := tx.Users.Put(ctx, worldimport.User{User: userOf("slow")}) // every store waits for the other transaction
			return err
		})
		s.Same("the second fails", err != nil, true)
		close(done)
		s.Fine("the first", <-ended)
		s.Apply("users: [{username: slow}]")
	}},
}

// importCalls are all calls of worldimport.Tx, in the world usersAndKeys.
var importCalls = map[string]func(context.Context, worldimport.Tx) error{
	"PutHook": func(ctx context.Context, tx worldimport.Tx) error {
		return tx.Hooks.Put(ctx, source.MemberSource{Project: 60}, hooks.Hook{URL: "http://y"})
	},
	"UserID": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Users.ID(ctx, "dev")
		return err
	},
	"PutUser": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Users.Put(ctx, worldimport.User{User: userOf("new")})
		return err
	},
	"NamespaceOwner": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Users.NamespaceOwner(ctx, 400)
		return err
	},
	"GhostID": func(ctx context.Context, tx worldimport.Tx) error { _, _, err := tx.Users.GhostID(ctx); return err },
	"GroupID": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Namespaces.GroupID(ctx, "acme")
		return err
	},
	"PutGroup": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Namespaces.PutGroup(ctx, group(9, "acme"))
		return err
	},
	"ProjectID": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Projects.ID(ctx, "dev/none")
		return ignore(err, domain.NotFound)
	},
	"PutProject": func(ctx context.Context, tx worldimport.Tx) error {
		_, _, err := tx.Projects.Put(ctx, worldimport.Project{Project: source.Project{Path: "dev/p"}})
		return err
	},
	"PutMember": func(ctx context.Context, tx worldimport.Tx) error {
		return tx.Namespaces.PutMember(ctx, 1, source.MemberSource{Project: 60}, worldimport.Member{Role: source.Owner, State: worldimport.MemberActive})
	},
	"PutShare": func(ctx context.Context, tx worldimport.Tx) error {
		return tx.Namespaces.PutShare(ctx, source.MemberSource{Project: 60}, 9, worldimport.Share{Role: source.Owner})
	},
	"PutBroadcast": func(ctx context.Context, tx worldimport.Tx) error {
		return tx.Namespaces.PutBroadcast(ctx, worldimport.Broadcast{Message: "x", Type: worldimport.BannerBroadcast})
	},
	"PutProtections": func(ctx context.Context, tx worldimport.Tx) error {
		return tx.Projects.PutProtections(ctx, 60, nil)
	},
	"PutKey": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Keys.Put(ctx, keyOf(0, 1, "new"))
		return err
	},
	"EnableKey": func(ctx context.Context, tx worldimport.Tx) error { return tx.Keys.Enable(ctx, 21, nil) },
	"DeployKeyExists": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Keys.DeployKeyExists(ctx, 21)
		return err
	},
	"PutAccessToken": func(ctx context.Context, tx worldimport.Tx) error {
		return tx.Credentials.PutAccessToken(ctx, 1, worldimport.AccessToken{Name: "n", Scopes: []string{"api"}, Digest: "d"})
	},
	"PutAgent": func(ctx context.Context, tx worldimport.Tx) error {
		return tx.Credentials.PutAgent(ctx, 60, 0, worldimport.Agent{Name: "prod"})
	},
}

func init() { maps.Copy(importCalls, currentCalls) }

// currentCalls are those of importCalls that read a row before it is put.
var currentCalls = map[string]func(context.Context, worldimport.Tx) error{
	"CurrentUser": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Users.Current(ctx, worldimport.User{User: userOf("dev")})
		return err
	},
	"CurrentGroup": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Current.Group(ctx, group(9, "acme"))
		return err
	},
	"CurrentMember": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Current.Member(ctx, 2, source.MemberSource{Group: 9})
		return err
	},
	"CurrentShare": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Current.Share(ctx, source.MemberSource{Group: 9}, 9)
		return ignore(err, domain.NotFound)
	},
	"CurrentBroadcast": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Current.Broadcast(ctx, worldimport.Broadcast{Message: "none", Type: worldimport.BannerBroadcast})
		return ignore(err, domain.NotFound)
	},
	"CurrentHook": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Current.Hook(ctx, source.MemberSource{Group: 9}, hooks.Hook{URL: "http://none"})
		return ignore(err, domain.NotFound)
	},
	"CurrentProject": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Projects.Current(ctx, worldimport.Project{Project: source.Project{ID: 60}})
		return err
	},
	"Redirect": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Projects.Redirect(ctx, "no/ne")
		return ignore(err, domain.NotFound)
	},
	"CurrentKey": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Keys.Current(ctx, identity.Key{ID: 11})
		return err
	},
	"Enabled": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Keys.Enabled(ctx, 21)
		return err
	},
	"AccessToken": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Credentials.AccessToken(ctx, "none")
		return ignore(err, domain.NotFound)
	},
	"Agent": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.Credentials.Agent(ctx, 60, worldimport.Agent{Name: "none"})
		return ignore(err, domain.NotFound)
	},
	"CurrentSubscription": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.CurrentBilling.Subscription(ctx, 9)
		return ignore(err, domain.NotFound)
	},
	"CurrentMinutesPack": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.CurrentBilling.MinutesPack(ctx, "none")
		return ignore(err, domain.NotFound)
	},
	"CurrentReconciliation": func(ctx context.Context, tx worldimport.Tx) error {
		_, err := tx.CurrentBilling.Reconciliation(ctx, 9)
		return ignore(err, domain.NotFound)
	},
}

// ignore returns err, or nil if it is of that kind.
func ignore(err error, kind domain.Kind) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

func pushOf(repository string) pushes.Push {
	return pushes.Push{Repository: repository, Identifier: "key-11", Changes: "a b refs/heads/main\n", Options: []string{"ci.skip"}, ReceivedAt: now}
}

func userOf(name string) identity.User {
	return identity.User{Username: name, State: identity.Active, Type: identity.Human}
}
