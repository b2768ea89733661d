#include "runtime/host/launcher/options.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "lib/base/checked.h"

namespace scone::launcher {
namespace {

using text::ExitCode;
using text::Outcome;

std::unexpected<text::Failure> wrong_value(std::string_view name, std::string_view value,
                                           std::string_view expected) {
    return text::failure(ExitCode::Usage, std::string(name) + ": expected " +
                                              std::string(expected) + ", got '" +
                                              std::string(value) + "'");
}

Outcome<uint64_t> parse_number(std::string_view name, std::string_view value, uint64_t highest) {
    uint64_t number = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number > highest)
        return wrong_value(name, value, "a number up to " + std::to_string(highest));
    return number;
}

Outcome<void> take_mode(Options& options, std::string_view name, std::string_view value) {
    std::string lower;
    for (char c : value)
        lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower == "auto")
        options.mode = machine::Mode::Auto;
    else if (lower == "hw")
        options.mode = machine::Mode::Hardware;
    else if (lower == "sim")
        options.mode = machine::Mode::Simulated;
    else
        return wrong_value(name, value, "hw, sim or auto");
    return {};
}

Outcome<void> take_heap(Options& options, std::string_view name, std::string_view value) {
    // Heap, program and stacks share what is left of ELRANGE besides the runtime.
    constexpr uint64_t kMostHeap = 60ull << 30;
    uint64_t size = SCONE_TRY(parse_size(name, value));
    if (size < sgx::kMinHeapSize || size > kMostHeap || size % 4096 != 0)
        return wrong_value(
            name, value,
            "64K to 60G in whole pages: an enclave has 64 GiB of addresses, of which "
            "only what is used takes memory");
    options.heap_size = size;
    return {};
}
Outcome<void> take_stack(Options& options, std::string_view name, std::string_view value) {
    options.stack_size = SCONE_TRY(parse_size(name, value));
    return {};
}
Outcome<void> take_tcs(Options& options, std::string_view name, std::string_view value) {
    uint64_t count = SCONE_TRY(parse_number(name, value, sgx::kMaxTcsCount));
    if (count == 0)
        return wrong_value(name, value, "at least 1");
    options.tcs_count = static_cast<uint32_t>(count);
    return {};
}
Outcome<void> take_dlopen(Options& options, std::string_view name, std::string_view value) {
    options.dlopen = static_cast<sgx::Dlopen>(SCONE_TRY(parse_number(name, value, 2)));
    return {};
}
Outcome<void> take_mprotect(Options& options, std::string_view name, std::string_view value) {
    options.mprotect = static_cast<sgx::Mprotect>(SCONE_TRY(parse_number(name, value, 1)));
    return {};
}
Outcome<void> take_fork(Options& options, std::string_view name, std::string_view value) {
    options.fork = static_cast<sgx::Fork>(SCONE_TRY(parse_number(name, value, 1)));
    return {};
}
Outcome<void> take_image(Options& options, std::string_view, std::string_view value) {
    options.image_path = value;
    return {};
}

// One line per option: its flag, its variable, what it means.
struct Row {
    std::string_view flag;      // empty: only a variable
    std::string_view variable;  // empty: only a flag
    std::string_view argument;
    std::string_view meaning;
    Outcome<void> (*take)(Options&, std::string_view, std::string_view);
};
constexpr std::array kRows{
    Row{"--heap", "SCONE_HEAP", "SIZE", "protected memory of the program; 64M", &take_heap},
    Row{"--stack", "SCONE_STACK", "SIZE", "stack of the program's first thread; 2M", &take_stack},
    Row{"--tcs", "SCONE_TCS", "COUNT", "threads at the same time; 256", &take_tcs},
    Row{"--fork", "SCONE_FORK", "0|1", "1 permits new processes; 0", &take_fork},
    Row{"--dlopen", "SCONE_ALLOW_DLOPEN", "0|1|2",
        "code loaded later: 0 none, 1 of protected regions, 2 any; 2", &take_dlopen},
    Row{"--mprotect", "SCONE_MPROTECT", "0|1",
        "1 permits making memory executable and changing code; 1", &take_mprotect},
    Row{"--mode", "SCONE_MODE", "hw|sim|auto", "which machine; auto", &take_mode},
    Row{"--image", "", "PATH", "the enclave image", &take_image},
};

