// An image's USER, /etc/passwd and /etc/group, with form feeds between them: there is
// always a home folder, and there are no more groups than the file has.
#include "tools/scone/image_user.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string parts[3];
    size_t part = 0;
    for (const char* next = reinterpret_cast<const char*>(data); size > 0; ++next, --size) {
        if (*next == '\f' && part < 2)
            ++part;
        else
            parts[part] += *next;
    }
    const auto user = scone::tools::find_image_user(parts[0], parts[1], parts[2]);
    if (!user)
        return 0;
    if (user->home.empty() || user->more_gids.size() > parts[2].size())
        __builtin_trap();
    // Without the files nothing but the numbers is known.
    if (const auto bare = scone::tools::find_image_user(parts[0], "", ""))
        if (bare->home != "/" || !bare->more_gids.empty())
            __builtin_trap();
    return 0;
}
