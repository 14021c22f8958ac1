#include "router/tool/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "router/control.h"

enum { ANSWER_MAX = 16 * 1024 * 1024 };

/* ---------------------------------------------------------------- a question */

static int fail(struct sl_error *error, const char *path)
{
    if (zmq_errno() == EAGAIN)
        return sl_fail(error, SL_IO, "%s: the router does not answer: does it run?", path);
    return sl_fail(error, SL_IO, "%s: %s", path, zmq_strerror(zmq_errno()));
}

static int connect_to(void *socket, const char *path, int seconds, struct sl_error *error)
{
    int wait = seconds * 1000;
    int linger = 0;
    int64_t most = ANSWER_MAX;
    char address[512];
    int size = snprintf(address, sizeof address, "ipc://%s", path);
    if (size < 0 || (size_t)size >= sizeof address)
        return sl_fail(error, SL_CONFIGURATION, "%s: the path is too long", path);
    if (access(path, R_OK | W_OK) < 0) /* libzmq alone would try for ever */
        return sl_fail(error, SL_IO,
                       "%s: %s; wants the socket of a running router, the setting control in its "
                       "router.cfg: --control PATH",
                       path, strerror(errno));
    if (zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait, sizeof wait) < 0 ||
        zmq_setsockopt(socket, ZMQ_SNDTIMEO, &wait, sizeof wait) < 0 ||
        zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) < 0 ||
        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most) < 0 ||
        zmq_connect(socket, address) < 0)
        return fail(error, path);
    return 0;
}

static json_t *exchange(void *socket, const char *path, const char *question,
                        struct sl_error *error)
{
    json_t *answer = NULL;
    zmq_msg_t message;
    if (zmq_send(socket, question, strlen(question), 0) < 0) {
        (void)fail(error, path);
        return NULL;
    }
    (void)zmq_msg_init(&message);
    if (zmq_msg_recv(&message, socket, 0) < 0)
        (void)fail(error, path);
    else
        answer = json_loadb(zmq_msg_data(&message), zmq_msg_size(&message), 0, NULL);
    (void)zmq_msg_close(&message);
    if (answer == NULL && error->code == SL_OK)
        (void)sl_fail(error, SL_PROTOCOL, "%s: the answer is no JSON", path);
    return answer;
}

json_t *ask_router(const char *path, json_t *question, int seconds, struct sl_error *error)
{
    char *text = json_dumps(question, JSON_COMPACT);
    void *zmq = zmq_ctx_new();
    void *socket = zmq == NULL ? NULL : zmq_socket(zmq, ZMQ_REQ);
    json_t *answer = NULL;
    if (socket == NULL || text == NULL)
        (void)sl_fail(error, SL_IO, "sockets: %s", zmq_strerror(zmq_errno()));
    else if (connect_to(socket, path, seconds, error) == 0)
        answer = exchange(socket, path, text, error);
    if (socket != NULL)
        (void)zmq_close(socket);
    if (zmq != NULL)
        (void)zmq_ctx_term(zmq);
    free(text);
    json_decref(question);
    const json_t *refused = json_object_get(answer, "refused");
    const char *sentence = json_string_value(json_object_get(refused, "sentence"));
    if (sentence == NULL)
        return answer;
    (void)sl_fail(error, SL_CONFIGURATION, "%s", sentence);
    json_decref(answer);
    return NULL;
}

/* ---------------------------------------------------------------- a table */

void ask_cell(struct ask_table *table, const char *text)
{
    table->cells = sl_grow(table->cells, &table->capacity, table->count + 1, sizeof(char *));
    table->cells[table->count] = strdup(text != NULL ? text : "");
    if (table->cells[table->count++] == NULL)
        abort();
    for (char *at = table->cells[table->count - 1]; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?'; /* must not steer a terminal */
    }
}

void ask_value(struct ask_table *table, const json_t *value)
{
    char number[32];
    if (!json_is_integer(value)) {
        ask_cell(table, json_string_value(value));
        return;
    }
    (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
    ask_cell(table, number);
}

static void add_blanks(struct sl_buffer *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sl_buffer_add(out, " ", 1);
}

void ask_print(struct sl_buffer *out, struct ask_table *table)
{
    size_t *widths = sl_new(table->columns, sizeof *widths);
    for (size_t i = 0; i < table->count; i++) {
        size_t size = strlen(table->cells[i]);
        size_t *width = &widths[i % table->columns];
        *width = size > *width ? size : *width;
    }
    size_t blanks = 0; /* that are written only when something follows */
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        size_t size = strlen(table->cells[i]);
        if (size > 0) {
            add_blanks(out, blanks);
            sl_buffer_add(out, table->cells[i], size);
            blanks = 0;
        }
        blanks += widths[column] - size + 2;
        if (column == table->columns - 1) {
            sl_buffer_add(out, "\n", 1);
            blanks = 0;
        }
    }
    free(widths);
    ask_free(table);
}

void ask_free(struct ask_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct ask_table){.columns = table->columns};
}
