package identity_test

import (
	"encoding/base64"
	"errors"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

const (
	publicLine = "ssh-ed25519 " + blob
	// pem is the beginning of a block whose content does not count.
	pem     = "\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2ZXJNHxej\n"
	private = "it is a private key, and whoever saw this text can use it: replace it by a new one and give the public key of that"
	noKey   = "it is not an SSH public key; give the line of a .pub file: a type such as ssh-ed25519, a blank, and base64 that begins with AAAA"
	broken  = "its base64 is broken by blanks or ends of lines; write it without any"
	cut     = "its base64 is cut short; copy the whole line"
	damaged = "its base64 is damaged; copy the line again"
	options = "something stands in front of its type, such as options, which are not supported; begin with ssh-ed25519"
	twoKeys = "it is more than one key; give each an entry of its own"
	certify = "it is an SSH certificate, not a public key; give the key that was certified"
	prints  = "it is a fingerprint, from which no key can be made; give the line of the .pub file"
	noType  = "its type is missing; write ssh-ed25519 and a blank in front of the base64"
	types   = "its type is not supported; there are ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521, " +
		"sk-ssh-ed25519@openssh.com, sk-ecdsa-sha2-nistp256@openssh.com, ssh-rsa, ssh-dss"
)

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"with a comment":       publicLine + " Nora N.",
		"without one":          publicLine,
		"blanks and tabs":      "\t ssh-ed25519 \t" + blob + "\r\n",
		"a remark above":       "# Nora's\n\n" + publicLine + "\n",
		"a type as comment":    publicLine + " ssh-rsa",
		"a fingerprint behind": publicLine + " SHA256:" + string(print),
	} {
		line, got, err := identity.ParsePublicKey(text)
		if err != nil || got != print || line != publicLine {
			t.Errorf("%s: got %q, %q, %v", name, line, got, err)
		}
	}
	for name, encoded := range map[string]string{"padded": padded, "without padding": strings.TrimRight(padded, "=")} {
		line, _, err := identity.ParsePublicKey("ecdsa-sha2-nistp256 " + encoded)
		if err != nil || line != "ecdsa-sha2-nistp256 "+padded {
			t.Errorf("%s: got %q, %v", name, line, err)
		}
	}
	power := func(bits uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), bits) }
	for _, want := range []string{rsaLine(2048), keyLine("ssh-dss", power(1023), power(159), big.NewInt(2), big.NewInt(3))} {
		if line, _, err := identity.ParsePublicKey(want); err != nil || line != want {
			t.Errorf("a type for which there are key_restrictions: got %q, %v, want %q", line, err, want)
		}
	}
}

