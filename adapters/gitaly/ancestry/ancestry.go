// Package ancestry tells of many pairs of commits whether the one is an ancestor
// of the other, from a few listings of the history.
package ancestry

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"gatehouse/domain/source"
)

// History is the history of one repository.
type History interface {
	// List returns commits that are reachable from heads and not from excluded,
	// at most limit. A listed commit has its true parents. Too many or too few
	// commits may be listed, as git rev-list does where clocks ran backwards. It
	// fails with ErrUnlistable if a commit does not exist.
	List(ctx context.Context, heads, excluded []source.ObjectID, limit int) ([]Commit, error)
	// IsAncestor returns false as well if one of the commits does not exist.
	IsAncestor(ctx context.Context, q source.Question) (bool, error)
}

// Commit is a commit of a listing.
type Commit struct {
	ID      source.ObjectID
	Parents []source.ObjectID
}

// ErrUnlistable means that these commits cannot be listed together; fewer of
// them may.
var ErrUnlistable = errors.New("the commits cannot be listed")

const (
	// chunkSize is the number of questions that share their listings.
	chunkSize = 500
	// few is the number of questions below which each is asked singly.
	few = 8
	// maxListed is the number of commits of one listing.
	maxListed = 20_000
	// maxBorder is the number of commits that one listing excludes.
	maxBorder = 4 * chunkSize
	// listings and calls are the numbers of calls of List and of IsAncestor that
	// run at the same time.
	listings, calls = 4, 8
)

// Answers answers questions about an Ancestor. A Yes is certain, and the first
// No, in the order of the questions: if the answer to any question is No, then one
// that follows it may be No although it should be Yes.
func Answers(ctx context.Context, h History, questions []source.Question) (map[source.Question]source.Answer, error) {
	r := &resolver{history: h, answers: make(map[source.Question]source.Answer, len(questions)), presumed: map[source.Question]bool{}}
	group, listing := errgroup.WithContext(ctx)
	group.SetLimit(listings)
	for chunk := range slices.Chunk(questions, chunkSize) {
		group.Go(func() error { return r.resolve(listing, chunk) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := r.confirm(ctx, questions); err != nil {
		return nil, err
	}
	if err := r.askOpen(ctx, questions); err != nil {
		return nil, err
	}
	return r.answers, nil
}

// resolver collects the answers.
type resolver struct {
	history History
	mutex   sync.Mutex
	answers map[source.Question]source.Answer
	// presumed are the questions to which a listing answers No that may list too
	// many commits.
	presumed map[source.Question]bool
}

func (r *resolver) set(q source.Question, answer source.Answer) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.answers[q] = answer
}

// presume answers No for now.
func (r *resolver) presume(q source.Question) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.answers[q], r.presumed[q] = source.No, true
}

// resolve answers what listings tell of the questions. It halves questions that
// cannot be listed together, since one missing commit fails the listing.
func (r *resolver) resolve(ctx context.Context, questions []source.Question) error {
	if len(questions) < few {
		return nil
	}
	err := r.list(ctx, questions)
	if !errors.Is(err, ErrUnlistable) {
		return err
	}
	half := len(questions) / 2
	if err := r.resolve(ctx, questions[:half]); err != nil {
		return err
	}
	return r.resolve(ctx, questions[half:])
}

// list resolves questions in three steps: first it lists what the changes add,
// which answers most fast-forwards. Then it lists the old commits that no commit
// at the border of the first listing reaches, which answers most force pushes. Then
// it lists the new commits without excluding any, since a change may lie behind the
// old commit of another one.
func (r *resolver) list(ctx context.Context, questions []source.Question) error {
	open, border, err := r.follow(ctx, questions, oldCommits(questions))
	if err != nil || len(open) < few {
		return err
	}
	if len(border) <= maxBorder {
		if open, err = r.presumeUnreached(ctx, open, border); err != nil || len(open) < few {
			return err
		}
	}
	_, _, err = r.follow(ctx, open, nil)
	return err
}

// follow lists the history of the new commits and answers each question whose old
// commit is in it or whose history is listed to its roots. It returns the questions
// that stay open, and the border: the commits at which their histories leave the
// listing.
func (r *resolver) follow(ctx context.Context, questions []source.Question, excluded []source.ObjectID) (open []source.Question, border []source.ObjectID, err error) {
	heads := newCommits(questions)
	commits, err := r.history.List(ctx, heads, excluded, maxListed)
	if err != nil {
		return nil, nil, err
	}
	t := trace(heads, commits)
	unlisted := t.unlisted()
	undecided := newSet(len(questions))
	for i, q := range questions {
		switch {
		case t.reached[q.Old].has(i):
			r.set(q, source.Yes)
		case !unlisted.has(i):
			r.set(q, source.No)
		default:
			undecided.add(i)
			open = append(open, q)
		}
	}
	return open, t.border(undecided), nil
}

// presumeUnreached lists the old commits that border does not reach, and answers No
// to their questions. It returns the others.
func (r *resolver) presumeUnreached(ctx context.Context, questions []source.Question, border []source.ObjectID) (open []source.Question, err error) {
	commits, err := r.history.List(ctx, oldCommits(questions), border, maxListed)
	if err != nil {
		return nil, err
	}
	unreached := make(map[source.ObjectID]bool, len(commits))
	for _, c := range commits {
		unreached[c.ID] = true
	}
	for _, q := range questions {
		if unreached[q.Old] {
			r.presume(q)
		} else {
			open = append(open, q)
		}
	}
	return open, nil
}

// confirm asks about the first presumed No. If it is wrong, all of them are open
// again.
func (r *resolver) confirm(ctx context.Context, questions []source.Question) error {
	i := slices.IndexFunc(questions, func(q source.Question) bool { return r.presumed[q] })
	if i < 0 {
		return nil
	}
	is, err := r.history.IsAncestor(ctx, questions[i])
	if err != nil || !is {
		return err
	}
	for q := range r.presumed {
		delete(r.answers, q)
	}
	r.answers[questions[i]] = source.Yes
	return nil
}

// askOpen asks singly about what has no answer.
func (r *resolver) askOpen(ctx context.Context, questions []source.Question) error {
	var open []source.Question
	for _, q := range questions {
		if r.answers[q] == source.Unknown {
			open = append(open, q)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(calls)
	for _, q := range open {
		group.Go(func() error {
			is, err := r.history.IsAncestor(ctx, q)
			if is {
				r.set(q, source.Yes)
			} else {
				r.set(q, source.No)
			}
			return err
		})
	}
	return group.Wait()
}

func oldCommits(questions []source.Question) []source.ObjectID {
	ids := make([]source.ObjectID, len(questions))
	for i, q := range questions {
		ids[i] = q.Old
	}
	return ids
}

func newCommits(questions []source.Question) []source.ObjectID {
	ids := make([]source.ObjectID, len(questions))
	for i, q := range questions {
		ids[i] = q.New
	}
	return ids
}
