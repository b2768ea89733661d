#include "runtime/host/launcher/options.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "lib/base/checked.h"
#include "runtime/host/launcher/option_rows.h"

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

constexpr Row setting(std::string_view name, std::string_view variable, std::string_view value,
                      std::string_view help, std::string_view default_value, auto take,
                      std::string_view choices = {}) {
    return {{.name = name,
             .kind = flags::FlagKind::Value,
             .value = value,
             .help = help,
             .default_value = default_value,
             .choices = choices,
             .environment = variable},
            take};
}

constexpr std::array kRows{
    setting("heap", "SCONE_HEAP", "SIZE", "protected memory of the program", "64M", &take_heap),
    setting("stack", "SCONE_STACK", "SIZE", "stack of the program's first thread", "2M",
            &take_stack),
    setting("tcs", "SCONE_TCS", "COUNT", "threads at the same time", "256", &take_tcs),
    setting("fork", "SCONE_FORK", "VALUE", "1 permits new processes", "0", &take_fork, "0|1"),
    setting("dlopen", "SCONE_ALLOW_DLOPEN", "VALUE",
            "code loaded later: 0 none, 1 of protected regions, 2 any", "2", &take_dlopen, "0|1|2"),
    setting("mprotect", "SCONE_MPROTECT", "VALUE",
            "1 permits making memory executable and changing code", "1", &take_mprotect, "0|1"),
    setting("mode", "SCONE_MODE", "hw|sim|auto",
            "which machine: SGX hardware, the simulated one, or hardware where there is any",
            "auto", &take_mode),
    setting("image", "", "FILE", "the enclave image, if not the one that is installed", "",
            &take_image),
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

std::span<const Row> option_rows() {
    return kRows;
}

Outcome<Options> options_from_environment() {
    Options options;
    for (const Row& row : kRows) {
        const std::string_view variable = row.flag.environment;
        const char* value = variable.empty() ? nullptr : std::getenv(variable.data());
        if (value != nullptr && *value != 0)
            SCONE_TRY(row.take(options, variable, value));
    }
    if (const char* level = std::getenv("SCONE_LOG"))
        options.log_level = parse_level(level);
    options.show_version = is_set("SCONE_VERSION");
    options.show_hash = is_set("SCONE_HASH");
    return options;
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
