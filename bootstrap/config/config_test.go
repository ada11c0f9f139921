package config_test

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/bootstrap/config"
	"gatehouse/domain/source"
)

// write makes a configuration file.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, from config.Sources) config.Config {
	t.Helper()
	config, err := config.Load(from)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return config
}

func TestLoad_defaults(t *testing.T) {
	t.Parallel()
	file := write(t, "")
	got := load(t, config.Sources{File: file})
	want := config.Default()
	want.File, want.Origins = file, map[string]string{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("an empty file changes the defaults (-want +got):\n%s", diff)
	}
	if err := want.Validate(); err != nil {
		t.Errorf("the defaults are invalid: %v", err)
	}
}

func TestLoad_everyKeyByVariable(t *testing.T) {
	t.Parallel()
	defaults := config.Default()
	for _, s := range defaults.Settings() {
		name := "GATEHOUSE_" + strings.ToUpper(strings.ReplaceAll(s.Key, ".", "_"))
		got := load(t, config.Sources{Environ: []string{name + "=" + s.Value}})
		if s.Value != "" && got.Origins[s.Key] != name {
			t.Errorf("%s does not set %s", name, s.Key)
		}
		got.Origins = nil
		if diff := cmp.Diff(defaults.Settings(), got.Settings()); diff != "" {
			t.Errorf("%s=%s, its own default, changes something:\n%s", name, s.Value, diff)
		}
	}
}

func TestLoad_precedence(t *testing.T) {
	t.Parallel()
	file := "git: {rate_limit: 1, key_restrictions: {rsa: 2048, dsa: -1}}\nversion: file"
	variables := []string{"GATEHOUSE_GIT_RATE_LIMIT=2", "GATEHOUSE_GIT_KEY_RESTRICTIONS={rsa: 4096}", "HOME=/", "GATEHOUSE_VERSION="}
	tests := map[string]struct {
		from    config.Sources
		limit   int
		keys    map[string]int
		version string
		origin  string
	}{
		"nothing": {config.Sources{}, 600, nil, "16.11.0-gatehouse", ""},
		"file":    {config.Sources{File: file}, 1, map[string]int{"rsa": 2048, "dsa": -1}, "file", "config.yaml"},
		"variables replace the file, a map as a whole, an empty one does not": {
			config.Sources{File: file, Environ: variables}, 2, map[string]int{"rsa": 4096}, "file", "GATEHOUSE_GIT_RATE_LIMIT",
		},
		"flags replace both": {
			config.Sources{File: file, Environ: variables, Flags: map[string]string{"git.rate_limit": "3", "git.key_restrictions": "{}", "version": ""}},
			3, map[string]int{}, "16.11.0-gatehouse", "flag",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.from.File != "" {
				test.from.File = write(t, test.from.File)
			}
			got := load(t, test.from)
			if got.Git.RateLimit != test.limit || got.Version != test.version || !cmp.Equal(got.Git.KeyRestrictions, test.keys) {
				t.Errorf("got %d, %v, %q", got.Git.RateLimit, got.Git.KeyRestrictions, got.Version)
			}
			if origin := got.Origins["git.rate_limit"]; filepath.Base("/"+origin) != filepath.Base("/"+test.origin) {
				t.Errorf("got origin %q, want %q", origin, test.origin)
			}
		})
	}
}

