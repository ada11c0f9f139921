package credentials

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
)

// Rules are the instance's settings for credentials.
type Rules struct {
	Users identity.Policy
	// TokenPrefix stands before the random part of an access token.
	TokenPrefix string
	Lifetime    identity.Lifetime
	// Scopes can be asked for.
	Scopes []identity.Scope
	// OTP switches one-time passwords on; OTPSession is how long one lets its
	// user in.
	OTP        bool
	OTPSession time.Duration
}

// Service makes and checks credentials. It is safe for concurrent use.
type Service struct {
	accounts      Accounts
	codes         RecoveryCodes
	tokens        Tokens
	authenticator Authenticator
	rules         Rules
	random        io.Reader
	now           application.Clock
}

// New makes a Service; random has to be fit for secrets.
func New(accounts Accounts, codes RecoveryCodes, tokens Tokens, authenticator Authenticator, rules Rules, random io.Reader, now application.Clock) *Service {
	return &Service{accounts, codes, tokens, authenticator, rules, random, now}
}

// timeout is how long each question to the store may take: a session waits.
const timeout = 10 * time.Second

// Caller names the user of a request: by a key, or by the user's number.
type Caller struct {
	Claim identity.Claim
	// ByUser says that the claim is about a user, also where it cannot be
	// resolved.
	ByUser bool
}

// account returns the person behind the caller, or a Refusal that tells what is
// missing. A deploy key is refused with deployKeyRefusal.
func (s *Service) account(ctx context.Context, caller Caller, deployKeyRefusal *domain.Refusal) (Account, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	account, err := s.accounts.Account(ctx, caller.Claim)
	switch {
	case err != nil:
		return Account{}, errUnavailable.Because(err)
	case caller.ByUser && !account.Actor.User.Known():
		return Account{}, domain.Refuse(domain.NotFound, "Could not find the given user")
	case !caller.ByUser && !account.Actor.Key.Known():
		return Account{}, domain.Refuse(domain.NotFound, "Could not find the given key")
	case account.Actor.IsDeployKey():
		return Account{}, deployKeyRefusal
	case !account.Actor.User.Known():
		return Account{}, domain.Refuse(domain.NotFound, "Could not find a user for the given key")
	}
	// SSH daemons let expired keys in: what a key may do is asked for later.
	if refusal := s.rules.Users.CheckKey(account.Actor.Key, s.now()); refusal != nil {
		return Account{}, refusal
	}
	return account, nil
}

var errUnavailable = domain.Refuse(domain.Unavailable, "Your account cannot be looked up at the moment. Try again later.")

const (
	recoveryCodes    = 10
	recoveryCodeSize = 8
)

