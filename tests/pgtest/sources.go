package pgtest

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// settings make a throw-away server fast, with enough connections for a pool in
// each test.
var settings = []string{
	"max_connections=200", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off",
}

// help is advice for a machine without a server.
const help = "set TEST_DATABASE_URL=postgres://…, or start Docker, or install PostgreSQL (Debian: apt-get install postgresql)"

// start returns a server from the first source that has one.
func start(ctx context.Context) (*server, error) {
	ctx = context.WithoutCancel(ctx) // the server outlives the first test
	type source struct {
		name string
		open func(context.Context) (*server, error)
	}
	given := source{"TEST_DATABASE_URL", external}
	container := source{"container", container}
	local := source{"local binaries", cluster}
	debian := source{"Debian's packages", install}

	var sources []source
	switch wish := os.Getenv("TEST_POSTGRES"); {
	case wish == "container":
		sources = []source{container}
	case wish == "local":
		sources = []source{local, debian}
	case wish != "" && wish != "auto":
		return nil, fmt.Errorf("TEST_POSTGRES=%q: want container, local or auto", wish)
	case os.Getenv("TEST_DATABASE_URL") != "":
		sources = []source{given} // falling back would hide that it is down
	default:
		sources = []source{container, local, debian}
	}
	var tried []string
	for _, source := range sources {
		s, err := source.open(ctx)
		if err == nil {
			return s, nil
		}
		reason := strings.Join(strings.Fields(err.Error()), " ") // the end of a long output has the cause
		tried = append(tried, source.name+": "+reason[max(0, len(reason)-300):])
	}
	return nil, fmt.Errorf("NO POSTGRESQL TO TEST ON: %s (tried %s)", help, strings.Join(tried, "; "))
}

// external takes the server that the developer runs.
func external(ctx context.Context) (*server, error) {
	return newServer(ctx, "TEST_DATABASE_URL", os.Getenv("TEST_DATABASE_URL"), nil)
}

// report prints a line, and appends it to the file TEST_POSTGRES_REPORT: "go test"
// hides the output of a package that passes, so its caller can show the file.
func report(format string, args ...any) {
	line := fmt.Sprintf("pgtest: "+format+"\n", args...)
	fmt.Fprint(os.Stderr, line)
	if name := os.Getenv("TEST_POSTGRES_REPORT"); name != "" {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			fmt.Fprint(f, line)
			err = f.Close()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
		}
	}
}
