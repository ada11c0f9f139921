package cli

import (
	"os"
	"os/user"
	"strconv"

	"gatehouse/domain/audit"
)

// operator returns who runs the command: the operating system's user, by number if that
// has no name.
func operator() audit.Actor {
	name := strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return audit.Actor{Kind: audit.Operator, Username: name}
}