func TestParsePublicKey_saysWhatWasGiven(t *testing.T) {
	t.Parallel()
	ed448 := base64.StdEncoding.EncodeToString([]byte("\x00\x00\x00\x09ssh-ed448\x00\x00\x00\x03abc"))
	for name, test := range map[string]struct{ text, want string }{
		"empty":                         {"", "it is empty"},
		"blanks":                        {" \n\t", "it is empty"},
		"remarks":                       {"# none\n", "it is empty"},
		"OpenSSH private key":           {"-----BEGIN OPENSSH PRIVATE KEY-----" + pem + "-----END OPENSSH PRIVATE KEY-----\n", private},
		"private key of one line":       {"-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjEAAAAABG5vbmUA", private},
		"body of a private key":         {"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ", private},
		"PEM private key":               {"-----BEGIN RSA PRIVATE KEY-----" + pem, private},
		"PKCS8 private key":             {"-----BEGIN PRIVATE KEY-----" + pem, private},
		"encrypted private key":         {"-----BEGIN ENCRYPTED PRIVATE KEY-----" + pem, private},
		"RFC 4716 private key":          {"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----" + pem, private},
		"SSH 1 private key":             {"SSH PRIVATE KEY FILE FORMAT 1.1\n", private},
		"a key and a private key":       {publicLine + "\n-----BEGIN EC PRIVATE KEY-----" + pem, private},
		"PuTTY":                         {"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPublic-Lines: 2\n" + blob, strings.Replace(private, "key,", "key of PuTTY (.ppk),", 1) + ", which PuTTYgen shows in the box for OpenSSH authorized_keys"},
		"two keys, one line":            {publicLine + " nora@hostssh-ed25519 " + blob, twoKeys},
		"two keys without comments":     {publicLine + "ssh-ed25519 " + blob + " nora@host", twoKeys},
		"type on a line of its own":     {"ssh-ed25519\n" + blob, "a line ends behind its type; write a blank there, and the key in one line"},
		"RFC 4716":                      {"---- BEGIN SSH2 PUBLIC KEY ----\n" + blob + "\n---- END SSH2 PUBLIC KEY ----", "it has the form of RFC 4716 (BEGIN SSH2 PUBLIC KEY); give what ssh-keygen -i -f FILE makes of it"},
		"PEM":                           {"-----BEGIN RSA PUBLIC KEY-----" + pem, "it is a PEM public key; give what ssh-keygen -i -m PEM -f FILE makes of it"},
		"PKCS8":                         {"-----BEGIN PUBLIC KEY-----" + pem, "it is a PEM public key (PKCS8); give what ssh-keygen -i -m PKCS8 -f FILE makes of it"},
		"PGP":                           {"-----BEGIN PGP PUBLIC KEY BLOCK-----" + pem, "it is a PGP key, not an SSH public key"},
		"X.509":                         {"-----BEGIN CERTIFICATE-----" + pem, "it is an X.509 certificate, not an SSH public key"},
		"options":                       {`command="/bin/false",no-pty ` + publicLine, options},
		"options with blanks":           {`command="run this now" ` + publicLine, options},
		"line of known_hosts":           {"git.example.com " + publicLine, options},
		"two keys":                      {publicLine + "\n" + publicLine, twoKeys},
		"two keys of one line":          {publicLine + " nora ecdsa-sha2-nistp256 " + padded, twoKeys},
		"two keys with options":         {"no-pty " + publicLine + "\nno-pty " + publicLine, twoKeys},
		"broken over lines":             {"ssh-ed25519 " + blob[:30] + "\n" + blob[30:] + " nora", broken},
		"broken thrice":                 {"ssh-ed25519 " + blob[:9] + " " + blob[9:30] + "\n  " + blob[30:], broken},
		"cut short":                     {"ssh-ed25519 " + blob[:40], cut},
		"cut short by one":              {publicLine[:len(publicLine)-1], cut},
		"cut short by three":            {publicLine[:len(publicLine)-3], cut},
		"cut short, with a comment":     {"ssh-ed25519 " + blob[:40] + " nora", cut},
		"cut within the type":           {"ssh-ed25519 AAAA", cut},
		"no base64":                     {"ssh-ed25519", "its base64 is missing behind the type"},
		"another character":             {"ssh-ed25519 " + blob[:30] + "-" + blob[31:], damaged},
		"more than a key":               {"ssh-ed25519 " + blob + "AAAAAAAAAAAAAAAA", damaged},
		"anything behind a type":        {"ssh-ed25519 nora@example.com", damaged},
		"another type":                  {"ssh-rsa " + blob, "its type says ssh-rsa and its base64 ssh-ed25519; one of them is another key's"},
		"no type, but a word":           {"nora " + blob, "its type must be ssh-ed25519, as its base64 says"},
		"unknown type":                  {"ssh-ed448 " + ed448, types},
		"fingerprint":                   {"SHA256:" + string(print), prints},
		"ssh-keygen -l":                 {"256 SHA256:" + string(print) + " nora (ED25519)", prints},
		"MD5 fingerprint":               {"MD5:5d:31:d7:9f:a7:4c:e7:cc:e4:64:b3:8f:bf:51:e7:81", prints},
		"MD5 fingerprint without a MD5": {"5d:31:d7:9f:a7:4c:e7:cc:e4:64:b3:8f:bf:51:e7:81", prints},
		"only base64":                   {blob, noType},
		"only base64, with a comment":   {blob + " nora", noType},
		"only base64, broken":           {blob[:10] + "\n" + blob[10:], noType},
		"certificate":                   {"ssh-ed25519-cert-v01@openssh.com " + certificate + " nora", certify},
		"certificate without a type":    {certificate, certify},
		"certificate with another type": {"ssh-ed25519 " + certificate, certify},
		"a line behind":                 {publicLine + "\nnora", "more lines follow it; give the line of the key alone"},
		"path of a file":                {"~/.ssh/id_ed25519.pub", noKey},
		"anything":                      {"hello world", noKey},
	} {
		line, got, err := identity.ParsePublicKey(test.text)
		if !errors.Is(err, domain.Invalid) || err.Error() != test.want || line != "" || got != "" {
			t.Errorf("%s: got %q, %q, %v, want %s", name, line, got, err, test.want)
		}
	}
}

func TestKeyComment(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		publicLine: "", publicLine + " Nora  N.\r\n": "Nora N.", "# Nora's\n" + publicLine + " nora@host": "nora@host", "": "", "ssh-ed25519": "",
	} {
		if got := identity.KeyComment(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// encoded is as much base64 as no word of a refusal has.
var encoded = regexp.MustCompile(`[A-Za-z0-9+/=]{16,}`)

func FuzzParsePublicKey(f *testing.F) {
	f.Add(publicLine + " Nora")
	f.Add("ecdsa-sha2-nistp256 " + padded)
	f.Add(`from="*" ssh-rsa AAAA`)
	f.Add("ssh-rsa " + blob)
	f.Add("ssh-ed25519 " + blob[:30] + "\n" + blob[30:])
	f.Add("-----BEGIN OPENSSH PRIVATE KEY-----" + pem)
	f.Add(certificate)
	f.Fuzz(func(t *testing.T, text string) {
		line, print, err := identity.ParsePublicKey(text)
		if err != nil {
			if encoded.MatchString(err.Error()) {
				t.Errorf("the refusal may repeat a key: %v", err)
			}
			return
		}
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("got a line break in %q", line)
		}
		if again, ok := identity.ParseBlob(line); !ok || again != print {
			t.Errorf("the line %q reads as %q, want %q", line, again, print)
		}
		if again, same, err := identity.ParsePublicKey(line); err != nil || again != line || same != print {
			t.Errorf("the line %q reads as %q, %q, %v", line, again, same, err)
		}
	})
}
