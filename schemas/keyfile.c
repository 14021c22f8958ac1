#include "schemas/keyfile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "schemas/file.h"

enum { TEXT_SIZE = 2 * SL_KEY_SIZE + 1 };

int sl_keyfile_read(uint8_t key[SL_KEY_SIZE], const char *path, struct sl_error *error)
{
    struct sl_buffer text = {0};
    int result = sl_file_read(&text, path, TEXT_SIZE, error);
    if (result < 0) {
        error->code = SL_CONFIGURATION;
    } else if (text.size != TEXT_SIZE || text.data[TEXT_SIZE - 1] != '\n' ||
               sl_unhex(key, SL_KEY_SIZE, sl_bytes(text.data, TEXT_SIZE - 1)) < 0) {
        result = sl_fail(error, SL_CONFIGURATION,
                         "%s: wants 64 lower-case hexadecimal digits and a line feed", path);
    }
    if (text.data != NULL)
        sl_forget(text.data, text.size);
    sl_buffer_free(&text);
    return result;
}

int sl_keyfile_read_secret(uint8_t key[SL_KEY_SIZE], const char *path, struct sl_error *error)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return sl_fail(error, SL_CONFIGURATION, "%s: %s", path, strerror(errno));
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return sl_fail(error, SL_CONFIGURATION,
                       "%s: others than its owner may use this key (chmod 600)", path);
    return sl_keyfile_read(key, path, error);
}

static int write_key(const char *path, const uint8_t key[SL_KEY_SIZE], unsigned mode,
                     struct sl_error *error)
{
    char text[TEXT_SIZE + 1];
    sl_hex(text, key, SL_KEY_SIZE);
    text[TEXT_SIZE - 1] = '\n';
    int result = sl_file_write(path, sl_bytes(text, TEXT_SIZE), mode, error);
    sl_forget(text, sizeof text);
    return result;
}

int sl_keyfile_write(const char *path, const uint8_t key[SL_KEY_SIZE], struct sl_error *error)
{
    return write_key(path, key, 0644, error);
}

int sl_keyfile_write_secret(const char *path, const uint8_t key[SL_KEY_SIZE],
                            struct sl_error *error)
{
    return write_key(path, key, 0600, error);
}
