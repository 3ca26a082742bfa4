package store

import (
	"os"
	"syscall"
)

// giveTo gives what root made to whoever owns another file: the service, which runs as
// somebody else, could not use it otherwise. SQLite does the same with what it makes beside a
// database (os_unix.c, findCreateFileMode).
func giveTo(path, like string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Lchown(path, int(stat.Uid), int(stat.Gid))
}
