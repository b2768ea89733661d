#include "tools/enclave_image/allow_list.h"

#include <fmt/format.h>

namespace scone::enclave_image {
namespace {

std::string_view take_word(std::string_view& line) {
    const size_t start = line.find_first_not_of(" \t");
    line.remove_prefix(start == line.npos ? line.size() : start);
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(word.size());
    return word;
}

}  // namespace

text::Outcome<AllowList> AllowList::parse(std::string_view text) {
    AllowList list;
    for (size_t number = 1; !text.empty(); ++number) {
        const size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        const std::string_view kind = take_word(line);
        if (kind.empty() || kind.starts_with('#'))
            continue;
        const std::string_view function = take_word(line);
        const size_t reason = line.find_first_not_of(" \t");
        const bool known = kind == "syscall" || kind == "cpuid" || kind == "enclu";
        if (!known || function.empty() || reason == line.npos)
            return text::failure(
                text::ExitCode::InvalidInput,
                fmt::format("line {}: expected syscall|cpuid|enclu FUNCTION REASON", number),
                "reading the list of allowed instructions");
        list.entries_.push_back(
            {std::string(kind), std::string(function), std::string(line.substr(reason))});
    }
    return list;
}

const Allowed* AllowList::find(std::string_view kind, std::string_view function) {
    for (Allowed& entry : entries_) {
        if (entry.kind == kind && entry.function == function) {
            entry.used = true;
            return &entry;
        }
    }
    return nullptr;
}

}  // namespace scone::enclave_image
