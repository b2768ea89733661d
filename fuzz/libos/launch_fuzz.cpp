// Any bytes as what the host says about a start: each text and the plans lie inside them.
#include <vector>

#include "runtime/trusted/libos/start/launch.h"

namespace scone::libos {

// Named by the files under test, not reached from here.
bool parse_log_level(std::string_view, Level&) {
    return false;
}

namespace {

bool inside(const std::vector<uint8_t>& bytes, const void* data, size_t size) {
    auto begin = reinterpret_cast<uintptr_t>(bytes.data()), at = reinterpret_cast<uintptr_t>(data);
    return at >= begin && size <= bytes.size() && at - begin <= bytes.size() - size;
}

}  // namespace
}  // namespace scone::libos

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone::libos;
    const std::vector<uint8_t> bytes(data, data + size);
    Launch launch;
    if (!launch.parse(bytes))
        return 0;
    for (std::string_view text : {launch.program_path, launch.working_directory})
        if (!inside(bytes, text.data(), text.size()))
            __builtin_trap();
    if (!launch.plans.empty() && !inside(bytes, launch.plans.data(), launch.plans.size()))
        __builtin_trap();
    std::string_view level = launch.environment_value("SCONE_LOG");
    if (!level.empty() && !inside(bytes, level.data(), level.size()))
        __builtin_trap();
    StringList arguments, environment;
    if (launch.collect(arguments, environment)) {
        size_t seen = 0;
        arguments.for_each([&](std::string_view) { ++seen; });
        environment.for_each([&](std::string_view) { ++seen; });
        if (seen != arguments.count() + environment.count())
            __builtin_trap();
    }
    return 0;
}
