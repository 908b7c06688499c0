/* dlclose: the library stays, because its threads do. What a program has of it goes on working. */

#include <dlfcn.h>

#include "check.h"
#include "library.h"

static void it_stays_when_nothing_runs(const char *path)
{
    library before = library_open(path);
    use use = use_begin(&before);
    use_pass(&use, "x");
    use_end(&use);
    CHECK_INT(dlclose(before.handle), 0);
    CHECK(library_is_loaded(path));
    CHECK_INT(before.abi_version(), RM_ABI_VERSION);

    library after = library_open(path);
    CHECK(after.abi_version == before.abi_version);
    CHECK_INT(dlclose(after.handle), 0);
}

static void what_runs_goes_on(const char *path)
{
    library library = library_open(path);
    use use = use_begin(&library);
    use_pass(&use, "before");
    CHECK_INT(dlclose(library.handle), 0);
    CHECK(library_is_loaded(path));
    use_pass(&use, "after");
    use_end(&use);
}

static void it_is_no_harm_to_exit_then(const char *path)
{
    static library library; /* the node uses it until the process is gone */
    library = library_open(path);
    use use = use_begin(&library);
    use_pass(&use, "x");
    CHECK_INT(dlclose(library.handle), 0);
}

/* The argument is the library's file. */
int main(int count, char **paths)
{
    CHECK_INT(count, 2);
    CHECK(!library_is_loaded(paths[1]));
    it_stays_when_nothing_runs(paths[1]);
    what_runs_goes_on(paths[1]);
    it_is_no_harm_to_exit_then(paths[1]);
    puts("unloaded, and still there");
    return 0;
}
