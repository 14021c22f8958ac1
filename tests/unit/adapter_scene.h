/* img and ncg with a small router between them. */
#ifndef TESTS_ADAPTER_SCENE_H
#define TESTS_ADAPTER_SCENE_H

#include "tests/unit/adapter_post.h"

#define IMG_SOURCE "urn:nld:oin:00000004164164164000:systeem:zaken"

struct scene {
    struct post post;
    struct party img, ncg;
};

static inline void scene_begin(struct scene *scene)
{
    post_init(&scene->post);
    party_init(&scene->img, &parties, IMG);
    party_init(&scene->ncg, &parties, NCG);
}

static inline void scene_end(struct scene *scene)
{
    party_free(&scene->img);
    party_free(&scene->ncg);
    post_free(&scene->post);
}

static inline void scene_meet(struct scene *scene, struct party *party)
{
    post_connect(&scene->post, party);
    post_run(&scene->post, party);
}

#endif
