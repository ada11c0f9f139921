package identity

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"gatehouse/domain"
)

var md5Form = regexp.MustCompile(`(?i)^(md5:)?[0-9a-f]{2}(:[0-9a-f]{2}){15}$`)

// MD5 is the fingerprint of a key by MD5: 32 hexadecimal digits in lower case. It names
// keys for people; no decision goes by it.
type MD5 string

// ParseMD5 reads a fingerprint by MD5 as ssh-keygen -E md5 prints it, 16 pairs of digits
// with colons between, in any letter case; the prefix "MD5:" may be missing.
func ParseMD5(text string) (sum MD5, ok bool) {
	if !md5Form.MatchString(text) {
		return "", false
	}
	digits := strings.TrimPrefix(strings.ToLower(text), "md5:")
	return MD5(strings.ReplaceAll(digits, ":", "")), true
}

// MD5 returns the fingerprint of the key by MD5; empty for the zero Key.
func (k Key) MD5() MD5 {
	_, encoded, _ := strings.Cut(k.Line, " ")
	blob, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(blob) == 0 {
		return ""
	}
	sum := md5.Sum(blob)
	return MD5(hex.EncodeToString(sum[:]))
}

// ParseFingerprint reads a fingerprint as ssh-keygen prints it, "SHA256:" and 43
// characters; the prefix may be missing. ok is false for a text that is no fingerprint.
// One by MD5 is a Refusal of kind Invalid: ParseMD5 reads it.
func ParseFingerprint(text string) (print Fingerprint, ok bool, err error) {
	if md5Form.MatchString(text) {
		return "", true, domain.Refuse(domain.Invalid, "keys are not known by their MD5 fingerprints: ssh-keygen -lf FILE prints the one by SHA256")
	}
	digest, prefixed := strings.CutPrefix(text, "SHA256:")
	sum, err := base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(digest, "="))
	switch {
	case err == nil && len(sum) == 32:
		return Fingerprint(strings.TrimRight(digest, "=")), true, nil
	case prefixed:
		return "", true, domain.Refuse(domain.Invalid, "a fingerprint is SHA256: and 43 characters of base64")
	}
	return "", false, nil
}

// String returns the fingerprint in pairs of digits with colons between, as ssh-keygen -E md5
// prints it behind "MD5:"; empty for an empty one.
func (m MD5) String() string {
	var pairs []string
	for pair := range slices.Chunk([]byte(m), 2) {
		pairs = append(pairs, string(pair))
	}
	return strings.Join(pairs, ":")
}
