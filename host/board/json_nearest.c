/* "Did you mean ...?": edit distance between short names. */
#include "host/board/json.h"

#include <ctype.h>
#include <string.h>

enum { MAX_LENGTH = 40 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* The next row of the table of distances, for one more character of the other text. */
static void advance_row(size_t *row, char next, const char *b, size_t columns)
{
    size_t corner = row[0];

    row[0]++;
    for (size_t k = 0; k < columns; k++) {
        size_t above = row[k + 1];
        bool equal = (tolower)((unsigned char)next) == (tolower)((unsigned char)b[k]);

        row[k + 1] = smallest(above + 1, row[k] + 1, corner + (equal ? 0 : 1));
        corner = above;
    }
}

/* Levenshtein distance, case ignored. */
static size_t distance(const char *a, const char *b)
{
    size_t row[MAX_LENGTH + 1];
    size_t columns = strlen(b);

    for (size_t k = 0; k <= columns; k++) {
        row[k] = k;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        advance_row(row, a[i], b, columns);
    }
    return row[columns];
}

const char *json_nearest(const char *text, const char *const *names)
{
    const char *nearest = NULL;
    size_t length = strlen(text);
    size_t best = length < 4 ? 2 : length / 3 + 2; /* only less than this counts as near */

    for (size_t i = 0; length <= MAX_LENGTH && names[i] != NULL; i++) {
        size_t found = strlen(names[i]) <= MAX_LENGTH ? distance(text, names[i]) : best;

        if (found < best) {
            best = found;
            nearest = names[i];
        }
    }
    return nearest;
}
