#include "tools/scone/cmd_run.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "lib/base/result.h"
#include "tools/oci/image_source.h"
#include "tools/scone/container.h"
#include "tools/scone/root_folder.h"
#include "tools/scone/runtime_spec.h"

namespace scone::tools {
namespace {

using flags::ParsedCommand;
using text::ExitCode;
using text::failure;
using text::Outcome;

// "NAME=value", or "NAME" for the value that the caller's environment has.
Outcome<std::vector<std::string>> environment_from(const ParsedCommand& parsed) {
    std::vector<std::string> out;
    for (const std::string& definition : parsed.values("env")) {
        const size_t equals = definition.find('=');
        if (definition.empty() || equals == 0)
            return failure(ExitCode::Usage,
                           fmt::format("option '-e' expects NAME=VALUE, got '{}'", definition));
        if (equals != std::string::npos)
            out.push_back(definition);
        else if (const char* value = std::getenv(definition.c_str()))
            out.push_back(fmt::format("{}={}", definition, value));
    }
    return out;
}

// Beside this program in a build tree, in ../lib/scone where it is installed.
Outcome<std::string> find_init() {
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    for (const char* place : {"scone-init", "../lib/scone/scone-init"}) {
        const std::string init = (self.parent_path() / place).lexically_normal().string();
        if (!error && ::access(init.c_str(), X_OK) == 0)
            return init;
    }
    return failure(ExitCode::NotFound,
                   fmt::format("scone-init is neither in '{0}' nor in '{0}/../lib/scone'",
                               self.parent_path().string()),
                   "running the image", "install it again");
}

Outcome<void> make_bundle(const ParsedCommand& parsed, const std::string& bundle,
                          const SignalHold& signals) {
    const KeepGoing keep_going = [&] { return signals.pending_stop() == 0; };
    const auto image =
        SCONE_TRY(oci::open_image(SCONE_TRY(oci::parse_image_name(parsed.arguments[0]))));
    RunRequest request;
    request.environment = SCONE_TRY(environment_from(parsed));
    request.arguments.assign(parsed.arguments.begin() + 1, parsed.arguments.end());
    if (!request.arguments.empty() && request.arguments.front() == "--")
        request.arguments.erase(request.arguments.begin());
    request.init_program = SCONE_TRY(find_init());
    SCONE_TRY(command_of(image.config, request));

    const auto unpacked = SCONE_TRY(unpack_layers(image, keep_going));
    const auto user = SCONE_TRY(find_image_user(image.config.user, unpacked.text_of("etc/passwd"),
                                                unpacked.text_of("etc/group")));
    const auto spec = SCONE_TRY(runtime_spec(image.config, request, user));
    const std::string root = bundle + "/rootfs";
    SCONE_TRY(oci::make_directories(root));
    SCONE_TRY(write_root_folder(unpacked, root, keep_going));
    return oci::replace_file(bundle + "/config.json", base::as_bytes(text::write_json(spec, 2)),
                             0600);
}

}  // namespace

flags::Command run_command() {
    return {
        .name = "run",
        .about = "Run an image with runc, in the host's network, and end with its exit code.",
        .flags = {{.name = "env",
                   .letter = 'e',
                   .kind = flags::FlagKind::Repeated,
                   .value = "NAME=VALUE",
                   .help = "variable of the program; NAME alone passes on the caller's"}},
        .arguments = {{.name = "IMAGE",
                       .help = "oci:FOLDER[:TAG], docker-archive:FILE, or a name of the Docker "
                               "daemon"},
                      {.name = "ARGS",
                       .help = "behind --; take the place of the image's CMD",
                       .arity = flags::Arity::Many}},
        .examples = {{"scone run oci:encrypted-flask", "as the image says"},
                     {"scone run -e SCONE_VERSION=1 oci:encrypted-flask -- /bin/app --port=1",
                      "another command"}},
        .notes =
            "Needs root and runc. Signals are passed on to the program; it is killed when it "
            "has not ended\nten seconds after SIGTERM. The temporary folder is made in TMPDIR "
            "(default: /tmp).",
        .rest_is_verbatim = true,
    };
}

Outcome<int> run_image(const ParsedCommand& parsed) {
    const SignalHold signals;
    if (::geteuid() != 0)
        return failure(ExitCode::Denied, "running an image needs root", {}, "sudo scone run ...");
    const std::string runc = SCONE_TRY(find_runc());
    const auto folder = SCONE_TRY(oci::TemporaryFolder::create_in_temp());
    const auto made = make_bundle(parsed, folder.path(), signals);
    if (const int signal = signals.pending_stop(); signal != 0)
        return 128 + signal;
    if (!made)
        return std::unexpected(made.error());
    return run_container(runc, folder.path(), folder.path() + "/state", signals);
}

}  // namespace scone::tools
