/* Stands between SQLite and the kernel: records writes and syncs of one database, lets them fail, or kills.
 *
 * SHIM_PATH   the database file; its -wal and -shm belong to it, and so does <database>.acks
 * SHIM_LOG    where writes and syncs are recorded, in the order in which they happened
 * SHIM_KILL   kill the process at its nth write or sync
 * SHIM_TORN   if set, the nth write writes half of its bytes first
 * SHIM_SWITCH a shared file of 8 bytes: the first says what fails now, the last four count what failed
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum { DATABASE = 0, WAL = 1, ACKS = 2, SHM = 3, OTHER = 4 };
static const useconds_t BEFORE_KILL = 20000; /* what was acknowledged too early gets out meanwhile */

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off64_t);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char database[4096];
static size_t database_length;
static int log_file = -1;
static long kill_at = 0, calls = 0;
static int torn = 0;
static volatile unsigned char *fault = NULL;

__attribute__((constructor)) static void begin(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    const char *path = getenv("SHIM_PATH");
    if (path != NULL) {
        snprintf(database, sizeof database, "%s", path);
        database_length = strlen(database);
    }
    if (getenv("SHIM_LOG") != NULL) log_file = open(getenv("SHIM_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (getenv("SHIM_KILL") != NULL) kill_at = atol(getenv("SHIM_KILL"));
    torn = getenv("SHIM_TORN") != NULL;
    if (getenv("SHIM_SWITCH") != NULL) {
        int file = open(getenv("SHIM_SWITCH"), O_RDWR | O_CLOEXEC);
        void *shared = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (shared != MAP_FAILED) fault = shared;
        close(file);
    }
}

static int kind_of(int file) {
    char link[64], path[4096];
    if (database_length == 0) return OTHER;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < (ssize_t)database_length || strncmp(path, database, database_length) != 0) return OTHER;
    path[length] = 0;
    const char *rest = path + database_length;
    if (*rest == 0) return DATABASE;
    if (strcmp(rest, "-wal") == 0) return WAL;
    if (strcmp(rest, ".acks") == 0) return ACKS;
    return strcmp(rest, "-shm") == 0 ? SHM : OTHER;
}

static void record(char what, int kind, uint64_t offset, const void *data, uint32_t length) {
    if (log_file < 0 || kind > ACKS) return;
    char head[14];
    head[0] = what;
    head[1] = (char)kind;
    memcpy(head + 2, &offset, 8);
    memcpy(head + 10, &length, 4);
    if (real_write(log_file, head, sizeof head) != sizeof head) abort();
    if (length > 0 && real_write(log_file, data, length) != (ssize_t)length) abort();
}

static int fails(int kind, int is_sync) {
    if (fault == NULL || kind == ACKS || kind == OTHER) return 0;
    int error = 0;
    if (fault[0] == 'F' && is_sync) error = EIO;
    if (fault[0] == 'S' && !is_sync) error = ENOSPC;
    if (fault[0] == 'R' && !is_sync) error = EROFS;
    if (error != 0) (*(volatile uint32_t *)(fault + 4))++;
    return error;
}

/* Counts a write or sync of the database or its WAL; the nth is the last thing that the process does. */
static void count(int kind, int file, const void *data, size_t length, off64_t offset, int is_write) {
    if (kill_at == 0 || kind > WAL || ++calls != kill_at) return;
    usleep(BEFORE_KILL);
    if (torn && is_write) real_pwrite(file, data, length / 2, offset);
    kill(getpid(), SIGKILL);
    pause();
}

static ssize_t written(int file, const void *data, size_t length, off64_t offset, int at) {
    int kind = kind_of(file);
    if (kind == OTHER) return at ? real_pwrite(file, data, length, offset) : real_write(file, data, length);
    pthread_mutex_lock(&lock);
    ssize_t done = -1;
    int error = fails(kind, 0);
    if (error == 0) {
        if (!at && kind != ACKS) offset = lseek(file, 0, SEEK_CUR);
        count(kind, file, data, length, offset, 1);
        record('W', kind, (uint64_t)offset, data, (uint32_t)length);
        done = at ? real_pwrite(file, data, length, offset) : real_write(file, data, length);
        error = errno;
    }
    pthread_mutex_unlock(&lock);
    if (done < 0) errno = error;
    return done;
}

ssize_t write(int file, const void *data, size_t length) { return written(file, data, length, 0, 0); }
ssize_t pwrite(int file, const void *data, size_t length, off_t offset) { return written(file, data, length, offset, 1); }
ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) {
    return written(file, data, length, offset, 1);
}

static int synced(int file, int (*real)(int)) {
    int kind = kind_of(file);
    if (kind == OTHER) return real(file);
    pthread_mutex_lock(&lock);
    int done = -1, error = fails(kind, 1);
    if (error == 0) {
        count(kind, file, NULL, 0, 0, 0);
        done = real(file);
        error = errno;
        if (done == 0) record('S', kind, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    if (done < 0) errno = error;
    return done;
}

int fsync(int file) { return synced(file, real_fsync); }
int fdatasync(int file) { return synced(file, real_fdatasync); }

static int truncated(int file, off64_t length) {
    int kind = kind_of(file);
    if (kind == OTHER) return real_ftruncate(file, length);
    pthread_mutex_lock(&lock);
    int done = -1, error = fails(kind, 0);
    if (error == 0) {
        record('T', kind, (uint64_t)length, NULL, 0);
        done = real_ftruncate(file, length);
        error = errno;
    }
    pthread_mutex_unlock(&lock);
    if (done < 0) errno = error;
    return done;
}

int ftruncate(int file, off_t length) { return truncated(file, length); }
int ftruncate64(int file, off64_t length) { return truncated(file, length); }
