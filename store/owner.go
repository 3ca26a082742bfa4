package store

import (
	"os"
	"syscall"
)

// giveTo gives what root made to whoever owns another file: the service, which runs as
// somebody else, could not use it otherwise. SQLite does the same with what it makes beside a
// database (os_unix.c, findCreateFileMode). What has its owner already is left as it is, and
// so is a file with a second name, which may be anybody's.
func giveTo(path, like string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	own, err := owner(path)
	if err != nil {
		return err
	}
	theirs, err := owner(like)
	isFile := own.Mode&syscall.S_IFMT == syscall.S_IFREG
	if err != nil || own.Uid == theirs.Uid || isFile && own.Nlink != 1 {
		return err
	}
	return os.Lchown(path, int(theirs.Uid), int(theirs.Gid))
}

func owner(path string) (stat syscall.Stat_t, err error) {
	if err = syscall.Lstat(path, &stat); err != nil {
		err = &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	return stat, err
}
