#include "host/board/files.h"

#include "host/base/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy_text(const char *text, size_t length)
{
    char *copy = malloc(length + 1);

    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

char *files_share_directory(void)
{
    static const char below[] = "/../share/xflash/boards";
    char *folder = os_executable_directory();
    size_t capacity = folder == NULL ? 0 : strlen(folder) + sizeof below;
    char *path = folder == NULL ? NULL : malloc(capacity);

    if (path != NULL) {
        (void)snprintf(path, capacity, "%s%s", folder, below);
    }
    free(folder);
    return path;
}

char *files_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        return copy_text(".", 1);
    }
    return copy_text(path, slash == path ? 1 : (size_t)(slash - path));
}

char *files_join(const char *folder, const char *kind, const char *name)
{
    size_t capacity =
        strlen(folder) + strlen(name) + sizeof "//.json" + (kind != NULL ? strlen(kind) : 0);
    char *path = malloc(capacity);

    if (path != NULL) {
        (void)snprintf(path, capacity, "%s/%s%s%s.json", folder, kind != NULL ? kind : "",
            kind != NULL ? "/" : "", name);
    }
    return path;
}

/* A name becomes part of a path: letters, digits, '-', '_', '.' and '+' only, no dot in front. */
static bool is_plain_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+";

    return name[0] != '\0' && name[0] != '.' && name[strspn(name, allowed)] == '\0';
}

static char *find_in(const char *folder, const char *kind, const char *name)
{
    char *path = folder == NULL ? NULL : files_join(folder, kind, name);

    if (path != NULL && !os_file_exists(path)) {
        free(path);
        path = NULL;
    }
    return path;
}

char *files_find(const char *beside, const char *kind, const char *name)
{
    char *share = NULL;
    char *path = NULL;

    if (!is_plain_name(name)) {
        return NULL;
    }
    path = find_in(beside, kind, name);
    if (path == NULL) {
        share = files_share_directory();
        path = find_in(share, kind, name);
        free(share);
    }
    return path;
}

/* Keeps the names that end in ".json", without it. */
static void strip_names(char **names, size_t *count)
{
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        size_t length = strlen(names[i]);

        if (length > 5 && strcmp(names[i] + length - 5, ".json") == 0) {
            names[i][length - 5] = '\0';
            names[kept++] = names[i];
        } else {
            free(names[i]);
        }
    }
    for (size_t i = kept; i < *count; i++) {
        names[i] = NULL;
    }
    *count = kept;
}

char **files_names(const char *kind)
{
    char *share = files_share_directory();
    size_t capacity = share == NULL ? 0 : strlen(share) + 2 + (kind != NULL ? strlen(kind) : 0);
    char *folder = share == NULL ? NULL : malloc(capacity);
    char **found = NULL;
    char **names = NULL;
    size_t count = 0;
    struct error err = {0};

    if (folder != NULL) {
        (void)snprintf(folder, capacity, "%s/%s", share, kind != NULL ? kind : "");
        if (os_list_directory(folder, &found, &count, &err)) {
            strip_names(found, &count);
        }
    }
    names = calloc(count + 1, sizeof(char *));
    if (names != NULL && count > 0) {
        memcpy(names, found, count * sizeof(char *));
    }
    free(found);
    free(folder);
    free(share);
    return names;
}

void files_free_names(char **names)
{
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        free(names[i]);
    }
    free(names);
}
