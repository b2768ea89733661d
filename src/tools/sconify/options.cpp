#include "tools/sconify/options.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <filesystem>

#include "lib/base/hex.h"
#include "lib/sgx/settings_page.h"
#include "tools/oci/entry.h"

namespace scone::sconify {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

Outcome<std::string> required(const flags::ParsedCommand& parsed, std::string_view flag) {
    const auto value = parsed.value(flag);
    if (!value || value->empty())
        return failure(ExitCode::Usage, fmt::format("option '--{}' is missing", flag), {},
                       "sconify_image --help shows an example");
    return *value;
}

Outcome<std::vector<std::string>> read_paths(const flags::ParsedCommand& parsed,
                                             std::string_view flag) {
    std::vector<std::string> out;
    for (const std::string& given : parsed.values(flag)) {
        // Comma lists are in use: --host-path=/etc/hosts,/etc/resolv.conf
        std::string_view rest = given;
        do {
            const size_t comma = rest.find(",/");
            const std::string_view one = rest.substr(0, comma);
            rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
            const auto path = oci::normal_path(one);
            if (!path || !one.starts_with('/'))
                return failure(
                    ExitCode::Usage,
                    fmt::format("option '--{}' expects an absolute path, got '{}'", flag, one));
            out.push_back("/" + *path);
        } while (!rest.empty());
    }
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
}

bool is_component(std::string_view name) {
    constexpr std::string_view kAllowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-";
    return !name.empty() && name.size() <= 128 &&
           name.find_first_not_of(kAllowed) == std::string_view::npos;
}

Outcome<void> check_name(std::string_view flag, std::string_view name) {
    while (true) {
        const size_t slash = name.find('/');
        if (!is_component(name.substr(0, slash)) ||
            (slash != std::string_view::npos && flag != "namespace"))
            return failure(
                ExitCode::Usage,
                fmt::format("option '--{}' expects letters, digits and _ . ~ - only, got "
                            "'{}'",
                            flag, name));
        if (slash == std::string_view::npos)
            return {};
        name.remove_prefix(slash + 1);
    }
}

std::string random_namespace() {
    uint8_t bytes[6];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        __builtin_trap();  // OpenSSL without entropy: nothing can go on
    char text[12];
    base::hex_encode(bytes, text);
    return fmt::format("sconify-{}", std::string_view(text, sizeof text));
}

// "registry/repo/app:1" gives "registryrepoapp", as the option's help says.
std::string default_session_name(const oci::ImageName& to) {
    std::string out;
    for (const char c : to.repository())
        if (is_component(std::string_view(&c, 1)))
            out += c;
    return out.empty() ? "session" : out.substr(0, 128);
}

Outcome<void> read_environment(const flags::ParsedCommand& parsed, Options& out) {
    for (const std::string& given : parsed.values("env")) {
        const size_t equals = given.find('=');
        if (equals == 0 || equals == std::string::npos || given.find('\0') != std::string::npos)
            return failure(ExitCode::Usage,
                           fmt::format("option '--env' expects KEY=VALUE, got '{}'", given));
        out.environment.emplace_back(given.substr(0, equals), given.substr(equals + 1));
    }
    return {};
}

Outcome<void> read_runtime(const flags::ParsedCommand& parsed, Options& out) {
    constexpr uint64_t kPage = 4096;
    out.heap_size = SCONE_TRY(flags::parse_size("heap", parsed.value_or("heap", "")));
    out.stack_size = SCONE_TRY(flags::parse_size("stack", parsed.value_or("stack", "")));
    constexpr uint64_t kMostHeap = 60ull << 30;  // of 64 GiB of addresses
    if (out.heap_size < sgx::kMinHeapSize || out.heap_size > kMostHeap ||
        out.heap_size % kPage != 0)
        return failure(ExitCode::Usage,
                       fmt::format("option '--heap' expects 64K to 60G in whole pages of 4096 "
                                   "bytes, got {}",
                                   out.heap_size));
    if (out.stack_size < sgx::kMinStackSize || out.stack_size > sgx::kMaxStackSize ||
        out.stack_size % kPage != 0)
        return failure(ExitCode::Usage,
                       fmt::format("option '--stack' expects 64K to 1G in whole pages, got {}",
                                   out.stack_size));
    out.dlopen = static_cast<uint32_t>(parsed.value_or("dlopen", "1")[0] - '0');
    out.fork = parsed.value_or("fork", "0") == "1";
    out.mprotect = parsed.value_or("mprotect", "1") == "1";
    out.log_level = parsed.value("log");
    return {};
}

Outcome<void> read_names(const flags::ParsedCommand& parsed, Options& out) {
    out.service = parsed.value_or("service-name", "service");
    out.name_space = parsed.value("namespace").value_or("");
    if (out.name_space.empty())
        out.name_space = random_namespace();
    out.session = parsed.value("name").value_or(default_session_name(out.to));
    SCONE_TRY(check_name("service-name", out.service));
    SCONE_TRY(check_name("namespace", out.name_space));
    SCONE_TRY(check_name("name", out.session));
    if (out.session_name().size() > 512)
        return failure(ExitCode::Usage,
                       "namespace and session name are longer than 512 characters");
    return {};
}

Outcome<void> read_base(const flags::ParsedCommand& parsed, Options& out) {
    const auto base = parsed.value("base");
    if (!base)
        return {};
    out.base = *base == "native" ? Base::Native : Base::Image;
    if (out.base == Base::Image)
        out.base_image = SCONE_TRY(oci::parse_image_name(*base));
    return {};
}

Outcome<void> check_overlaps(const Options& o) {
    const auto within = [](const std::string& path, const std::string& folder) {
        return oci::is_within(std::string_view(path).substr(1), std::string_view(folder).substr(1));
    };
    for (const std::string& host : o.host_paths)
        for (const std::string& folder : o.encrypted_folders)
            if (within(folder, host))
                return failure(ExitCode::Usage,
                               fmt::format("--host-path={} would leave --dir={} without protection",
                                           host, folder));
    for (const std::string& plain : o.plain_folders)
        for (const std::string& folder : o.encrypted_folders)
            if (plain == folder)
                return failure(ExitCode::Usage,
                               fmt::format("'{}' is given to both --dir and --plain", plain));
    return {};
}

// The result replaces what stands at its place; the native image must not be that.
Outcome<void> check_target(const Options& o) {
    std::error_code error;
    const auto place = [&](const oci::ImageName& name) {
        return name.path.empty() ? oci::with_tag(name.reference)
                                 : std::filesystem::weakly_canonical(name.path, error).string();
    };
    if (o.from.transport != o.to.transport || place(o.from) != place(o.to))
        return {};
    return failure(ExitCode::Usage,
                   fmt::format("--to={} would replace the native image", o.to.given), {},
                   "give the converted image another name");
}

}  // namespace

