package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"gatehouse/application/whois"
	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// maxKeyFile is far more than a public key file has.
const maxKeyFile = 64 << 10

// fingerprint returns that of the key that --key names other than by its number; empty
// for a number and without the flag. No error repeats what a file holds.
func (q *question) fingerprint(in io.Reader) (identity.Fingerprint, error) {
	if _, number := identity.ParseID(strings.TrimPrefix(q.key, "key-")); number || q.key == "" {
		return "", nil
	}
	if print, ok, err := identity.ParseFingerprint(q.key); ok {
		if err != nil {
			return "", usageErrorf("--key: %w", err)
		}
		return print, nil
	}
	text, name := q.key, "the text"
	if len(strings.Fields(text)) < 2 || fileExists(text) {
		var err error
		if text, err = readKeyFile(q.key, in); errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENAMETOOLONG) {
			return "", noKeyError(q.key)
		} else if err != nil {
			return "", fmt.Errorf("--key: %w", err)
		}
		name = q.key
	}
	_, print, err := identity.ParsePublicKey(text)
	if err != nil {
		if public := q.key + ".pub"; name == q.key && fileExists(public) {
			return "", fmt.Errorf("--key: %s is no public key; try %s", name, public)
		}
		return "", fmt.Errorf("--key: %s: %w", name, err)
	}
	return print, nil
}

// longestShown is the length of the longest text that an error repeats: that of a
// fingerprint. The body of a private key, which may have been pasted, is longer; that of
// an Ed25519 key in PKCS8 has 64 characters.
const longestShown = 50

// noKeyError is for a text that names no key in any way.
func noKeyError(text string) error {
	if len(text) > longestShown {
		_, _, err := identity.ParsePublicKey(text)
		return usageErrorf("--key is no number, no fingerprint (SHA256:…) and no file: %w", err)
	}
	return usageErrorf("--key %q is no number, no fingerprint (SHA256:…) and no file", text)
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// readKeyFile reads the file of a key; "-" is standard input.
func readKeyFile(name string, in io.Reader) (string, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }() // it is only read
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = fmt.Errorf("%s is too large for a public key", name)
	}
	return string(text), err
}

// keyOf returns the claim of the key with that fingerprint.
func keyOf(ctx context.Context, actors whois.Actors, print identity.Fingerprint) (identity.Claim, error) {
	found, err := actors.KeyByFingerprint(ctx, print)
	if errors.Is(err, domain.NotFound) {
		return identity.Claim{}, fmt.Errorf("no key with the fingerprint SHA256:%s may log in here: SSH refuses it before any Git command (Permission denied (publickey))", print)
	}
	return identity.Claim{Kind: identity.ByKey, ID: int64(found.Key.ID)}, err
}
