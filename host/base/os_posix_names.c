/* Names, folders, and where things of this user belong. */
/* NOLINTBEGIN(readability-identifier-naming): names of the C library */
#define _DEFAULT_SOURCE 1
#define _XOPEN_SOURCE   700
/* NOLINTEND(readability-identifier-naming) */

#include "host/base/os.h"
#include "host/base/os_posix.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool os_file_exists(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

bool os_is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool os_make_directories(const char *path, struct error *err)
{
    char *partial = strdup(path);
    char *slash = partial;
    bool ok = partial != NULL;

    while (ok && slash != NULL) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        ok = mkdir(partial, 0700) == 0 || (errno == EEXIST && os_is_directory(partial));
        if (!ok) {
            (void)error_set(err, ERROR_HOST_IO, "the folder %s cannot be made: %s", partial,
                errno == EEXIST ? "a file has that name" : os_error_text());
        }
        if (slash != NULL) {
            *slash = '/';
        }
    }
    if (partial == NULL) {
        (void)error_set(err, ERROR_HOST_IO, "no memory to make %s", path);
    }
    free(partial);
    return ok;
}

bool os_remove_file(const char *path)
{
    if (unlink(path) != 0) {
        return errno == ENOENT || errno == ENOTDIR;
    }
    return os_posix_sync_folder_of(path);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Adds a copy of name; false when memory is short. */
static bool append_name(char ***names, size_t *count, const char *name)
{
    char **grown = realloc(*names, (*count + 1) * sizeof *grown);

    if (grown == NULL) {
        return false;
    }
    *names = grown;
    grown[*count] = strdup(name);
    if (grown[*count] == NULL) {
        return false;
    }
    (*count)++;
    return true;
}

bool os_list_directory(const char *path, char ***names, size_t *count, struct error *err)
{
    DIR *folder = opendir(path);
    const struct dirent *entry = NULL;
    bool ok = true;

    *names = NULL;
    *count = 0;
    if (folder == NULL) {
        return errno == ENOENT || error_set(err, ERROR_HOST_IO, "%s: %s", path, os_error_text());
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this folder stream */
    while (ok && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            ok = append_name(names, count, entry->d_name);
        }
    }
    (void)closedir(folder);
    if (!ok) {
        os_free_names(*names, *count);
        *names = NULL;
        *count = 0;
        return error_set(err, ERROR_HOST_IO, "no memory to list %s", path);
    }
    if (*count > 1) {
        qsort(*names, *count, sizeof **names, compare_names);
    }
    return true;
}

void os_free_names(char **names, size_t count)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
}

char *os_real_path(const char *path)
{
    return realpath(path, NULL);
}

char *os_current_directory(void)
{
    char buffer[PATH_MAX];

    return getcwd(buffer, sizeof buffer) == NULL ? NULL : strdup(buffer);
}

char *os_executable_directory(void)
{
    char buffer[PATH_MAX];
    ssize_t count = readlink("/proc/self/exe", buffer, sizeof buffer - 1);

    if (count <= 0) {
        return NULL;
    }
    buffer[count] = '\0';
    return os_posix_folder_of(buffer);
}

/* The XDG rule: only absolute paths count. */
static const char *absolute_setting(const char *name)
{
    const char *value = os_environment(name);

    return value != NULL && value[0] == '/' ? value : NULL;
}

static char *home_directory(void)
{
    const char *home = absolute_setting("HOME");
    struct passwd *entry = NULL;
    struct passwd storage;
    char names[4096];

    if (home == NULL && getpwuid_r(getuid(), &storage, names, sizeof names, &entry) == 0 &&
        entry != NULL) {
        home = entry->pw_dir;
    }
    return strdup(home != NULL ? home : "/");
}

static char *user_directory(const char *setting, const char *below_home)
{
    const char *base = absolute_setting(setting);
    char *home = NULL;
    char *result = NULL;

    if (base != NULL) {
        return os_posix_join(base, "/xflash");
    }
    home = home_directory();
    if (home != NULL) {
        result = os_posix_join(home, below_home);
    }
    free(home);
    return result;
}

char *os_state_directory(void)
{
    return user_directory("XDG_STATE_HOME", "/.local/state/xflash");
}

char *os_config_directory(void)
{
    return user_directory("XDG_CONFIG_HOME", "/.config/xflash");
}

char *os_runtime_directory(void)
{
    const char *base = absolute_setting("XDG_RUNTIME_DIR");
    char text[64];

    if (base != NULL) {
        return os_posix_join(base, "/xflash");
    }
    (void)snprintf(text, sizeof text, "/run/user/%u", (unsigned)getuid());
    if (access(text, W_OK | X_OK) == 0) {
        return os_posix_join(text, "/xflash");
    }
    (void)snprintf(text, sizeof text, "/tmp/xflash-%u", (unsigned)getuid());
    return strdup(text);
}