Outcome<Options> read_options(const flags::ParsedCommand& parsed) {
    Options out;
    out.from = SCONE_TRY(oci::parse_image_name(SCONE_TRY(required(parsed, "from"))));
    out.to = SCONE_TRY(oci::parse_image_name(SCONE_TRY(required(parsed, "to"))));
    SCONE_TRY(check_target(out));
    out.binary = SCONE_TRY(required(parsed, "binary"));
    SCONE_TRY(read_base(parsed, out));
    out.encrypted_folders = SCONE_TRY(read_paths(parsed, "dir"));
    out.plain_folders = SCONE_TRY(read_paths(parsed, "plain"));
    out.plain_files = SCONE_TRY(read_paths(parsed, "plain-file"));
    out.host_paths = SCONE_TRY(read_paths(parsed, "host-path"));
    SCONE_TRY(check_overlaps(out));
    SCONE_TRY(read_names(parsed, out));
    SCONE_TRY(read_environment(parsed, out));
    SCONE_TRY(read_runtime(parsed, out));
    // A random namespace cannot be there already.
    out.create_namespace = parsed.given("create-namespace") || !parsed.given("namespace");
    out.cas = parsed.value("cas");
    out.las = parsed.value_or("las", "");
    out.allow_debug_cas = parsed.given("cas-debug");
    out.tolerate_debug_mode = parsed.given("allow-debug-mode");
    out.tolerate_tcb_problems = parsed.given("allow-tcb-vulnerabilities");
    out.identity_file = parsed.value("identity");
    out.template_file = parsed.value("template");
    out.session_file = parsed.value("session");
    out.command = parsed.value("command");
    out.key_seed = parsed.value("key-seed");
    out.dry_run = parsed.given("dry-run");
    out.verify = parsed.given("verify");
    out.verbose = parsed.given("verbose");
    out.trace = parsed.given("debug");
    out.colour = parsed.given("no-color") ? text::Colour::Never : cli::colour_for(stderr);
    out.defaults = {
        .copy_shared_objects = !parsed.given("disable-copy-shared-object-dependencies"),
        .copy_service_libraries = !parsed.given("disable-copy-service-libraries"),
        .copy_environment = !parsed.given("disable-copy-envvars"),
        .binary_symlink = !parsed.given("disable-binary-symlink-detection"),
        .library_path = !parsed.given("disable-ld-library-path-in-session"),
        .upload_session = !parsed.given("disable-session-upload"),
        .attest_cas = !parsed.given("disable-attestation"),
        .attest_service = !parsed.given("disable-session-security-attestation"),
        .update_session = !parsed.given("disable-update-session-if-exists"),
    };
    return out;
}

}  // namespace scone::sconify
