/* Connections as ZeroMQ knows them: by routing id and key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "router/peers.h"

static void the_same_id_and_key_is_the_same_peer(void **state)
{
    struct peers peers = {0};
    uint64_t gone = 7;
    (void)state;
    uint64_t first = peers_meet(&peers, sl_text("a"), "img", &gone)->connection;
    uint64_t second = peers_meet(&peers, sl_text("ab"), "img", &gone)->connection;
    assert_int_not_equal(first, second);
    assert_int_equal(peers_meet(&peers, sl_text("a"), "img", &gone)->connection, first);
    assert_int_equal(gone, 0);
    assert_int_equal(peers.count, 2);
    assert_string_equal(peers_find(&peers, second)->user, "img");
    peers_free(&peers);
}

static void an_id_with_another_key_is_another_connection(void **state)
{
    struct peers peers = {0};
    uint64_t gone = 0;
    (void)state;
    uint64_t first = peers_meet(&peers, sl_text("a"), "img", &gone)->connection;
    uint64_t other = peers_meet(&peers, sl_text("b"), "gm0014", &gone)->connection;
    uint64_t second = peers_meet(&peers, sl_text("a"), "ncg", &gone)->connection;
    assert_int_equal(gone, first);
    assert_null(peers_find(&peers, first));
    assert_string_equal(peers_find(&peers, second)->user, "ncg");
    assert_string_equal(peers_find(&peers, other)->user, "gm0014");
    peers_free(&peers);
}

static void a_number_is_never_used_twice(void **state)
{
    struct peers peers = {0};
    uint64_t last = 0;
    uint64_t gone = 0;
    (void)state;
    for (int i = 0; i < 100; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "peer %d", i % 7);
        struct peer *peer = peers_meet(&peers, sl_text(id), "img", &gone);
        assert_true(peer->connection > last);
        last = peer->connection;
        peers_forget(&peers, peer);
        assert_null(peers_find(&peers, last));
    }
    assert_int_equal(peers.count, 0);
    peers_free(&peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_id_and_key_is_the_same_peer),
        cmocka_unit_test(an_id_with_another_key_is_another_connection),
        cmocka_unit_test(a_number_is_never_used_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
