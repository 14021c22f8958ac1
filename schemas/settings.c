#include "schemas/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/file.h"

enum { FILE_MAX_BYTES = 1024 * 1024 };

void sl_settings_problem(const struct sl_settings *settings, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sl_buffer_printf(settings->problems, "%s: %s\n", settings->file, text);
}

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *all = sl_new(size, 1);
    memcpy(all, text, size);
    return all;
}

char *sl_settings_path(const struct sl_settings *settings, const char *path)
{
    const char *slash = strrchr(settings->file, '/');
    if (path[0] == '/' || path[0] == '\0' || slash == NULL)
        return copy(path);
    struct sl_buffer all = {0};
    sl_buffer_printf(&all, "%.*s/%s", (int)(slash - settings->file), settings->file, path);
    sl_buffer_add(&all, "", 1);
    return (char *)all.data;
}

static void *member(const struct sl_settings *settings, const struct sl_setting *setting)
{
    return (uint8_t *)settings->out + setting->offset;
}

static void take_size(const struct sl_settings *settings, const struct sl_setting *setting,
                      const char *value)
{
    char *end = NULL;
    errno = 0;
    unsigned long long size = strtoull(value, &end, 10);
    if (errno != 0 || value[0] == '-' || end == value || *end != '\0' || size < setting->min ||
        size > setting->max || size % setting->multiple != 0) {
        if (setting->multiple == 1)
            sl_settings_problem(settings, "%s: wants a number from %" PRIu64 " to %" PRIu64,
                                setting->name, setting->min, setting->max);
        else
            sl_settings_problem(
                settings, "%s: wants bytes from %" PRIu64 " to %" PRIu64 ", a multiple of %" PRIu64,
                setting->name, setting->min, setting->max, setting->multiple);
    } else
        *(uint64_t *)member(settings, setting) = size;
}

static void take(const struct sl_settings *settings, zconfig_t *root)
{
    for (size_t i = 0; i < settings->count; i++) {
        const struct sl_setting *setting = &settings->table[i];
        const char *value = root == NULL ? setting->otherwise
                                         : zconfig_get(root, setting->name, setting->otherwise);
        if (root != NULL && setting->required && value[0] == '\0')
            sl_settings_problem(settings, "%s: is missing: %s", setting->name, setting->meaning);
        if (setting->kind == SL_SETTING_SIZE)
            take_size(settings, setting, value);
        else
            *(char **)member(settings, setting) = setting->kind == SL_SETTING_PATH
                                                      ? sl_settings_path(settings, value)
                                                      : copy(value);
    }
}

static bool is_known(const struct sl_settings *settings, const char *name, bool *section)
{
    for (const char *const *at = settings->sections; *at != NULL; at += 2) {
        *section = strcmp(*at, name) == 0;
        if (*section)
            return true;
    }
    for (size_t i = 0; i < settings->count; i++) {
        if (strcmp(settings->table[i].name, name) == 0)
            return true;
    }
    return false;
}

static void check_names(const struct sl_settings *settings, zconfig_t *root)
{
    for (zconfig_t *one = zconfig_child(root); one != NULL; one = zconfig_next(one)) {
        bool section = false;
        if (!is_known(settings, zconfig_name(one), &section))
            sl_settings_problem(settings, "%s: there is no such setting", zconfig_name(one));
        else if (!section && zconfig_child(one) != NULL)
            sl_settings_problem(settings, "%s: has nothing below it", zconfig_name(one));
        for (zconfig_t *other = zconfig_next(one); other != NULL; other = zconfig_next(other)) {
            if (strcmp(zconfig_name(one), zconfig_name(other)) == 0)
                sl_settings_problem(settings, "%s: given twice", zconfig_name(one));
        }
    }
}

zconfig_t *sl_settings_read(const struct sl_settings *settings)
{
    struct sl_buffer text = {0};
    struct sl_error error = {0};
    zconfig_t *root = NULL;
    if (sl_file_read(&text, settings->file, FILE_MAX_BYTES, &error) < 0) {
        sl_buffer_printf(settings->problems, "%s\n", error.text);
    } else {
        sl_buffer_add(&text, "", 1);
        root = zconfig_str_load((const char *)text.data);
        if (root == NULL)
            sl_settings_problem(settings, "is no ZPL: names, an equals sign, values, four spaces "
                                          "to each level");
    }
    if (root != NULL)
        check_names(settings, root);
    take(settings, root);
    sl_buffer_free(&text);
    return root;
}

void sl_settings_free(const struct sl_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        if (settings->table[i].kind != SL_SETTING_SIZE)
            free(*(char **)member(settings, &settings->table[i]));
    }
}

void sl_settings_print(const struct sl_settings *settings, struct sl_buffer *out)
{
    for (size_t i = 0; i < settings->count; i++) {
        const struct sl_setting *setting = &settings->table[i];
        if (setting->kind == SL_SETTING_SIZE)
            sl_buffer_printf(out, "%s = %" PRIu64 "\n", setting->name,
                             *(const uint64_t *)member(settings, setting));
        else
            sl_buffer_printf(out, "%s = \"%s\"\n", setting->name,
                             *(char *const *)member(settings, setting));
    }
}

void sl_settings_help(const struct sl_settings *settings, struct sl_buffer *out)
{
    for (size_t i = 0; i < settings->count; i++) {
        const struct sl_setting *setting = &settings->table[i];
        const char *otherwise = setting->required               ? "must be given"
                                : setting->otherwise[0] == '\0' ? "none"
                                                                : setting->otherwise;
        sl_buffer_printf(out, "  %-16s %s (%s)\n", setting->name, setting->meaning, otherwise);
    }
    for (const char *const *at = settings->sections; *at != NULL; at += 2)
        sl_buffer_printf(out, "  %-16s %s\n", at[0], at[1]);
}
