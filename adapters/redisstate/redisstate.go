// Package redisstate keeps in Redis what several servers share and may lose: the
// reference counters of running pushes, the notices for a later push, and how many
// requests were made in a minute.
package redisstate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"gatehouse/application/inventory"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// counterPrefix is GitLab's own name for these counters.
const counterPrefix = "git-receive-pack-reference-counter:"

// decreasedPrefix is that of the entries which DecreaseOnce has decreased for. They
// last an hour longer than they matter, since clocks differ.
const (
	decreasedPrefix   = "gatehouse-decreased:"
	decreasedLifetime = time.Hour
)

const noticePrefix = "gatehouse-notice:"

// defaultTimeout is how long a command may take, if its context does not end before:
// to connect, to ask and to try again.
const defaultTimeout = time.Second

// State answers pushes.Counters, pushes.Notices, gitaccess.Notices and
// ratelimit.Counters from Redis. It is safe for concurrent use, by several servers
// too. Every command ends with its context, and after a second at the latest, or the
// url's read_timeout.
type State struct{ client *redis.Client }

// Open makes a State of the Redis at url (redis://, rediss:// or unix://), and connects
// with the first call. It fails for a malformed url. No error repeats the url, which
// may hold a password.
func Open(url string) (*State, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("redis.url: not a redis://, rediss:// or unix:// address")
	}
	options.MaxRetries, options.DialerRetries = 1, 1
	timeout := options.ReadTimeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	options.ContextTimeoutEnabled, options.DialTimeout = true, cmp.Or(options.DialTimeout, timeout)
	redis.SetLogger(silent{}) // the client returns every error that it prints
	client := redis.NewClient(options)
	client.AddHook(deadline(timeout))
	return &State{client}, nil
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// deadline ends every command after a time. The client's own timeouts are for each
// of its steps and attempts.
type deadline time.Duration

// ProcessHook implements redis.Hook.
func (d deadline) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		ctx, cancel := context.WithTimeout(ctx, time.Duration(d))
		defer cancel()
		return next(ctx, cmd)
	}
}

// DialHook implements redis.Hook.
func (deadline) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook implements redis.Hook. There are no pipelines.
func (deadline) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// Close closes the connections.
func (s *State) Close() error { return s.client.Close() }

// Ping fails if Redis does not answer.
func (s *State) Ping(ctx context.Context) error {
	return fault(s.client.Ping(ctx).Err(), "ping redis")
}

const takeOne = `
	local expires = tonumber(redis.call('HGET', KEYS[1], 'expires'))
	if not expires or expires <= tonumber(ARGV[1]) or redis.call('HINCRBY', KEYS[1], 'value', -1) < 0 then
		redis.call('DEL', KEYS[1])
	end
	return 1`

// A counter is a hash of its value and its expiry in microseconds. The expiry comes
// from the caller's clock; Redis' own expiry only removes old keys.
var (
	increase = redis.NewScript(`
		local expires = tonumber(redis.call('HGET', KEYS[1], 'expires'))
		if not expires or expires <= tonumber(ARGV[1]) then redis.call('DEL', KEYS[1]) end
		redis.call('HINCRBY', KEYS[1], 'value', 1)
		redis.call('HSET', KEYS[1], 'expires', ARGV[2])
		redis.call('PEXPIRE', KEYS[1], ARGV[3])
		return 1`)
	decrease     = redis.NewScript(takeOne)
	decreaseOnce = redis.NewScript(`if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) then return 0 end` + takeOne)
)

// Increase adds one to the counter and renews its expiry.
func (s *State) Increase(ctx context.Context, repository string, now time.Time, expiry time.Duration) error {
	lifetime := max(expiry.Milliseconds(), 1)
	err := increase.Run(ctx, s.client, []string{counterPrefix + repository}, now.UnixMicro(), now.Add(expiry).UnixMicro(), lifetime).Err()
	return fault(err, "increase the counter of %q", repository)
}

