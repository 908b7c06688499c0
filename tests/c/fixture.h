/* What nearly every test needs: a runtime, a session, text in and out. All of it checked. */

#ifndef FIXTURE_H
#define FIXTURE_H

#include <pthread.h>
#include <remotemedia.h>

rm_runtime start(void);
void stop(rm_runtime runtime);

/* A packet of text, without a time. */
rm_packet text(const char *words);

rm_node make_node(const rm_node_callbacks *callbacks);
/* A node with nothing but this one callback. */
rm_node make_processor(rm_status (*process)(void *user_data, const rm_packet *packet), void *user_data);

/* A pipeline of the nodes in a row, named "a", "b" and so on. The nodes stay the caller's. */
rm_pipeline make_chain(rm_runtime runtime, const rm_node *nodes, size_t count);
/* A session of such a pipeline; null for how stands for the defaults. */
rm_session open_chain(rm_runtime runtime, const rm_node *nodes, size_t count, const rm_session_config *how);
rm_session open_node(rm_runtime runtime, rm_node node, const rm_session_config *how);
rm_session open_pipeline(rm_pipeline pipeline, const rm_session_config *how);
rm_session_config session_config(void);

void push_text(rm_session session, const char *words);
/* The next output is this text, or JSON. */
void expect_text(rm_session session, const char *words);
/* The next output is the failure of a node, with this message. */
void expect_failure(rm_session session, const char *message);
void expect_end(rm_session session);

/* Ends and frees a session, once everything it has left is as expected. */
void finish(rm_session session);

pthread_t start_thread(void *(*body)(void *), void *argument);
void join_thread(pthread_t thread);

#endif
