package integration_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gatehouse/application/inventory"
	"gatehouse/bootstrap"
	"gatehouse/tests/servertest"
)

// readme returns the README.
func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadme_settings wants every key in the table.
func TestReadme_settings(t *testing.T) {
	t.Parallel()
	config := bootstrap.Default()
	lines := strings.Split(readme(t), "\n")
	for _, s := range config.Settings() {
		if !slices.ContainsFunc(lines, func(line string) bool {
			return strings.HasPrefix(line, "| ") && strings.Contains(line, "`"+s.Key+"`")
		}) {
			t.Errorf("%s is not there", s.Key)
		}
	}
}

// TestReadme_routes asks for every route as a stranger: one that is served
// does not answer 404 to them.
func TestReadme_routes(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Settings(t, "memory:"))
	routes := regexp.MustCompile("`((?:GET|POST|PUT) /[a-z_/]+)`").FindAllStringSubmatch(readme(t), -1)
	if len(routes) < 10 {
		t.Fatalf("only %d routes are there", len(routes))
	}
	for _, route := range routes {
		if a := s.Ask(t, servertest.Call{Route: route[1], By: servertest.Anonymous}); a.Status != 401 && a.Status != 403 {
			t.Errorf("%s: got %d %s", route[1], a.Status, a.Body)
		}
	}
}

func TestReadme_things(t *testing.T) {
	t.Parallel()
	text := readme(t)
	for _, thing := range inventory.Names() {
		if !strings.Contains(text, "`"+thing+"`") {
			t.Errorf("`show %s` is not there", thing)
		}
	}
}

// TestReadme_worlds applies the examples, twice.
func TestReadme_worlds(t *testing.T) {
	t.Parallel()
	data := servertest.OpenData(t, servertest.Settings(t, "memory:"))
	examples := regexp.MustCompile("(?ms)^users:\n.*?^(?:EOF|```)$").FindAllString(readme(t), -1)
	if len(examples) != 2 {
		t.Fatalf("got %d examples, want 2", len(examples))
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
