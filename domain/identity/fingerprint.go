package identity

import (
	"encoding/base64"
	"regexp"
	"strings"

	"gatehouse/domain"
)

var md5Form = regexp.MustCompile(`(?i)^(md5:)?[0-9a-f]{2}(:[0-9a-f]{2}){15}$`)

// ParseFingerprint reads a fingerprint as ssh-keygen prints it, "SHA256:" and 43
// characters; the prefix may be missing. ok is false for a text that is no fingerprint.
// One by MD5, which no key can be found by, is a Refusal of kind Invalid.
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
