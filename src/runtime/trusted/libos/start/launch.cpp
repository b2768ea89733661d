#include "runtime/trusted/libos/start/launch.h"

#include "lib/base/checked.h"
#include "runtime/boundary/wire/host_window.h"

namespace scone::libos {
namespace {

// The NUL-terminated text at `offset`; nullopt when it does not end inside `strings`.
bool text_at(std::string_view strings, uint64_t offset, std::string_view& out) {
    if (offset >= strings.size())
        return false;
    uint64_t end = offset;
    while (end < strings.size() && strings[end] != 0)
        end++;
    if (end == strings.size())
        return false;
    out = {strings.data() + offset, end - offset};
    return true;
}

}  // namespace

bool Launch::parse(std::span<const uint8_t> bytes) {
    boundary::LaunchInfo info;
    if (bytes.size() < sizeof info)
        return false;
    __builtin_memcpy(&info, bytes.data(), sizeof info);
    if (!base::range_fits(info.string_offset, info.string_size, bytes.size()) ||
        !base::range_fits(info.plan_offset, info.plan_size, bytes.size()))
        return false;
    strings_ = {reinterpret_cast<const char*>(bytes.data()) + info.string_offset, info.string_size};
    argument_count_ = info.argument_count;
    environment_count_ = info.environment_count;
    plans = bytes.subspan(info.plan_offset, info.plan_size);
    // Offsets count from the header; what lies before the strings wraps to a value that is refused.
    if (!text_at(strings_, info.program_path_offset - info.string_offset, program_path) ||
        !text_at(strings_, info.working_directory_offset - info.string_offset, working_directory) ||
        working_directory.empty() || working_directory[0] != '/')
        return false;
    constexpr uint64_t kMaximumPid = 1 << 22;
    if (info.host_pid == 0 || info.host_pid > kMaximumPid || info.host_parent_pid > kMaximumPid)
        return false;
    pid = static_cast<int32_t>(info.host_pid);
    parent_pid = static_cast<int32_t>(info.host_parent_pid);
    credentials = {info.user_id,  info.effective_user_id,  info.effective_user_id,
                   info.group_id, info.effective_group_id, info.effective_group_id};
    ignored_signals = info.ignored_signals;
    blocked_signals = info.blocked_signals;
    std::string_view level = environment_value("SCONE_LOG");
    if (!level.empty())
        (void)parse_log_level(level, log_level);
    return true;
}

Result<void> Launch::collect(StringList& arguments, StringList& environment) const {
    uint64_t at = 0;
    for (uint64_t i = 0; i < uint64_t{argument_count_} + environment_count_; i++) {
        std::string_view text;
        if (!text_at(strings_, at, text))
            return error(linux_abi::kEINVAL);
        SCONE_TRY((i < argument_count_ ? arguments : environment).add(text));
        at += text.size() + 1;
    }
    return {};
}

std::string_view Launch::environment_value(std::string_view name) const {
    uint64_t at = 0;
    for (uint64_t i = 0; i < uint64_t{argument_count_} + environment_count_; i++) {
        std::string_view text;
        if (!text_at(strings_, at, text))
            return {};
        if (i >= argument_count_ && text.size() > name.size() && text[name.size()] == '=' &&
            __builtin_memcmp(text.data(), name.data(), name.size()) == 0)
            return {text.data() + name.size() + 1, text.size() - name.size() - 1};
        at += text.size() + 1;
    }
    return {};
}

}  // namespace scone::libos
