package identity

import (
	"encoding/base64"
	"encoding/binary"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"gatehouse/domain"
)

// keyTypes are the types of key, as they stand in front of the base64.
var keyTypes = []string{
	"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-rsa", "ssh-dss",
}

// ParsePublicKey reads a public key in the form of a .pub file: type, base64 and maybe a
// comment, in one line. It returns the key's line, which is without the comment, and the
// fingerprint. For anything else it fails with a Refusal of kind Invalid, which says
// what was given ("it is a private key, …") and repeats nothing of it.
func ParsePublicKey(text string) (line string, print Fingerprint, err error) {
	if refusal := checkForm(text); refusal != nil {
		return "", "", refusal
	}
	fields := strings.Fields(withoutComments(text))
	if refusal := checkFields(fields); refusal != nil {
		return "", "", refusal
	}
	blob, refusal := decodeKey(fields[0], fields[1:])
	if refusal != nil {
		return "", "", refusal
	}
	first, _, more := strings.Cut(withoutComments(text), "\n")
	switch {
	case more && first == fields[0]:
		return "", "", invalidKey("a line ends behind its type; write a blank there, and the key in one line")
	case more:
		return "", "", invalidKey("more lines follow it; give the line of the key alone")
	}
	return fields[0] + " " + base64.StdEncoding.EncodeToString(blob), fingerprint(blob), nil
}

// KeyComment returns the comment of a public key that ParsePublicKey reads; empty for
// none.
func KeyComment(text string) string {
	fields := strings.Fields(withoutComments(text))
	return strings.Join(fields[min(2, len(fields)):], " ")
}

func invalidKey(format string, args ...any) *domain.Refusal {
	return domain.Refuse(domain.Invalid, format, args...)
}

// forms are what is often given for a public key, by a text that is in it. The private
// ones come first: whatever else is in the text, the warning counts.
var forms = []struct {
	mark *regexp.Regexp
	is   string
}{
	{regexp.MustCompile(`BEGIN [A-Z0-9 ]*PRIVATE KEY|SSH PRIVATE KEY FILE FORMAT|\bb3BlbnNzaC1rZXktdjE`), "it is a private key" + leaked},
	{regexp.MustCompile(`PuTTY-User-Key-File-`), "it is a private key of PuTTY (.ppk)" + leaked + ", which PuTTYgen shows in the box for OpenSSH authorized_keys"},
	{regexp.MustCompile(`BEGIN SSH2 PUBLIC KEY`), "it has the form of RFC 4716 (BEGIN SSH2 PUBLIC KEY); give what ssh-keygen -i -f FILE makes of it"},
	{regexp.MustCompile(`BEGIN RSA PUBLIC KEY`), "it is a PEM public key; give what ssh-keygen -i -m PEM -f FILE makes of it"},
	{regexp.MustCompile(`BEGIN PUBLIC KEY`), "it is a PEM public key (PKCS8); give what ssh-keygen -i -m PKCS8 -f FILE makes of it"},
	{regexp.MustCompile(`BEGIN PGP `), "it is a PGP key, not an SSH public key"},
	{regexp.MustCompile(`BEGIN (TRUSTED )?CERTIFICATE`), "it is an X.509 certificate, not an SSH public key"},
	{regexp.MustCompile(`^\s*([0-9]+ )?(SHA256:|MD5:|SHA1:|([0-9a-fA-F]{2}:){15})`), "it is a fingerprint, from which no key can be made; give the line of the .pub file"},
}

const leaked = ", and whoever saw this text can use it: replace it by a new one and give the public key of that"

// checkForm returns what the text is if it is in another form than a public key line.
func checkForm(text string) *domain.Refusal {
	for _, form := range forms {
		if form.mark.MatchString(text) {
			return invalidKey("%s", form.is)
		}
	}
	return nil
}

// withoutComments returns the text without the lines that are empty or begin with "#".
func withoutComments(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(line); trimmed != "" && trimmed[0] != '#' {
			lines = append(lines, trimmed)
		}
	}
	return strings.Join(lines, "\n")
}

// noKey is the refusal of a text of which no more can be said.
const noKey = "it is not an SSH public key; give the line of a .pub file: a type such as ssh-ed25519, a blank, and base64 that begins with AAAA"

