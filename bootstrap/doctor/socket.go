package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"gatehouse/bootstrap/config"
)

const (
	groupWrite, othersWrite   fs.FileMode = 0o020, 0o002
	groupSearch, othersSearch fs.FileMode = 0o010, 0o001
)

// checkSocket checks whether serve can make the socket, whether the users that may connect
// by its mode can reach it, and whether a socket that exists has this group and mode.
func checkSocket(http config.HTTP) Checkup {
	path := config.Absolute(http.Socket)
	c := Checkup{Name: "http.socket", Detail: path}
	mode, _ := http.SocketPermissions()
	wanted, err := http.SocketGroupID()
	if err != nil {
		c.Problem = err
		return c
	}
	group := os.Getegid()
	if wanted != nil {
		group = *wanted
		c.Problem = errors.Join(checkMembership(group), checkGroupConnects(http, mode))
	}
	c.Problem = errors.Join(c.Problem, checkFolder(path))
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.Detail += " is not there; serve makes it"
	case err != nil:
		c.Problem = errors.Join(c.Problem, err)
	case info.Mode().Type() != fs.ModeSocket:
		c.Problem = errors.Join(c.Problem, fmt.Errorf("%s exists and is not a socket: move it away", path))
	default:
		has := ownerOf(info)
		c.Detail = fmt.Sprintf("%s, %s", path, has)
		if has.mode != mode || wanted != nil && has.group != group {
			c.Warning = fmt.Errorf("%s has %s, not what http.socket_group and http.socket_mode say: restart the server", path, has)
		}
		if wanted == nil {
			group = has.group
		}
	}
	if c.Problem != nil {
		return c
	}
	if err := checkWay(path, group, mode); wanted != nil {
		c.Problem = err
	} else { // the clients may run as this user
		c.Warning = errors.Join(c.Warning, err)
	}
	return c
}

// checkMembership returns why this process cannot give a file to a group, or nil.
func checkMembership(group int) error {
	groups, err := os.Getgroups()
	if err != nil || os.Geteuid() == 0 || group == os.Getegid() || slices.Contains(groups, group) {
		return err
	}
	name := groupName(group)
	return fmt.Errorf("http.socket_group: this user (%s) is not in the group %s: usermod -a -G %s %s, and start the server anew",
		userName(os.Geteuid()), name, name, userName(os.Geteuid()))
}

// checkGroupConnects returns that http.socket_mode lets the group of the socket do nothing
// with it, or nil: who may not write to a socket cannot connect.
func checkGroupConnects(http config.HTTP, mode fs.FileMode) error {
	if mode&groupWrite != 0 {
		return nil
	}
	return fmt.Errorf("http.socket_mode: with %04o the group %s cannot connect; 0660 lets it", mode, http.SocketGroup)
}

// checkWay returns which folder on the way to a socket keeps users out that may connect by
// its group and mode, or nil.
func checkWay(path string, group int, mode fs.FileMode) error {
	for folder := filepath.Dir(path); ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil {
			return err
		}
		has := ownerOf(info)
		switch search := has.mode & (groupSearch | othersSearch); {
		case mode&othersWrite != 0 && search&othersSearch == 0:
			return fmt.Errorf("other users cannot reach %s: the folder %s has mode %04o; chmod o+x %s", path, folder, has.mode, folder)
		case mode&groupWrite == 0:
		case has.group == group && search&groupSearch == 0:
			return fmt.Errorf("the group %s cannot reach %s: the folder %s has mode %04o; chmod g+x %s", groupName(group), path, folder, has.mode, folder)
		case has.group != group && search&othersSearch == 0:
			return fmt.Errorf("the group %s cannot reach %s: the folder %s has %s; chgrp %s %s && chmod g+x %s",
				groupName(group), path, folder, has, groupName(group), folder, folder)
		}
		if folder == filepath.Dir(folder) {
			return nil
		}
	}
}

// owner is whose a file is and what they may do with it.
type owner struct {
	user, group int
	mode        fs.FileMode
}

func ownerOf(info fs.FileInfo) owner {
	o := owner{user: os.Geteuid(), group: os.Getegid(), mode: info.Mode().Perm()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		o.user, o.group = int(stat.Uid), int(stat.Gid)
	}
	return o
}

func (o owner) String() string {
	return fmt.Sprintf("owner %s, group %s and mode %04o", userName(o.user), groupName(o.group), o.mode)
}

// userName returns the name of a user, or the number if there is none.
func userName(id int) string {
	number := strconv.Itoa(id)
	if found, err := user.LookupId(number); err == nil {
		return found.Username
	}
	return number
}

// groupName returns the name of a group, or the number if there is none.
func groupName(id int) string {
	number := strconv.Itoa(id)
	if found, err := user.LookupGroupId(number); err == nil {
		return found.Name
	}
	return number
}
