// The file system of the connection that writes: see gather.go.

#include <stdlib.h>
#include <string.h>

#include "gather.h"

enum { most = 64 << 10 }; // octets that are gathered, 15 frames

// What stands behind each file of SQLite's own. A main file knows the log of its connection.
typedef struct {
	const sqlite3_io_methods *own;
	sqlite3_io_methods instead; // own but for what is below
	sqlite3_file *log;          // of a main file
	sqlite3_file *main;         // of a log
	char *octets;               // of a log: gathered, and not written yet
	int n;
	sqlite3_int64 at; // where they belong
} gathered;

static sqlite3_vfs *own; // SQLite's file system
static sqlite3_vfs gathering;

static gathered *of(sqlite3_file *f) { return (gathered *)((char *)f + own->szOsFile); }

static int write_out(sqlite3_file *f) {
	gathered *g = of(f);
	int n = g->n;
	g->n = 0;
	return n ? g->own->xWrite(f, g->octets, n, g->at) : SQLITE_OK;
}

static int log_write(sqlite3_file *f, const void *octets, int n, sqlite3_int64 at) {
	gathered *g = of(f);
	if (g->n && (at != g->at + g->n || g->n + n > most)) {
		int rc = write_out(f);
		if (rc != SQLITE_OK)
			return rc;
	}
	if (!g->octets)
		g->octets = malloc(most);
	if (!g->octets || n > most)
		return g->own->xWrite(f, octets, n, at);
	if (!g->n)
		g->at = at;
	memcpy(g->octets + g->n, octets, n);
	g->n += n;
	return SQLITE_OK;
}

static int log_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) {
	int rc = write_out(f);
	return rc == SQLITE_OK ? of(f)->own->xRead(f, to, n, at) : rc;
}

static int log_truncate(sqlite3_file *f, sqlite3_int64 size) {
	int rc = write_out(f);
	return rc == SQLITE_OK ? of(f)->own->xTruncate(f, size) : rc;
}

static int log_sync(sqlite3_file *f, int flags) {
	int rc = write_out(f);
	return rc == SQLITE_OK ? of(f)->own->xSync(f, flags) : rc;
}

static int log_size(sqlite3_file *f, sqlite3_int64 *size) {
	int rc = write_out(f);
	return rc == SQLITE_OK ? of(f)->own->xFileSize(f, size) : rc;
}

static int log_close(sqlite3_file *f) {
	gathered *g = of(f);
	int rc = write_out(f), closed = g->own->xClose(f);
	free(g->octets);
	if (g->main)
		of(g->main)->log = 0;
	return rc == SQLITE_OK ? closed : rc;
}

// Whoever gives a lock up may let another process write the log.
static int main_lock(sqlite3_file *f, int offset, int n, int flags) {
	gathered *g = of(f);
	int rc = g->log && flags & SQLITE_SHM_UNLOCK ? write_out(g->log) : SQLITE_OK;
	int locked = g->own->xShmLock(f, offset, n, flags);
	return rc == SQLITE_OK ? locked : rc;
}

// What the index is to say of the log next has to be in it.
static void main_barrier(sqlite3_file *f) {
	gathered *g = of(f);
	if (g->log)
		write_out(g->log);
	g->own->xShmBarrier(f);
}

static int gather_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out) {
	gathered *g = of(f);
	memset(g, 0, sizeof *g);
	int rc = own->xOpen(own, name, f, flags, out);
	if (rc != SQLITE_OK || !f->pMethods)
		return rc;
	g->own = f->pMethods;
	g->instead = *g->own;
	if (flags & SQLITE_OPEN_WAL) {
		g->instead.xClose = log_close;
		g->instead.xRead = log_read;
		g->instead.xWrite = log_write;
		g->instead.xTruncate = log_truncate;
		g->instead.xSync = log_sync;
		g->instead.xFileSize = log_size;
		g->main = sqlite3_database_file_object(name);
		of(g->main)->log = f;
	} else if (flags & SQLITE_OPEN_MAIN_DB && g->own->iVersion >= 2) {
		g->instead.xShmLock = main_lock;
		g->instead.xShmBarrier = main_barrier;
	}
	f->pMethods = &g->instead;
	return SQLITE_OK;
}

int gather(const char *name) {
	own = sqlite3_vfs_find("unix");
	if (!own)
		return SQLITE_ERROR;
	gathering = *own;
	gathering.pNext = 0;
	gathering.zName = name;
	gathering.szOsFile = own->szOsFile + sizeof(gathered);
	gathering.xOpen = gather_open;
	return sqlite3_vfs_register(&gathering, 0);
}