// Decrease takes one from the counter.
func (s *State) Decrease(ctx context.Context, repository string, now time.Time) error {
	err := decrease.Run(ctx, s.client, []string{counterPrefix + repository}, now.UnixMicro()).Err()
	return fault(err, "decrease the counter of %q", repository)
}

// DecreaseOnce takes one from the counter, unless it did so for that entry or until has
// passed.
func (s *State) DecreaseOnce(ctx context.Context, repository, entry string, until, now time.Time) error {
	if !now.Before(until) {
		return ctx.Err()
	}
	lifetime := until.Sub(now) + decreasedLifetime
	err := decreaseOnce.Run(ctx, s.client, []string{counterPrefix + repository, decreasedPrefix + entry}, now.UnixMicro(), lifetime.Milliseconds()).Err()
	return fault(err, "decrease the counter of %q", repository)
}

// Counters returns the counters that have not expired at now as records of the
// inventory "counters", ordered by name.
func (s *State) Counters(ctx context.Context, now time.Time) ([]inventory.Record, error) {
	var records []inventory.Record
	scan := s.client.Scan(ctx, 0, counterPrefix+"*", 1000).Iterator()
	for scan.Next(ctx) {
		fields, err := s.client.HGetAll(ctx, scan.Val()).Result()
		if err != nil {
			return nil, fault(err, "read the counters")
		}
		until, _ := strconv.ParseInt(fields["expires"], 10, 64)
		value, _ := strconv.ParseInt(fields["value"], 10, 64)
		if until > now.UnixMicro() {
			name := strings.TrimPrefix(scan.Val(), counterPrefix)
			records = append(records, inventory.Record{{Name: "gl_repository", Value: name}, {Name: "value", Value: value}})
		}
	}
	slices.SortFunc(records, func(a, b inventory.Record) int {
		return strings.Compare(a[0].Value.(string), b[0].Value.(string))
	})
	// A scan may return a key twice.
	records = slices.CompactFunc(records, func(a, b inventory.Record) bool { return a[0] == b[0] })
	return records, fault(scan.Err(), "read the counters")
}

// Add keeps the notice until Take removes it or it expires, at the latest
// source.NoticeLifetime from now.
func (s *State) Add(ctx context.Context, n source.Notice) error {
	text, err := writeNotice(n)
	if err != nil {
		return fmt.Errorf("notice for %d: %w", n.User, err)
	}
	err = s.client.Set(ctx, noticeKey(n.User, n.Repository), text, source.NoticeLifetime).Err()
	return fault(err, "leave a notice")
}

// Take removes the notice and returns it, or domain.NotFound.
func (s *State) Take(ctx context.Context, user identity.UserID, repository source.RepositoryID, now time.Time) (source.Notice, error) {
	text, err := s.client.GetDel(ctx, noticeKey(user, repository)).Bytes()
	if err != nil {
		return source.Notice{}, fault(err, "take a notice")
	}
	n := source.Notice{User: user, Repository: repository}
	if err := readNotice(text, &n); err != nil {
		return source.Notice{}, fmt.Errorf("take a notice: %w", err)
	}
	if !now.Before(n.ExpiresAt) {
		return source.Notice{}, fmt.Errorf("the notice has expired: %w", domain.NotFound)
	}
	return n, nil
}

func noticeKey(user identity.UserID, repository source.RepositoryID) string {
	return noticePrefix + strconv.FormatInt(int64(user), 10) + ":" + repository.String()
}

// fault wraps an error of Redis with its domain.Kind.
func fault(err error, format string, args ...any) error {
	switch what := fmt.Sprintf(format, args...); {
	case err == nil:
		return nil
	case errors.Is(err, redis.Nil):
		return fmt.Errorf("%s: %w", what, domain.NotFound)
	default:
		return fmt.Errorf("%s: %w: %w", what, domain.Unavailable, err)
	}
}
