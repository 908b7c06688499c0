/*
 * A header with a function that says nothing of itself. The reference must not come about.
 */

/**
 * Says what it is.
 */
int rm_documented(void);

int rm_undocumented(void);
