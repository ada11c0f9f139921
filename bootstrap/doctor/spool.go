package doctor

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gatehouse/adapters/spool"
	"gatehouse/bootstrap/config"
)

// checkSpool looks for pushes that wait to be recorded. They are a warning: a server
// records them as soon as it can.
func checkSpool(settings config.Config) Checkup {
	path := settings.SpoolPath()
	if path == "" {
		return Checkup{Name: "spool.path", Detail: "none, without a database"}
	}
	path = config.Absolute(path)
	c := Checkup{Name: "spool.path", Detail: path + ", empty"}
	found, err := spool.Inspect(path)
	if err != nil {
		c.Problem = withOwner(err, path)
		return c
	}
	warnings := []error{spool.Usable(path)}
	if found.Waiting > 0 {
		warnings = append(warnings, fmt.Errorf("pushes that wait to be recorded: %d, the first since %s (%s)", found.Waiting, found.Since.UTC().Format(time.RFC3339), path))
	}
	if len(found.Broken) > 0 {
		warnings = append(warnings, fmt.Errorf("files that cannot be recorded: %s (%s)", strings.Join(found.Broken, ", "), path))
	}
	c.Warning = errors.Join(warnings...)
	return c
}