bool is_set(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != 0;
}

}  // namespace

Outcome<uint64_t> parse_size(std::string_view name, std::string_view text) {
    constexpr std::string_view kExpected = "a size such as 4096, 64M or 1G";
    uint64_t unit = 1;
    std::string_view digits = text;
    if (!digits.empty()) {
        switch (std::toupper(static_cast<unsigned char>(digits.back()))) {
            case 'K':
                unit = sgx::kKiB;
                break;
            case 'M':
                unit = sgx::kMiB;
                break;
            case 'G':
                unit = sgx::kGiB;
                break;
            default:
                break;
        }
        if (unit != 1)
            digits.remove_suffix(1);
    }
    uint64_t number = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
        return wrong_value(name, text, kExpected);
    auto size = base::checked_mul(number, unit);
    if (!size || *size > sgx::kMaxElrangeSize)
        return wrong_value(name, text, "at most 4096G");
    return base::round_up(*size, sgx::kPageSize);
}

Outcome<Options> options_from_environment() {
    Options options;
    for (const Row& row : kRows) {
        const char* value = row.variable.empty() ? nullptr : std::getenv(row.variable.data());
        if (value != nullptr && *value != 0)
            SCONE_TRY(row.take(options, row.variable, value));
    }
    if (const char* level = std::getenv("SCONE_LOG"))
        options.log_level = parse_level(level);
    options.show_version = is_set("SCONE_VERSION");
    options.show_hash = is_set("SCONE_HASH");
    return options;
}

Outcome<void> parse_arguments(Options& options, const std::vector<std::string>& arguments) {
    size_t at = 0;
    while (at < arguments.size() && arguments[at].starts_with("-")) {
        std::string_view argument = arguments[at++];
        if (argument == "--")
            break;
        if (argument == "--help" || argument == "-h") {
            options.help = true;
            return {};
        }
        std::string_view flag = argument.substr(0, argument.find('='));
        const Row* found = nullptr;
        for (const Row& row : kRows)
            if (row.flag == flag)
                found = &row;
        if (found == nullptr)
            return text::failure(ExitCode::Usage, "unknown option '" + std::string(flag) + "'", "",
                                 "scone-run --help");
        std::string_view value;
        if (flag.size() < argument.size())
            value = argument.substr(flag.size() + 1);
        else if (at < arguments.size())
            value = arguments[at++];
        else
            return wrong_value(flag, "", found->argument);
        SCONE_TRY(found->take(options, flag, value));
    }
    options.command.assign(arguments.begin() + static_cast<ptrdiff_t>(at), arguments.end());
    return {};
}

std::string usage_text() {
    std::string text =
        "usage: scone-run [OPTIONS] [--] PROGRAM [ARGS]\n"
        "Runs a program of this computer in an enclave, with the host's files unprotected:\n"
        "for development and tests.\n\n";
    for (const Row& row : kRows) {
        std::string left = "  " + std::string(row.flag) + "=" + std::string(row.argument);
        left.resize(left.size() < 24 ? 24 : left.size() + 1, ' ');
        text += left + std::string(row.meaning);
        if (!row.variable.empty())
            text += " (" + std::string(row.variable) + ")";
        text += "\n";
    }
    return text;
}

sgx::Settings apply(const Options& options, sgx::Settings settings) {
    settings.heap_size = options.heap_size.value_or(settings.heap_size);
    settings.stack_size = options.stack_size.value_or(settings.stack_size);
    settings.tcs_count = options.tcs_count.value_or(settings.tcs_count);
    settings.dlopen = options.dlopen.value_or(settings.dlopen);
    settings.mprotect = options.mprotect.value_or(settings.mprotect);
    settings.fork = options.fork.value_or(settings.fork);
    return settings;
}

}  // namespace scone::launcher
