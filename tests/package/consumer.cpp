// The same in C++: the header and its macros are the same there.
#include "consumer.c"
