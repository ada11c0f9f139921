package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"gatehouse/adapters/secretfile"
	"gatehouse/bootstrap/config"
)

// checkFolder returns why no file can be made or changed at path, or nil.
func checkFolder(path string) error {
	path = config.Absolute(path)
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s cannot be made: there is no folder %s", path, folder)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s cannot be made: %s is no folder", path, folder)
	case syscall.Access(folder, writable) != nil:
		return fmt.Errorf("%s cannot be written: the folder %s is not writable", path, folder)
	}
	return nil
}

// writable is W_OK of access(2).
const writable = 2

// checkSecret checks a secret file. Only if serve makes it may it be missing.
func checkSecret(key, path string, made bool) Checkup {
	c := Checkup{Name: key, Detail: config.Absolute(path)}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && made:
		c.Problem = checkFolder(path)
		c.Detail += " is not there yet; serve will make it"
		return c
	case err == nil && info.Mode().Perm()&0o007 != 0:
		c.Problem = fmt.Errorf("%s can be read or written by everybody (mode %04o); chmod o= it", c.Detail, info.Mode().Perm())
		return c
	}
	_, c.Problem = secretfile.Open(time.Now, func(error) {}, path)
	return c
}

// checkKasSecret checks the secret file of kas, and the form of the secret in it.
func checkKasSecret(path string) Checkup {
	c := checkSecret("kas.secret_file", path, true)
	if _, err := os.Stat(path); err == nil && c.Problem == nil {
		_, c.Problem = secretfile.OpenKey(time.Now, func(error) {}, path, secretfile.KasSize)
	}
	return c
}