func TestLoad_everyForm(t *testing.T) {
	t.Parallel()
	want := config.Default()
	want.ExternalURL = "https://git.example.com/base"
	want.HTTP = config.HTTP{
		Address: "", Socket: "/run/gatehouse.sock", SocketMode: "0660", PublicAddress: "[::1]:0", PublicConnections: 20, PublicRoutes: []string{"portal"}, RelativeRoot: "/gitlab",
		TrustedProxies: []string{"10.0.0.0/8", "::1"},
	}
	want.Database = config.Database{URL: "postgres://gatehouse:secret@db/gatehouse", PoolSize: 7, LookupsInFlight: 5}
	want.Gitaly.Storages = []config.Storage{
		{Name: "default", Address: "unix:/run/gitaly.sock"},
		{Name: "other", Address: "tls://gitaly:9999", Token: "0123"},
	}
	want.Git.ConfigOptions = []string{}
	want.Git.DefaultBranchProtection = source.DevelopersMerge
	want.Git.Protocols = source.OnlySSH
	want.Git.BannedKeys = []string{"1qPsHXu1alox28Isr15aDy/S3VDW0U+H0O0lAxM26es"}
	want.Counters = config.Counters{Expiry: 90 * time.Second}
	want.Kas.JWTLeeway = 5 * time.Second
	want.Tokens.Prefix = ""
	want.Plans = []config.Plan{{Code: "premium", Title: "premium", Paid: true, Top: true}}

	file := load(t, config.Sources{File: write(t, `
external_url: https://git.example.com/base/
redis:
# a section whose lines are all comments
http: {address: "", socket: /run/gatehouse.sock, public_address: "[::1]:0", public_connections: 20, relative_root: /gitlab/, trusted_proxies: [10.0.0.0/8, "::1"]}
database: {url: "postgres://gatehouse:secret@db/gatehouse", pool_size: 7, lookups_in_flight: 5, migrate: false}
gitaly:
  storages:
    - {name: default, address: "unix:/run/gitaly.sock"}
    - {name: other, address: "tls://gitaly:9999", token: "0123"}
git:
  config_options: []
  default_branch_protection: 3
  protocols: ssh
  banned_keys: ["SHA256:1qPsHXu1alox28Isr15aDy/S3VDW0U+H0O0lAxM26es"]
counters: {expiry: 90, fail_open: false}
kas: {jwt_leeway: 5s}
tokens: {prefix: ""}
plans: [{code: premium, title: premium, paid: true, top: true}]
`)})
	flags := load(t, config.Sources{Flags: map[string]string{
		"external_url": "https://git.example.com/base", "http.address": "", "http.socket": "/run/gatehouse.sock",
		"http.public_address": "[::1]:0", "http.public_connections": "20", "http.relative_root": "/gitlab", "http.trusted_proxies": "10.0.0.0/8, ::1",
		"database.url": "postgres://gatehouse:secret@db/gatehouse", "database.pool_size": "7", "database.lookups_in_flight": "5", "database.migrate": "false",
		"gitaly.storages":    `[{name: default, address: "unix:/run/gitaly.sock"}, {"name": "other", "address": "tls://gitaly:9999", "token": "0123"}]`,
		"git.config_options": "[]", "git.default_branch_protection": "3", "git.protocols": "ssh",
		"git.banned_keys": "SHA256:1qPsHXu1alox28Isr15aDy/S3VDW0U+H0O0lAxM26es",
		"counters.expiry": "90s", "counters.fail_open": "false", "kas.jwt_leeway": "5", "tokens.prefix": "",
		"plans": "[{code: premium, title: premium, paid: true, top: true}]",
	}})
	for name, got := range map[string]config.Config{"file": file, "flags": flags} {
		got.File, got.Origins = "", nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestConfig_SpoolPath(t *testing.T) {
	t.Parallel()
	for database, want := range map[string]string{
		"gatehouse.db": "gatehouse.spool", "/var/lib/g/a.db": "/var/lib/g/gatehouse.spool", "file:/srv/a%20b/c.db?mode=rwc": "/srv/a b/gatehouse.spool",
		"postgres://db/gatehouse": "gatehouse.spool", "memory:": "",
	} {
		c := load(t, config.Sources{Flags: map[string]string{"database.url": database}})
		if got := c.SpoolPath(); got != want {
			t.Errorf("%s: got %q, want %q", database, got, want)
		}
		c.Spool.Path = "/var/spool/g"
		if got := c.SpoolPath(); got != "/var/spool/g" && want != "" {
			t.Errorf("%s, with a path: got %q", database, got)
		}
	}
}

// TestConfig_SecretsInFile wants the keys whose secrets the file has, and not those
// that come from elsewhere.
func TestConfig_SecretsInFile(t *testing.T) {
	t.Parallel()
	file := write(t, `
database: {url: "postgres://gatehouse:hunter2@db/gatehouse"}
redis: {url: "redis://:hunter2@redis"}
gitaly: {storages: [{name: default, address: "unix:/a"}, {name: other, address: "unix:/b", token: hunter2}]}
`)
	c := load(t, config.Sources{File: file})
	if got, want := strings.Join(c.SecretsInFile(), " "), "database.url gitaly.storages redis.url"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c = load(t, config.Sources{File: file, Environ: []string{"GATEHOUSE_REDIS_URL=redis://:hunter2@redis"}, Flags: map[string]string{"database.url": "postgres://db/gatehouse", "gitaly.storages": "[]"}})
	if got := c.SecretsInFile(); len(got) != 0 {
		t.Errorf("overridden: got %s, want none", got)
	}
}

func TestConfig_Differences(t *testing.T) {
	t.Parallel()
	one := load(t, config.Sources{Flags: map[string]string{"database.url": "postgres://:one@db/x", "plans": "[{code: a}]"}})
	two := load(t, config.Sources{Flags: map[string]string{"database.url": "postgres://:two@db/x", "plans": "[{code: a}]", "secrets.strict": "true"}})
	if got, want := strings.Join(one.Differences(&two), " "), "database.url secrets.strict"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLoad_mistakes(t *testing.T) {
	t.Parallel()
	path := write(t, `
http: {adress: "127.0.0.1:1", address: nowhere, relative_root: gitlab, trusted_proxies: [10.0.0.0/99]}
external_url: git.example.com
database: {url: "mysql://root:hunter2@db/x", pool_size: -1, lookups_in_flight: -1}
redis: 6379
gitaly:
  storages:
    - {address: "localhost:9999", tokn: hunter2}
    - {name: a, address: 7, toke: hunter2}
    - {name: a, address: "tcp://gitaly:8075", token: [hunter2]}
    - hunter2
shell: {secret_file: a, previous_secret_file: a, legacy_secret: maybe}
ssh: {host: "ssh://git.example.com:22", port: 70000, user: "no blanks"}
otp: {session: -1s}
tokens: {prefix: "no blanks"}
findings: {uuid_namespace: x}
plans: [{code: a}, {code: a}, {title: b}]
version: 16.10
log: {level: loud, format: xml}
git: {http_drain: -1s, http_ban: {failures: -1, window: 0, fro: 1h}}
`)
	_, err := config.Load(config.Sources{
		File: path,
		Environ: []string{
			"GATEHOUSE_GIT_RATE_LIMIT=many", "GATEHOUSE_GIT_RATELIMIT=1", "GATEHOUSE_SOMETHING_ELSE_ENTIRELY=1",
			"GATEHOUSE_PORT=tcp://10.0.0.1:3001", "GATEHOUSE_SERVICE_HOST=10.0.0.1", "GATEHOUSE_PORT_3001_TCP_PROTO=tcp",
		},
		Flags: map[string]string{
			"git.key_restrictions": "{rsa: big, rot13: 1}", "git.protocol": "ssh", "counters.expiry": "soon", "git.protocols": "smtp",
			"git.default_branch_protection": "5", "git.banned_keys": "abc", "git.config_options": "gc", "database.migrate": "perhaps",
			"http.socket": strings.Repeat("x", 200), "http.public_address": ":99999", "http.public_connections": "0",
			"http.public_routes": "portal, shell",
		},
	})
	if err == nil {
		t.Fatal("no mistake was found")
	}
	want := strings.ReplaceAll(`FILE: unknown key; did you mean http.address?
http.address: must be host:port
http.relative_root: must be a path like /gitlab
http.trusted_proxies[0]: "10.0.0.0/99" is no address and no network
http.public_address: must be host:port
http.public_connections: must be more than 0
http.public_routes[1]: "shell" is not one of portal, api, git
http.socket: must not be longer than 107 bytes
external_url: must be a URL like https://git.example.com, without user, query or fragment
database.url: must be the path of a file, postgres://… or memory:
database.pool_size: must not be negative
database.lookups_in_flight: must not be negative
database.migrate (flag): must be true or false
redis (FILE): has keys of its own, and no value
gitaly.storages (FILE): [0]: has invalid keys: tokn; [1].address must be a text; put it in quotes; [1]: has invalid keys: toke; [2].token must be a text; put it in quotes; [3]: expected a map or struct, got "string"
gitaly.storages[0].name: is missing
gitaly.storages[0].address: must begin with unix:/, tcp://, tls:// or dns: and go on
gitaly.storages[2].name: "a" is there twice
shell.previous_secret_file: must not be the same as shell.secret_file
shell.legacy_secret: "maybe" is not one of accept, warn, reject
ssh.host: must be a host name or an address, without a scheme, user or port
ssh.port: must be from 1 to 65535
ssh.user: must be the name of a user, without blanks
otp.session: must be more than nothing
tokens.prefix: must be at most 20 letters, digits, dots, dashes or underscores
findings.uuid_namespace: must be a UUID
plans[1].code: "a" is there twice
plans[2].code: is missing
version (FILE): must be a text; put it in quotes
log.level: "loud" is not one of debug, info, warn, error
log.format: "xml" is not one of console, json
git.http_drain: must not be negative
git.http_ban.failures: must not be negative
git.http_ban.window: must be more than nothing
git.http_ban.fro (FILE): unknown key; did you mean git.http_ban.for?
git.rate_limit (GATEHOUSE_GIT_RATE_LIMIT): must be a whole number
GATEHOUSE_GIT_RATELIMIT: unknown variable; did you mean GATEHOUSE_GIT_RATE_LIMIT?
GATEHOUSE_SOMETHING_ELSE_ENTIRELY: unknown variable
git.key_restrictions (flag): [rsa] must be a whole number
git.key_restrictions.rot13: is not one of rsa, dsa, ecdsa, ed25519, ecdsa_sk, ed25519_sk
git.protocol (flag): unknown key; did you mean git.protocols?
counters.expiry (flag): must be a duration, such as 30s, 15m or 31d
git.protocols: "smtp" is not one of all, ssh, http
git.default_branch_protection: must be 0 to 4
git.banned_keys[0]: "abc" is no SHA-256 fingerprint
git.config_options[0]: "gc" is not section.name=value`, "FILE", path)
	want = strings.Replace(want, path+": unknown", "http.adress ("+path+"): unknown", 1)
	got, lines := strings.Split(err.Error(), "\n"), strings.Split(want, "\n")
	slices.Sort(got)
	slices.Sort(lines)
	if diff := cmp.Diff(lines, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("a secret is in the error")
	}
}

// TestLoad_socket takes modes and groups of the socket, each in quotes, from a file. A flag
// needs none.
func TestLoad_socket(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`socket_mode: "0660"`: "", `socket_mode: "600"`: "", `socket_mode: "0777"`: "", `socket_mode: ""`: "", `socket_group: "998"`: "", `socket_group: ""`: "",
		`socket_mode: 0660`: "http.socket_mode (FILE): must be a text; put it in quotes", `socket_mode: 0o660`: "http.socket_mode (FILE): must be a text; put it in quotes",
		`socket_mode: 660`:       "http.socket_mode (FILE): must be a text; put it in quotes",
		`socket_group: 998`:      "http.socket_group (FILE): must be a text; put it in quotes",
		`socket_mode: "0o660"`:   `http.socket_mode: "0o660" is no octal mode such as "0660"`,
		`socket_mode: "0680"`:    `http.socket_mode: "0680" is no octal mode such as "0660"`,
		`socket_mode: "02770"`:   `http.socket_mode: "02770" is no octal mode such as "0660"`,
		`socket_mode: "-1"`:      `http.socket_mode: "-1" is no octal mode such as "0660"`,
		`socket_mode: rw-rw----`: `http.socket_mode: "rw-rw----" is no octal mode such as "0660"`,
		`socket_mode: "0066"`:    `http.socket_mode: "0066" must let the owner read and write`,
		`socket_mode: "0000"`:    `http.socket_mode: "0000" must let the owner read and write`,
	} {
		path := write(t, "http: {"+text+"}")
		_, err := config.Load(config.Sources{File: path})
		if want = strings.ReplaceAll(want, "FILE", path); want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	c := load(t, config.Sources{Flags: map[string]string{"http.socket_mode": "0600", "http.socket_group": "998"}})
	if mode, ok := c.HTTP.SocketPermissions(); !ok || mode != 0o600 {
		t.Errorf("the mode of a flag: got %o, %t", mode, ok)
	}
	if group, err := c.HTTP.SocketGroupID(); err != nil || group == nil || *group != 998 {
		t.Errorf("the group of a flag: got %v, %v", group, err)
	}
}

func TestHTTP_SocketGroupID(t *testing.T) {
	t.Parallel()
	own, err := user.LookupGroupId(strconv.Itoa(os.Getegid()))
	if err != nil {
		t.Skip(err) // the group of the process has no name
	}
	h := config.HTTP{SocketGroup: own.Name}
	if group, err := h.SocketGroupID(); err != nil || group == nil || *group != os.Getegid() {
		t.Errorf("%s: got %v, %v", own.Name, group, err)
	}
	for name, want := range map[string]string{"no such group": `http.socket_group: this machine has no group "no such group"`, "-1": `http.socket_group: this machine has no group "-1"`} {
		h.SocketGroup = name
		if group, err := h.SocketGroupID(); group != nil || err == nil || err.Error() != want {
			t.Errorf("%s: got %v, %v, want %s", name, group, err, want)
		}
	}
	h.SocketGroup = ""
	if group, err := h.SocketGroupID(); group != nil || err != nil {
		t.Errorf("none: got %v, %v", group, err)
	}
}

func TestLoad_durations(t *testing.T) {
	t.Parallel()
	const day, wrong = 24 * time.Hour, time.Duration(0)
	for text, want := range map[string]time.Duration{
		"31d": 31 * day, "1d12h": 36 * time.Hour, "1d1h30m": day + 90*time.Minute, "0d1h": time.Hour, "36h": 36 * time.Hour,
		"86400": day, "106751d": 106751 * day, "9223372036": 9223372036 * time.Second,
		"d": wrong, "1.5d": wrong, "1dd": wrong, "12h1d": wrong, "1d12": wrong, "1d-2h": wrong, "a month": wrong,
		"106752d": wrong, "9223372036854775807d": wrong, "9223372037": wrong, "9223372036854775807": wrong,
		"-1d": wrong, "-0d1h": wrong, "-3600": wrong, // they can be read, but otp.session cannot be negative
	} {
		for name, from := range map[string]config.Sources{
			"file": {File: write(t, "otp: {session: "+text+"}")}, "flag": {Flags: map[string]string{"otp.session": text}},
		} {
			switch got, err := config.Load(from); {
			case want != wrong && (err != nil || got.OTP.Session != want):
				t.Errorf("%s in a %s: got %v, %v, want %v", text, name, got.OTP.Session, err, want)
			case want == wrong && (err == nil || !strings.HasPrefix(err.Error(), "otp.session")):
				t.Errorf("%s in a %s: got %v, %v, want an error of the key", text, name, got.OTP.Session, err)
			}
		}
	}
}

func TestLoad_retention(t *testing.T) {
	t.Parallel()
	const negative, short = "must not be negative", "must be 0, which is for ever, or an hour or more"
	for _, key := range []string{"retention.pushes", "retention.audit", "retention.deliveries"} {
		for text, mistake := range map[string]string{
			"0": "", "0d": "", "1h": "", "31d": "", "3600": "",
			"-1d": negative, "-0d1h": negative, "-1": negative, "90": short, "59m": short,
		} {
			switch _, err := config.Load(config.Sources{Flags: map[string]string{key: text}}); {
			case mistake == "" && err != nil:
				t.Errorf("%s: %s: got error %v", key, text, err)
			case mistake != "" && (err == nil || !strings.HasPrefix(err.Error(), key+": "+mistake)):
				t.Errorf("%s: %s: got error %v, want %s", key, text, err, mistake)
			}
		}
	}
}

func TestLoad_httpBan(t *testing.T) {
	t.Parallel()
	for text, mistake := range map[string]string{
		"failures: 1": "", "failures: 0": "", "failures: 0, window: 0, for: 0": "", "window: 1s, for: 31d": "",
		"failures: 0, window: -1s": "git.http_ban.window", "failures: 0, for: -1s": "git.http_ban.for",
		"window: 0": "git.http_ban.window", "for: 0": "git.http_ban.for", "failures: -1": "git.http_ban.failures", "failures: some": "git.http_ban.failures",
	} {
		_, err := config.Load(config.Sources{File: write(t, "git: {http_ban: {"+text+"}}")})
		if mistake == "" && err != nil || mistake != "" && (err == nil || !strings.HasPrefix(err.Error(), mistake)) {
			t.Errorf("%s: got %v, want a mistake of %q", text, err, mistake)
		}
	}
	c := load(t, config.Sources{
		File:    write(t, "git: {http: false, http_drain: 0, http_ban: {window: 1m}}"),
		Environ: []string{"GATEHOUSE_GIT_HTTP_BAN_FAILURES=5", "GATEHOUSE_GIT_HTTP_BAN_FOR=1d"},
	})
	if want := (config.HTTPBan{Failures: 5, Window: time.Minute, For: 24 * time.Hour}); c.Git.HTTPBan != want || c.Git.HTTP || c.Git.HTTPDrain != 0 {
		t.Errorf("got %+v, %t, %v", c.Git.HTTPBan, c.Git.HTTP, c.Git.HTTPDrain)
	}
}

func TestLoad_storageAddresses(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{
		"unix:/run/gitaly.sock": true, "tcp://gitaly:8075": true, "tls://gitaly:9999": true, "dns:///gitaly:8075": true, "dns:gitaly": true,
		"unix:gitaly.sock": false, "unix:/": false, "tcp://": false, "gitaly:8075": false, "http://gitaly": false, "": false,
	} {
		_, err := config.Load(config.Sources{
			File: write(t, fmt.Sprintf("gitaly: {storages: [{name: a, address: %q}]}", address)),
		})
		if (err == nil) != good {
			t.Errorf("address %q: got error %v", address, err)
		}
	}
}

func TestLoad_file(t *testing.T) {
	if _, err := config.Load(config.Sources{File: "missing.yaml"}); err == nil || !strings.Contains(err.Error(), "missing.yaml") {
		t.Errorf("a named file that is missing: got error %v", err)
	}
	if _, err := config.Load(config.Sources{File: write(t, "a: [")}); err == nil {
		t.Error("a file that is not YAML was read")
	}
	t.Chdir(t.TempDir())
	if got := config.FindFile(); got != "" {
		t.Errorf("in an empty folder: got %q", got)
	}
	if err := os.WriteFile(config.DefaultFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := config.FindFile(); got != "gatehouse.yaml" {
		t.Errorf("with a default file: got %q", got)
	}
}

func TestConfig_secretsAreMasked(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.Database.URL = "postgres://gatehouse:hunter2@db:5432/gatehouse?sslmode=disable&password=hunter2"
	c.Redis.URL = "redis://:hunter2@redis:6379/0"
	c.Gitaly.Storages = []config.Storage{{Name: "default", Address: "tcp://gitaly:8075", Token: "hunter2"}}
	shown := c.Settings()
	for _, text := range []string{
		fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprint(shown),
		config.URL("postgres://u:hunter2@[broken").String(),
	} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("a secret is told: %s", text)
		}
	}
	want := "postgres://gatehouse:***@db:5432/gatehouse?password=***&sslmode=disable"
	if got := c.Database.URL.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	at := slices.IndexFunc(shown, func(s config.Setting) bool { return s.Key == "gitaly.storages" })
	if got, want := shown[at].Value, `[{"address":"tcp://gitaly:8075","name":"default","token":"***"}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestDatabase_File also reads URLs that begin with file:.
func TestDatabase_File(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"gatehouse.db": "gatehouse.db", "/srv/a b?c.db": "/srv/a b?c.db", "memory:": "", "postgres://localhost/x": "",
		"file:gatehouse.db": "gatehouse.db", "file:/srv/a.db": "/srv/a.db", "file:///srv/a.db?mode=ro#x": "/srv/a.db", "file://localhost/srv/a.db": "/srv/a.db",
		"file:100%25%20od%3fd%23+.db": "100% od?d#+.db", "file:/srv/100%25%20od%3fd%23+.db": "/srv/100% od?d#+.db", "file:a.db?mode=memory": "", "file:a%zz": "",
	} {
		d := config.Database{URL: config.URL(url)}
		if got := d.File(); got != want {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
		if want != "" && d.Place() != config.Absolute(want) {
			t.Errorf("%s: got the place %q", url, d.Place())
		}
	}
}