// checkFields returns what is wrong with the words of a key, or nil if the first two
// are a known type and something more.
func checkFields(fields []string) *domain.Refusal {
	keys := 0 // by their base64: files that were joined may have a type at the end of a comment
	for _, field := range fields {
		if _, known := blobType(field); known {
			keys++
		}
	}
	switch {
	case len(fields) == 0:
		return invalidKey("it is empty")
	case keys > 1:
		return invalidKey("it is more than one key; give each an entry of its own")
	case slices.ContainsFunc(fields, isCertificate):
		return invalidKey("it is an SSH certificate, not a public key; give the key that was certified")
	case slices.Contains(keyTypes, fields[0]):
		if len(fields) == 1 {
			return invalidKey("its base64 is missing behind the type")
		}
		return nil
	}
	if algorithm, known := blobType(joined(fields)); known {
		return invalidKey("its type is missing; write %s and a blank in front of the base64", algorithm)
	}
	for i, field := range fields[1:] {
		algorithm, known := blobType(field)
		switch {
		case known && fields[i] == algorithm:
			return invalidKey("something stands in front of its type, such as options, which are not supported; begin with %s", algorithm)
		case known && i == 0:
			return invalidKey("its type must be %s, as its base64 says", algorithm)
		}
	}
	if len(fields) > 1 && strings.HasPrefix(fields[1], "AAAA") {
		return invalidKey("its type is not supported; there are %s", strings.Join(keyTypes, ", "))
	}
	return invalidKey(noKey)
}

func isCertificate(field string) bool {
	algorithm, ok := firstString(decodeStart(field))
	return ok && strings.Contains(algorithm, "-cert-v")
}

// blobType returns the type that base64 says, of a blob that may be cut short; known is
// false for anything but a keyType.
func blobType(field string) (algorithm string, known bool) {
	algorithm, _ = firstString(decodeStart(field))
	return algorithm, slices.Contains(keyTypes, algorithm)
}

// decodeStart decodes base64 as far as it is some.
func decodeStart(encoded string) []byte {
	blob := make([]byte, base64.RawStdEncoding.DecodedLen(len(encoded)))
	n, _ := base64.RawStdEncoding.Decode(blob, []byte(encoded))
	return blob[:n]
}

// joined returns the words as one, without the padding of base64.
func joined(fields []string) string { return strings.TrimRight(strings.Join(fields, ""), "=") }

// decodeKey returns the blob of a key of that type; rest are the words behind the type.
func decodeKey(algorithm string, rest []string) ([]byte, *domain.Refusal) {
	if blob, ok := keyBlob(algorithm, rest[:1]); ok {
		return blob, nil
	}
	for n := 2; n <= len(rest); n++ {
		if _, ok := keyBlob(algorithm, rest[:n]); ok {
			return nil, invalidKey("its base64 is broken by blanks or ends of lines; write it without any")
		}
	}
	start := decodeStart(rest[0])
	said, known := blobType(rest[0])
	switch {
	case known && said != algorithm:
		return nil, invalidKey("its type says %s and its base64 %s; one of them is another key's", algorithm, said)
	case len(start) >= len(joined(rest[:1]))/4*3 && isCut(start):
		return nil, invalidKey("its base64 is cut short; copy the whole line")
	default:
		return nil, invalidKey("its base64 is damaged; copy the line again")
	}
}

// keyBlob returns the blob of a whole key of that type, of base64 in one or more words.
func keyBlob(algorithm string, words []string) (blob []byte, ok bool) {
	blob, err := base64.RawStdEncoding.DecodeString(joined(words))
	if err != nil {
		return nil, false
	}
	public, err := ssh.ParsePublicKey(blob)
	if err != nil || public.Type() != algorithm {
		return nil, false
	}
	return public.Marshal(), true
}

// isCut says whether a blob, which is a list of strings behind their lengths, ends
// within one of them.
func isCut(blob []byte) bool {
	for len(blob) >= 4 {
		n := uint64(binary.BigEndian.Uint32(blob))
		if n > uint64(len(blob)-4) {
			return true
		}
		blob = blob[4+n:]
	}
	return len(blob) > 0
}
