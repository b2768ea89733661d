#include "tools/scone/image_user.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "lib/base/result.h"

namespace scone::tools {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    while (true) {
        const size_t end = text.find(separator);
        out.push_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return out;
        text.remove_prefix(end + 1);
    }
}

std::optional<uint32_t> number(std::string_view text) {
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

struct PasswdLine {
    std::string_view name;
    uint32_t uid = 0, gid = 0;
    std::string_view home;
};
struct GroupLine {
    std::string_view name;
    uint32_t gid = 0;
    std::vector<std::string_view> members;
};

// Lines that are not of the form are passed over, as the C library does.
std::vector<PasswdLine> passwd_lines(std::string_view text) {
    std::vector<PasswdLine> out;
    for (const std::string_view line : split(text, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() < 7)
            continue;
        const auto uid = number(fields[2]), gid = number(fields[3]);
        if (uid && gid)
            out.push_back({fields[0], *uid, *gid, fields[5]});
    }
    return out;
}
std::vector<GroupLine> group_lines(std::string_view text) {
    std::vector<GroupLine> out;
    for (const std::string_view line : split(text, '\n')) {
        const auto fields = split(line, ':');
        const auto gid = fields.size() < 4 ? std::nullopt : number(fields[2]);
        if (gid)
            out.push_back({fields[0], *gid, split(fields[3], ',')});
    }
    return out;
}

}  // namespace

Outcome<ImageUser> find_image_user(const std::string& user, const std::string& passwd,
                                   const std::string& group) {
    const size_t colon = user.find(':');
    const std::string_view wanted = std::string_view(user).substr(0, colon);
    const std::string_view wanted_group =
        colon == std::string::npos ? std::string_view() : std::string_view(user).substr(colon + 1);
    const auto unknown = [&](std::string_view what, std::string_view name) {
        return failure(ExitCode::InvalidInput,
                       fmt::format("the image has no {} '{}', as whom it is to run", what, name));
    };
    const auto users = passwd_lines(passwd);
    const auto groups = group_lines(group);
    const auto uid = wanted.empty() ? std::optional<uint32_t>(0) : number(wanted);
    const auto line = std::ranges::find_if(users, [&](const PasswdLine& candidate) {
        return candidate.name == wanted || (uid && candidate.uid == *uid);
    });
    if (line == users.end() && !uid)
        return unknown("user", wanted);
    ImageUser out;
    out.uid = uid.value_or(0);
    if (line != users.end()) {
        out.uid = line->uid;
        out.gid = line->gid;
        if (!line->home.empty())
            out.home = line->home;
    }
    if (!wanted_group.empty()) {
        const auto named = std::ranges::find(groups, wanted_group, &GroupLine::name);
        const auto gid = named != groups.end() ? std::optional(named->gid) : number(wanted_group);
        if (!gid)
            return unknown("group", wanted_group);
        out.gid = *gid;
        return out;
    }
    for (const GroupLine& candidate : groups)
        if (line != users.end() && std::ranges::count(candidate.members, line->name) > 0)
            out.more_gids.push_back(candidate.gid);
    return out;
}

}  // namespace scone::tools
