#include "router/admission.h"

#include <string.h>

enum { VERSION, REQUEST, DOMAIN, ADDRESS, IDENTITY, MECHANISM, CREDENTIALS };

static const char *refusal(const struct sl_directory *directory, int64_t now,
                           const struct sl_bytes *frames, size_t count)
{
    if (count != ADMISSION_FRAMES || !sl_bytes_is(frames[VERSION], "1.0"))
        return "no request of this protocol";
    if (!sl_bytes_is(frames[DOMAIN], ADMISSION_DOMAIN))
        return "another domain";
    if (!sl_bytes_is(frames[MECHANISM], "CURVE") || frames[CREDENTIALS].size != SL_KEY_SIZE)
        return "CURVE is wanted";
    if (sl_directory_by_curve(directory, frames[CREDENTIALS].data, now) < 0)
        return "nobody's key";
    return NULL;
}

void admission_decide(const struct sl_directory *directory, int64_t now,
                      const struct sl_bytes *frames, size_t count, struct admission *out)
{
    const char *refused = refusal(directory, now, frames, count);
    *out = (struct admission){.status = refused == NULL ? "200" : "400",
                              .text = refused == NULL ? "OK" : refused};
    if (refused == NULL)
        sl_hex(out->user, frames[CREDENTIALS].data, SL_KEY_SIZE);
}

int admission_participant(const struct sl_directory *directory, int64_t now, const char *user)
{
    uint8_t key[SL_KEY_SIZE];
    if (user == NULL || sl_unhex(key, sizeof key, sl_text(user)) < 0)
        return -1;
    return sl_directory_by_curve(directory, key, now);
}