// RecoveryCodes returns ten new recovery codes for the caller and ends all
// older ones, or a Refusal. The codes are not kept, only their digests. The audit event
// is by by, or if that has no kind by the caller.
func (s *Service) RecoveryCodes(ctx context.Context, by audit.Cause, caller Caller) ([]string, error) {
	account, err := s.account(ctx, caller, domain.Refuse(domain.Forbidden, "Deploy keys cannot be used to retrieve recovery codes"))
	if err != nil {
		return nil, err
	}
	if !account.Factor.Enabled {
		return nil, domain.Refuse(domain.Unprocessable, "Two-factor authentication is not enabled for this user")
	}
	if refusal := s.rules.Users.CheckUser(account.Actor.User, s.now()); refusal != nil {
		return nil, refusal
	}
	codes := make([]string, recoveryCodes)
	digests := make([]identity.TokenDigest, recoveryCodes)
	for i := range codes {
		raw := make([]byte, recoveryCodeSize)
		if _, err := io.ReadFull(s.random, raw); err != nil {
			return nil, fmt.Errorf("random recovery codes: %w", err)
		}
		codes[i] = hex.EncodeToString(raw)
		digests[i] = identity.DigestToken(codes[i])
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	event := account.audited(by).Event(s.now(), audit.Create, account.entity(), audit.Object{Kind: "recovery_codes"}, nil, nil)
	if err := s.codes.Replace(ctx, account.Actor.User.ID, digests, event); err != nil {
		return nil, errUnavailable.Because(err)
	}
	return codes, nil
}

// SpendRecoveryCode lets the user's recovery code count once, in any letter
// case, for sign-in on the web. A code that is unknown or used up is a Refusal
// of kind domain.Unauthenticated.
func (s *Service) SpendRecoveryCode(ctx context.Context, user identity.UserID, code string) error {
	err := s.codes.Spend(ctx, user, identity.DigestToken(strings.ToLower(code)))
	switch {
	case errors.Is(err, domain.NotFound):
		return domain.Refuse(domain.Unauthenticated, "Invalid recovery code")
	case err != nil:
		return errUnavailable.Because(err)
	}
	return nil
}

// TokenRequest asks for an access token. The texts are as they came.
type TokenRequest struct {
	Name      string
	Scopes    []string
	ExpiresAt string
}

// NewToken is an access token with its text, which is not kept.
type NewToken struct {
	Text  string
	Token identity.AccessToken
}

// PersonalAccessToken makes an access token for the caller, or returns a
// Refusal that names the first thing that is wrong. The audit event is by by, or if
// that has no kind by the caller.
func (s *Service) PersonalAccessToken(ctx context.Context, by audit.Cause, caller Caller, req TokenRequest) (NewToken, error) {
	account, err := s.account(ctx, caller, domain.Refuse(domain.Forbidden, "Deploy keys cannot be used to create personal access tokens"))
	if err != nil {
		return NewToken{}, err
	}
	token, err := s.buildToken(account.Actor.User, req)
	if err != nil {
		return NewToken{}, err
	}
	values := audit.Values{"name": token.Name, "scopes": scopeTexts(token.Scopes), "expires_at": nil}
	if !token.ExpiresAt.IsZero() {
		values["expires_at"] = token.ExpiresAt.Format(time.DateOnly)
	}
	target := audit.Object{Kind: "access_token", Path: token.Name}
	return s.addToken(ctx, token, account.audited(by).Event(token.CreatedAt, audit.Create, account.entity(), target, nil, values))
}

// audited returns who makes something for the account: by, or the account itself.
func (a Account) audited(by audit.Cause) audit.Cause {
	if by.Actor.Kind == "" {
		by.Actor = audit.ActorOf(a.Actor, by.Actor.Address)
	}
	return by
}

// entity returns the account's user.
func (a Account) entity() audit.Object {
	return audit.Object{Kind: audit.User, ID: int64(a.Actor.User.ID), Path: a.Actor.User.Username}
}

func scopeTexts(scopes []identity.Scope) []string {
	texts := make([]string, len(scopes))
	for i, scope := range scopes {
		texts[i] = string(scope)
	}
	return texts
}

func (s *Service) buildToken(user identity.User, req TokenRequest) (identity.AccessToken, error) {
	switch {
	case strings.TrimSpace(req.Name) == "":
		return identity.AccessToken{}, domain.Refuse(domain.Invalid, "No token name specified")
	case utf8.RuneCountInString(req.Name) > maxNameLength:
		return identity.AccessToken{}, domain.Refuse(domain.Invalid, "The token name is longer than %d characters", maxNameLength)
	}
	scopes := identity.SplitScopes(req.Scopes)
	if refusal := identity.CheckScopes(scopes, s.rules.Scopes); refusal != nil {
		return identity.AccessToken{}, refusal
	}
	now := s.now()
	expiry, err := s.rules.Lifetime.Expiry(req.ExpiresAt, now)
	if err != nil {
		return identity.AccessToken{}, err
	}
	if refusal := s.rules.Users.CheckUser(user, now); refusal != nil {
		return identity.AccessToken{}, domain.Refuse(domain.Forbidden, "Failed to create token: %s", refusal.Message)
	}
	return identity.AccessToken{User: user.ID, Name: req.Name, Scopes: scopes, ExpiresAt: expiry, CreatedAt: now}, nil
}

// maxNameLength is in characters, as in GitLab.
const maxNameLength = 255

func (s *Service) addToken(ctx context.Context, token identity.AccessToken, event audit.Event) (NewToken, error) {
	text, err := identity.NewTokenText(s.rules.TokenPrefix, s.random)
	if err != nil {
		return NewToken{}, err
	}
	token.Digest = identity.DigestToken(text)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	id, err := s.tokens.Add(ctx, token, event)
	if err != nil {
		return NewToken{}, errUnavailable.Because(err)
	}
	token.ID = id
	return NewToken{text, token}, nil
}
