/* Two copies of the library in one process, as when two plug-ins bring one each: they do not meet. */

#include "check.h"
#include "library.h"

static void both_run_at_once(const library *one, const library *two)
{
    use first = use_begin(one), second = use_begin(two);
    for (int i = 0; i < 100; i++) {
        use_pass(&first, "first");
        use_pass(&second, "second");
    }
    use_end(&first);
    use_pass(&second, "alone");
    use_end(&second);
}

static void errors_are_each_their_own(const library *one, const library *two)
{
    size_t length = 0;
    CHECK_INT(one->session_end(7), RM_ERR_BAD_HANDLE);
    CHECK_INT(one->last_error(NULL, 0, &length), RM_OK);
    CHECK(length > 0);
    CHECK_INT(two->last_error(NULL, 0, &length), RM_OK);
    CHECK_INT(length, 0);
}

/* The arguments are two names of the library's file, or rather of its copies. */
int main(int count, char **paths)
{
    CHECK_INT(count, 3);
    library one = library_open(paths[1]), two = library_open(paths[2]);
    CHECK(one.abi_version != two.abi_version);
    CHECK_INT(one.abi_version(), RM_ABI_VERSION);
    CHECK_INT(two.abi_version(), RM_ABI_VERSION);
    errors_are_each_their_own(&one, &two);
    both_run_at_once(&one, &two);
    puts("two copies");
    return 0;
}
