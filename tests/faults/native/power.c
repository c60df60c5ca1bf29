/* What of an SQLite database a power cut would leave: after each fsync the file is copied to FILE.synced.

Only *.db and the *.db-wal and *.db-journal beside it. A file that is deleted takes its copy with it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static int is_database(const char *path)
{
    return ends_with(path, ".db") || ends_with(path, ".db-wal") || ends_with(path, ".db-journal");
}

static void copy_aside(int fd)
{
    char link[64], path[PATH_MAX], made[PATH_MAX + 32], aside[PATH_MAX + 32], part[65536];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return;
    path[n] = 0;
    if (!is_database(path))
        return;
    snprintf(aside, sizeof aside, "%s.synced", path);
    snprintf(made, sizeof made, "%s.%d.part", path, (int)getpid());
    int to = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0)
        return;
    off_t at = 0;
    while ((n = pread(fd, part, sizeof part, at)) > 0) {
        if (write(to, part, n) != n)
            break;
        at += n;
    }
    close(to);
    rename(made, aside);
}

static int synced(int fd, const char *name)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int code = real(fd);
    if (code == 0)
        copy_aside(fd);
    return code;
}

int fsync(int fd) { return synced(fd, "fsync"); }

int fdatasync(int fd) { return synced(fd, "fdatasync"); }

int unlink(const char *path)
{
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    int code = real(path);
    if (code == 0 && is_database(path)) {
        char aside[PATH_MAX + 32];
        snprintf(aside, sizeof aside, "%s.synced", path);
        real(aside);
    }
    return code;
}
