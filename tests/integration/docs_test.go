package integration_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse/adapters/worldfile"
	"gatehouse/application/inventory"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/servertest"
)

// document returns a document, whose path is that inside the module.
func document(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocs_settings wants a row for every setting, with its default, and no other
// rows.
func TestDocs_settings(t *testing.T) {
	t.Parallel()
	rows := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| (.+?) \\| .+ \\|$")
	for _, cells := range row.FindAllStringSubmatch(document(t, "bootstrap/config/README.md"), -1) {
		rows[cells[1]] = cells[2]
	}
	config := config.Default()
	for _, s := range config.Settings() {
		got, documented := rows[s.Key]
		if want := defaultCell(s); !documented || !sameDefault(got, want) {
			t.Errorf("the default of %s is %q in the table, want %q", s.Key, got, want)
		}
		delete(rows, s.Key)
	}
	for key := range rows {
		t.Errorf("%s is in the table, but is no setting", key)
	}
}

// defaultsInWords are too long for the table, or depend on the output.
var defaultsInWords = map[string]string{"plans": "GitLab's ten", "log.format": "by the output", "spool.path": "`gatehouse.spool` beside an SQLite file, else in the working directory"}

// defaultCell returns the default of a setting as the table has it.
func defaultCell(s config.Setting) string {
	if words := defaultsInWords[s.Key]; words != "" {
		return words
	}
	var list []string
	switch {
	case s.Value == "", s.Value == "[]", s.Value == "{}":
		return "none"
	case json.Unmarshal([]byte(s.Value), &list) == nil:
		return "`" + strings.Join(list, "`, `") + "`"
	}
	return "`" + s.Value + "`"
}

var days = regexp.MustCompile(`^[0-9]+d`)

// sameDefault compares two cells; a duration may be written in several ways.
func sameDefault(got, want string) bool {
	a, err := time.ParseDuration(days.ReplaceAllStringFunc(strings.Trim(got, "`"), func(days string) string {
		n, _ := strconv.Atoi(strings.TrimSuffix(days, "d"))
		return strconv.Itoa(24*n) + "h"
	}))
	b, err2 := time.ParseDuration(strings.Trim(want, "`"))
	return got == want || err == nil && err2 == nil && a == b
}

// TestDocs_routes asks for every documented route without a credential: a served
// route does not answer 404.
func TestDocs_routes(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Settings(t, "memory:"))
	text := document(t, "adapters/httpapi/README.md")
	routes := regexp.MustCompile("`((?:GET|POST|PUT) /[a-z_/]+)`").FindAllStringSubmatch(text, -1)
	if len(routes) < 10 {
		t.Fatalf("got only %d routes", len(routes))
	}
	for _, route := range routes {
		wantServed(t, s, route[1])
	}
	portal := regexp.MustCompile("(?m)^\\| ((?:`[A-Z]+` ?)+) \\| `(/[a-z_/:]+)` \\|$").FindAllStringSubmatch(text, -1)
	if len(portal) < 4 {
		t.Fatalf("got only %d paths of the portal", len(portal))
	}
	for _, row := range portal {
		path := strings.NewReplacer(":id", "1", ":target_id", "2").Replace(row[2])
		for method := range strings.FieldsSeq(row[1]) {
			wantServed(t, s, strings.Trim(method, "`")+" /"+servertest.Root+"/api/v4"+path)
		}
	}
}

// wantServed asks for a route without a credential.
func wantServed(t *testing.T, s *servertest.Server, route string) {
	t.Helper()
	if a := s.Ask(t, servertest.Call{Route: route, By: servertest.Anonymous}); a.Status != 401 && a.Status != 403 {
		t.Errorf("%s: got %d %s", route, a.Status, a.Body)
	}
}

// TestDocs_things wants every list of `show` in the documentation.
func TestDocs_things(t *testing.T) {
	t.Parallel()
	row := regexp.MustCompile("(?m)^\\| `show THING` \\|.*$").FindString(document(t, "deploy/README.md"))
	for _, thing := range inventory.Names() {
		if !strings.Contains(row, "`"+thing+"`") {
			t.Errorf("`show %s` is missing", thing)
		}
	}
}

// TestDocs_worlds applies the examples twice.
func TestDocs_worlds(t *testing.T) {
	t.Parallel()
	data := servertest.OpenData(t, servertest.Settings(t, "memory:"))
	var examples []string
	for _, path := range []string{"README.md", "adapters/worldfile/README.md"} {
		found := regexp.MustCompile("(?ms)^users:\n.*?^(?:EOF|```)$").FindAllString(document(t, path), -1)
		if len(found) != 1 {
			t.Fatalf("got %d examples in %s, want 1", len(found), path)
		}
		examples = append(examples, found...)
	}
	for _, example := range slices.Concat(examples, examples) {
		example = example[:strings.LastIndex(example, "\n")]
		for _, section := range []string{"users", "groups", "projects", "members", "keys"} {
			if !strings.Contains(example, section+":\n") {
				t.Errorf("%s are not in %s", section, example)
			}
		}
		data.Apply(t, example)
	}
	if got := len(data.List(t, "users")); got < 3 {
		t.Errorf("got %d users", got)
	}
}

// TestDocs_worldSections wants a row for every section, with all its members.
func TestDocs_worldSections(t *testing.T) {
	t.Parallel()
	const unknown = "unknown"
	_, err := worldfile.Parse([]byte(unknown + ": []"))
	for _, section := range known(t, err) {
		row := regexp.MustCompile("(?m)^\\| `" + section + "` \\|.*$").FindString(document(t, "adapters/worldfile/README.md"))
		_, err := worldfile.Parse([]byte(section + ": [{" + unknown + ": 1}]"))
		for _, member := range known(t, err) {
			if !strings.Contains(row, "`"+member+"`") {
				t.Errorf("%s of %s is not in the table", member, section)
			}
		}
	}
}

// known returns the names that the error for an unknown name lists.
func known(t *testing.T, refusal error) []string {
	t.Helper()
	if refusal != nil {
		for line := range strings.Lines(refusal.Error()) {
			if _, names, ok := strings.Cut(strings.TrimSpace(line), "; there are "); ok {
				return strings.Split(names, ", ")
			}
		}
	}
	t.Fatalf("no names in %v", refusal)
	return nil
}
