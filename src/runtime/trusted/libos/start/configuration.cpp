#include "runtime/trusted/libos/start/configuration.h"

#include "lib/base/hex.h"
#include "lib/base/secret.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/libos/hosted/hosted.h"
#include "runtime/trusted/libos/start/cas_connection.h"
#include "runtime/trusted/libos/start/host_stream.h"
#include "runtime/trusted/libos/time/clock.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace scone::libos {
namespace {

constexpr uint16_t kLasPort = 18766, kCasPort = 18765;
constexpr std::string_view kDefaultLas = "las", kDefaultCas = "cas";

// What the functions below need while the hosted layer runs.
struct Exchange {
    const Launch* launch;
    Configuration* out;
    FixedText<4096> failure;
    FixedText<4096> host_text;
};

bool add(StringList& list, const char* text, uint64_t size) {
    return list.add({text, size}).has_value();
}

bool add_file(Configuration& out, std::string_view path, const char* content, uint64_t size,
              uint32_t mode) {
    auto* file = enclave::heap_new<InjectedContent>();
    if (file == nullptr)
        return false;
    file->path = Path(path);
    file->mode = mode;
    if (!file->content.resize(size) || !out.files.push(file)) {
        enclave::heap_delete(file);
        return false;
    }
    __builtin_memcpy(file->content.data(), content, size);
    return true;
}

// False, with a reason, for a value that the setting does not have.
bool take_setting(Exchange& exchange, std::string_view name, std::string_view value) {
    if (name == "SCONE_SHARED_MEMORY")
        exchange.out->insecure_shared_memory = value == "insecure";
    if (name == "SCONE_PIPE" || name == "SCONE_SOCKETPAIR") {
        auto rule = parse_peer_rule(value);
        if (!rule) {
            exchange.failure.append("  Caused by: ")
                .append(name)
                .append(" in the policy must be deny, allow-events or allow\n");
            return false;
        }
        PeerRules& peers = exchange.out->peers;
        (name == "SCONE_PIPE" ? peers.pipe : peers.socketpair) = *rule;
    }
    if (name != "SCONE_ALLOW_DLOPEN")
        return true;
    if (value.size() == 1 && value[0] >= '0' && value[0] <= '2') {
        exchange.out->dlopen = static_cast<sgx::Dlopen>(value[0] - '0');
        return true;
    }
    exchange.failure.append(
        "  Caused by: SCONE_ALLOW_DLOPEN in the policy must be 0, 1 or 2, not '");
    exchange.failure.append(value).append("'\n");
    return false;
}

void set_functions(ProvisionCall& call) {
    call.read = read_stream;
    call.write = write_stream;
    call.report = [](const uint8_t* target, const uint8_t* data, uint8_t* report) {
        enclave::make_report(std::span<const uint8_t, 512>(target, 512),
                             std::span<const uint8_t, 64>(data, 64),
                             std::span<uint8_t, 432>(report, 432));
        return true;
    };
    call.random = [](uint8_t* out, uint64_t size) {
        enclave::fill_random(out, size);
        return true;
    };
    call.debug_line = [](const char* text) { log(Level::Debug, text); };
    call.host_argument = [](void* context, uint64_t index) -> const char* {
        auto& exchange = *static_cast<Exchange*>(context);
        StringList arguments, environment;
        if (!exchange.launch->collect(arguments, environment) || index == 0)
            return nullptr;
        bool found = false;
        uint64_t at = 0;
        arguments.for_each([&](std::string_view text) {
            if (at++ == index) {
                exchange.host_text.clear();
                exchange.host_text.append(text);
                found = !exchange.host_text.overflowed();
            }
        });
        return found ? exchange.host_text.c_str() : nullptr;
    };
    call.host_variable = [](void* context, const char* name) -> const char* {
        auto& exchange = *static_cast<Exchange*>(context);
        std::string_view value = exchange.launch->environment_value(name);
        if (value.data() == nullptr)
            return nullptr;
        exchange.host_text.clear();
        exchange.host_text.append(value);
        return exchange.host_text.overflowed() ? nullptr : exchange.host_text.c_str();
    };
    call.argument = [](void* context, const char* text, uint64_t size) {
        return add(static_cast<Exchange*>(context)->out->arguments, text, size);
    };
    call.variable = [](void* context, const char* text, uint64_t size) {
        return add(static_cast<Exchange*>(context)->out->environment, text, size);
    };
    call.working_directory = [](void* context, const char* text) {
        static_cast<Exchange*>(context)->out->working_directory = Path(text);
        return true;
    };
    call.root = [](void* context, const char* path, const uint8_t* key, const uint8_t* tag) {
        Configuration& out = *static_cast<Exchange*>(context)->out;
        out.has_root = true;
        out.fspf_path = Path(path);
        __builtin_memcpy(out.fspf_key, key, sizeof out.fspf_key);
        __builtin_memcpy(out.fspf_tag, tag, sizeof out.fspf_tag);
        return true;
    };
    call.file = [](void* context, const char* path, const char* content, uint64_t size,
                   uint32_t mode) {
        return add_file(*static_cast<Exchange*>(context)->out, path, content, size, mode);
    };
    call.file_template = [](void* context, const char* path, uint32_t mode) {
        auto* file = enclave::heap_new<FileTemplate>();
        if (file == nullptr)
            return false;
        file->path = Path(path);
        file->mode = mode;
        return static_cast<Exchange*>(context)->out->templates.push(file);
    };
    call.setting = [](void* context, const char* name, const char* value) {
        return take_setting(*static_cast<Exchange*>(context), name, value);
    };
    call.failure = [](void* context, const char* chain) {
        static_cast<Exchange*>(context)->failure.append(chain);
    };
}

// Ends the process with SCONE's message for a start that was not attested.
[[noreturn]] void refuse(std::string_view why, std::string_view cas, std::string_view config_id) {
    FixedText<6000> text;
    text.append("Could not initialize enclave state: Attestation failed\n").append(why);
    text.append("Note: Connecting to CAS at ")
        .append(cas)
        .append(" (port ")
        .append_number(kCasPort);
    // One-time passwords do not belong into logs.
    size_t end = 0;
    while (end < config_id.size() && config_id[end] != '@')
        end++;
    text.append(") using service ID ").append({config_id.data(), end});
    fatal(text.view());
}

HostStream connect_or_refuse(std::string_view what, std::string_view address, uint16_t port,
                             std::string_view cas, std::string_view config_id) {
    auto stream = connect_to(address, port);
    if (stream)
        return *stream;
    FixedText<600> why;
    why.append("  Caused by: Unable to connect to ").append(what).append(" at '").append(address);
    why.append("' (errno ")
        .append_number(static_cast<uint64_t>(stream.error().value))
        .append("): is it running?\n");
    why.append("  Note: set SCONE_").append(what).append("_ADDR to HOST or HOST:PORT\n");
    refuse(why.view(), cas, config_id);
}

void attest(const Launch& launch, std::string_view config_id, Configuration& out) {
    auto value_or = [&](std::string_view name, std::string_view fallback) {
        std::string_view value = launch.environment_value(name);
        return value.empty() ? fallback : value;
    };
    std::string_view cas_address = value_or("SCONE_CAS_ADDR", kDefaultCas);
    std::string_view las_address = value_or("SCONE_LAS_ADDR", kDefaultLas);
    FixedText<1100> id(config_id);
    FixedText<256> pin(launch.environment_value("SCONE_CAS_KEY_HASH"));
    FixedText<512> token(launch.environment_value("SCONE_SERVICE_ACCESS_TOKEN"));
    if (id.overflowed() || pin.overflowed() || token.overflowed())
        refuse("  Caused by: SCONE_CONFIG_ID, SCONE_CAS_KEY_HASH or the access token is too long\n",
               cas_address, "");
    if (pin.size() == 0)
        log(Level::Warning,
            "SCONE_CAS_KEY_HASH is not set: any CAS may configure this enclave (it gets no secret "
            "of "
            "another CAS).");
    HostStream las = connect_or_refuse("LAS", las_address, kLasPort, cas_address, config_id);
    static HostStream cas;  // stays open: see cas_connection.h
    cas = connect_or_refuse("CAS", cas_address, kCasPort, cas_address, config_id);
    auto* exchange = enclave::heap_new<Exchange>();
    if (exchange == nullptr)
        fatal("no memory for the attestation");
    exchange->launch = &launch;
    exchange->out = &out;
    ProvisionCall call{};
    call.config_id = id.c_str();
    call.access_token = token.c_str();
    call.cas_key_hash = pin.c_str();
    call.cas_name = "cas";
    call.las = &las;
    call.cas = &cas;
    call.time = static_cast<int64_t>(realtime_ns() / 1'000'000'000);
    call.context = exchange;
    set_functions(call);
    run_hosted(scone_provision, &call);
    close_stream(las);
    base::wipe(token.data(), token.size());
    if (!call.done)
        refuse(exchange->failure.view(), cas_address, config_id);
    enclave::heap_delete(exchange);
    out.attested = true;
    cas_connection::opened(cas);
}

}  // namespace

Configuration::~Configuration() {
    base::wipe(fspf_key, sizeof fspf_key);
    for (InjectedContent* file : files) {
        base::wipe(file->content.data(), file->content.size());
        enclave::heap_delete(file);
    }
    for (FileTemplate* file : templates)
        enclave::heap_delete(file);
}

void configure(const Launch& launch, Configuration& out) {
    std::string_view config_id = launch.environment_value("SCONE_CONFIG_ID");
    if (!config_id.empty()) {
        attest(launch, config_id, out);
        return;
    }
    auto pipe = parse_peer_rule(launch.environment_value("SCONE_PIPE"));
    if (!pipe)
        fatal("SCONE_PIPE must be deny, allow-events or allow");
    auto socketpair = parse_peer_rule(launch.environment_value("SCONE_SOCKETPAIR"));
    if (!socketpair)
        fatal("SCONE_SOCKETPAIR must be deny, allow-events or allow");
    out.peers = {*pipe, *socketpair};
    if (!launch.collect(out.arguments, out.environment))
        fatal("the host's launch information is malformed");
    out.working_directory.append(launch.working_directory);
    // A protection file without CAS, for tests: key and tag in the environment, in clear.
    std::string_view path = launch.environment_value("SCONE_FSPF");
    std::string_view key = launch.environment_value("SCONE_FSPF_KEY");
    std::string_view tag = launch.environment_value("SCONE_FSPF_TAG");
    if (path.empty())
        return;
    if (!base::hex_decode(key, out.fspf_key) || !base::hex_decode(tag, out.fspf_tag))
        fatal("SCONE_FSPF_KEY must be 64 and SCONE_FSPF_TAG 32 hexadecimal digits");
    log(Level::Warning,
        "The key of the file system protection file comes from the host's environment. This is not "
        "secure!");
    out.has_root = true;
    out.fspf_path.append(path);
}

namespace {

constexpr uint64_t kLargestTemplate = 4 << 20;

[[noreturn]] void refuse_template(std::string_view path, std::string_view why) {
    FixedText<kPathMax + 300> text;
    text.append("Could not make injection file ").append(path).append(": ").append(why);
    fatal(text.view());
}

Vector<char> read_template(std::string_view path) {
    auto file = vfs::open(path, linux_abi::kO_RDONLY, 0);
    linux_abi::Stat now{};
    if (!file || !(*file)->stat(now) || (now.mode & linux_abi::kS_IFMT) != linux_abi::kS_IFREG)
        refuse_template(path, "the policy gives no content for it, and the image has no such file");
    if ((*file)->origin() == Origin::Host) {
        FixedText<kPathMax + 200> text;
        text.append("The template ").append(path);
        text.append(" lies in no protected region: the host decides where secrets stand in it");
        log(Level::Warning, text.view());
    }
    Vector<char> content;
    if (now.size < 0 || static_cast<uint64_t>(now.size) > kLargestTemplate)
        refuse_template(path, "the template is larger than 4 MiB");
    if (!content.resize(static_cast<uint64_t>(now.size)))
        refuse_template(path, "no memory");
    IoBuffer rest = IoBuffer::of_runtime(content.data(), content.size());
    for (uint64_t offset = 0; rest.size() > 0;) {
        auto count = (*file)->read_at(rest, offset);
        if (!count || *count == 0)
            refuse_template(path, "the template cannot be read");
        offset += *count;
        rest.advance(*count);
    }
    return content;
}

struct Filling {
    Configuration* out;
    const FileTemplate* file;
    FixedText<4096> failure;
};

void fill_template(Configuration& out, const FileTemplate& file) {
    Vector<char> content = read_template(file.path.view());
    auto* filling = enclave::heap_new<Filling>();
    if (filling == nullptr)
        refuse_template(file.path.view(), "no memory");
    filling->out = &out;
    filling->file = &file;
    TemplateCall call{};
    call.path = file.path.c_str();
    call.content = content.data();
    call.size = content.size();
    call.context = filling;
    call.result = [](void* context, const char* text, uint64_t size) {
        auto& to = *static_cast<Filling*>(context);
        return add_file(*to.out, to.file->path.view(), text, size, to.file->mode);
    };
    call.failure = [](void* context, const char* chain) {
        static_cast<Filling*>(context)->failure.append(chain);
    };
    run_hosted(scone_fill_template, &call);
    if (!call.done) {
        FixedText<4200> why("the template cannot be filled\n");
        why.append(filling->failure.view());
        refuse_template(file.path.view(), why.view());
    }
    enclave::heap_delete(filling);
}

}  // namespace

void fill_templates(Configuration& out) {
    for (const FileTemplate* file : out.templates)
        fill_template(out, *file);
    if (out.attested)
        run_hosted(scone_forget_secrets, nullptr);
}

}  // namespace scone::libos
