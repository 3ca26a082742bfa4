// A C library whose calls fail while a file of that name lies in the folder $SHIM.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static int on(const char *what) {
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", getenv("SHIM"), what);
	return access(path, F_OK) == 0;
}

static int synced(const char *call, int fd) {
	if (on("sync-fails")) {
		errno = EIO;
		return -1;
	}
	if (on("sync-slow"))
		usleep(400 * 1000);
	return ((int (*)(int))dlsym(RTLD_NEXT, call))(fd);
}

int fsync(int fd) { return synced("fsync", fd); }
int fdatasync(int fd) { return synced("fdatasync", fd); }

static ssize_t written(int fd, const void *octets, size_t n, off64_t at) {
	if (on("read-only")) {
		errno = EROFS;
		return -1;
	}
	return ((ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64"))(fd, octets, n, at);
}

ssize_t pwrite(int fd, const void *octets, size_t n, off_t at) { return written(fd, octets, n, at); }
ssize_t pwrite64(int fd, const void *octets, size_t n, off64_t at) { return written(fd, octets, n, at); }
