// The flags of sconify_image, once, as data.
#include "tools/sconify/options.h"

namespace scone::sconify {
namespace {

using flags::Flag;
using flags::FlagKind;

constexpr std::string_view kRequired = "REQUIRED";
constexpr std::string_view kOptional = "OPTIONAL";
constexpr std::string_view kAttestation = "ATTESTATION";
constexpr std::string_view kDisable = "DISABLE DEFAULTS";
constexpr std::string_view kVariables = "SCONE ENV VARS";
constexpr std::string_view kOutput = "OUTPUT";
constexpr std::string_view kLater = "NOT SUPPORTED YET";

Flag value(std::string_view name, std::string_view unit, std::string_view help,
           std::string_view group, std::string_view default_value = {}) {
    return {.name = name,
            .kind = FlagKind::Value,
            .value = unit,
            .help = help,
            .group = group,
            .default_value = default_value};
}
Flag repeated(std::string_view name, std::string_view unit, std::string_view help) {
    return {
        .name = name, .kind = FlagKind::Repeated, .value = unit, .help = help, .group = kOptional};
}
Flag choice(std::string_view name, std::string_view choices, std::string_view help,
            std::string_view group, std::string_view default_value = {}) {
    return {.name = name,
            .kind = FlagKind::Value,
            .value = "VALUE",
            .help = help,
            .group = group,
            .default_value = default_value,
            .choices = choices};
}
Flag on(std::string_view name, std::string_view help, std::string_view group, char letter = 0) {
    return {.name = name, .letter = letter, .help = help, .group = group};
}
Flag later(std::string_view name, FlagKind kind, std::string_view instead) {
    return {.name = name,
            .kind = kind,
            .value = "VALUE",
            .help = "",
            .group = kLater,
            .not_supported = instead};
}

std::vector<Flag> all_flags() {
    const Flag path_flag = on("disable-copy-envvars",
                              "leave the native image's variables out of the session", kDisable);
    return {
        value("from", "NATIVE_IMAGE",
              "the native image: NAME or docker-daemon:NAME, docker-archive:FILE[:NAME], "
              "oci:FOLDER[:TAG], docker://NAME",
              kRequired),
        value("to", "TO_IMAGE", "the converted image, in the same forms", kRequired),
        value(
            "binary", "BINARY",
            "program of the native image that shall run in an enclave: a path, or a name that its "
            "PATH finds",
            kRequired),

        repeated("dir", "DIRECTORY", "encrypt this folder with everything below it"),
        repeated("plain", "DIRECTORY", "copy this folder: in clear, but authenticated"),
        repeated("plain-file", "FILE", "copy this file: in clear, but authenticated"),
        repeated(
            "host-path", "PATH",
            "serve this path as the container has it, WITHOUT any protection: /etc/resolv.conf, "
            "/etc/hosts"),
        value("base", "BASE_IMAGE",
              "assemble the converted image on this image; 'native' rewrites the native image in "
              "place; without it the base is a minimal one that is made offline",
              kOptional),
        value("name", "SESSION", "name of the session; default: TO_IMAGE without '/' and tag",
              kOptional),
        value("service-name", "SERVICE", "name of the service in the session", kOptional,
              "service"),
        value("namespace", "NAMESPACE", "namespace of the session; default: a random one",
              kOptional),
        on("create-namespace", "create the namespace; a warning if it exists", kOptional),
        value("command", "SESSION_CMD",
              "command of the service in the session; default: ENTRYPOINT and CMD of the native "
              "image",
              kOptional),
        repeated("env", "KEY=VALUE", "variable for the session; wins over the native image's"),
        value("cas", "CAS_ADDR", "address of CAS; default: the default CAS of the scone command",
              kOptional),
        value("las", "LAS_ADDR", "address of LAS", kOptional, "localhost:18766"),
        value("template", "TEMPLATE_FILE", "policy template; default: a built-in one", kOptional),
        value("session", "SESSION_FILE",
              "where the session is written; default: /build-resources/session.yml if that folder "
              "exists and can be written, else ./build-resources/session.yml",
              kOptional),
        value(
            "identity", "FILE",
            "PEM file with private key and certificate; default: the identity of the scone command",
            kOptional),
        on("dry-run", "check everything, write nothing, contact no CAS; print what would be made",
           kOptional),
        on("verify",
           "read every blob of the result back and prove that no 32 bytes of an encrypted file are "
           "in it",
           kOptional),

        on("allow-tcb-vulnerabilities",
           "insecure: the service may run where the trusted computing base is out of date; "
           "tolerates "
           "hyperthreading, insecure-igpu, outdated-tcb, software-hardening-needed, "
           "insecure-configuration, and together with --allow-debug-mode every advisory",
           kAttestation),
        on("allow-debug-mode",
           "insecure: tolerate debug-mode; the service may run without a protecting processor, "
           "simulated SGX included",
           kAttestation),
        on("cas-debug",
           "insecure: accept a CAS that cannot prove what it is; its key is pinned and nothing "
           "more "
           "is known about it",
           kAttestation),

        on("disable-binary-symlink-detection",
           "for known services (python3): no symbolic link such as /usr/bin/python3", kDisable),
        on("disable-copy-shared-object-dependencies",
           "do not copy the shared objects that the program needs", kDisable),
        on("disable-copy-service-libraries",
           "for known services (python3): do not copy their libraries", kDisable),
        path_flag,
        on("disable-ld-library-path-in-session",
           "do not generate LD_LIBRARY_PATH where neither image nor --env sets it", kDisable),
        on("disable-session-upload", "write the session only; contact no CAS", kDisable),
        on("disable-attestation", "insecure: upload to a CAS without attesting it", kDisable),
        on("disable-session-security-attestation",
           "insecure: the session gives its secrets to any service that asks", kDisable),
        on("disable-update-session-if-exists", "fail if the session exists", kDisable),
        on("disable-replace-unsconifiable-binaries", "accepted; no program is replaced", kDisable),

        value("heap", "SIZE", "heap size [SCONE_HEAP]", kVariables, "1G"),
        value("stack", "SIZE", "stack size of a thread [SCONE_STACK]", kVariables, "1M"),
        choice(
            "dlopen", "0|1|2",
            "what may be loaded after the start: 0 nothing, 1 what is authenticated, 2 insecure: "
            "anything [SCONE_ALLOW_DLOPEN]",
            kVariables, "1"),
        choice("fork", "0|1", "whether the program may fork [SCONE_FORK]", kVariables, "0"),
        choice("mprotect", "0|1",
               "whether memory may become executable and code may be changed, as compilers at run "
               "time need [SCONE_MPROTECT]",
               kVariables, "1"),
        choice("log", "trace|debug|info|warning|error|fatal",
               "log level of the runtime [SCONE_LOG]", kVariables),

        on("verbose", "print the session and what goes into the image, keys masked", kOutput, 'v'),
        on("debug", "print each step and subprocess as it starts", kOutput, 'x'),
        on("no-color", "no colours and no progress bar on stderr", kOutput),
        {.name = "version",
         .letter = 'V',
         .help = "print the version and end",
         .group = kOutput,
         .alone = true},
        {.name = "key-seed",
         .kind = FlagKind::Value,
         .value = "64HEX",
         .help =
             "insecure, for tests: derive all file keys from this seed, so that two runs give the "
             "same bytes",
         .group = kOutput,
         .hidden = true},

        later("volume", FlagKind::Repeated, "declare the volume in a policy given by --template"),
        later("secrets", FlagKind::Value, "write the secrets into a policy given by --template"),
        later("injectedfiles", FlagKind::Value, "write them into a policy given by --template"),
        later("binary-fs", FlagKind::Switch, "use --dir, which encrypts folders"),
        later("fs-dir", FlagKind::Repeated, "use --dir"),
        later("fs-file", FlagKind::Repeated, "use --dir or --plain-file"),
        later("disable-binary-fs-defaults", FlagKind::Switch, "leave it out"),
        later("crosscompiler", FlagKind::Value, "leave it out: no compiler is needed"),
        later("cli", FlagKind::Value, "leave it out: the tool needs no second image"),
        later("scone-signer", FlagKind::Value, "leave it out: the enclave gets a debug signature"),
        later("push-image", FlagKind::Switch, "give the registry as target: --to=docker://NAME"),
        later("generate-sconefile", FlagKind::Switch, "keep the command line"),
        later("azure-attestation", FlagKind::Value, "write mode maa into a --template"),
        later("k8s-helm-workload-type", FlagKind::Value, "write the chart by hand"),
        later("k8s-helm-expose", FlagKind::Value, "write the chart by hand"),
        later("k8s-helm-output-dir", FlagKind::Value, "write the chart by hand"),
        later("k8s-helm-volume", FlagKind::Repeated, "write the chart by hand"),
        later("k8s-helm-manifests", FlagKind::Value, "write the chart by hand"),
        later("k8s-helm-set", FlagKind::Repeated, "write the chart by hand"),
    };
}

}  // namespace

const flags::Command& command_table() {
    static const flags::Command table{
        .name = "sconify_image",
        .about =
            "Converts a container image into one whose service runs in an SGX enclave, with its "
            "files encrypted and its configuration given out by CAS after attestation. Prints "
            "NAMESPACE/SESSION.",
        .flags = all_flags(),
        .examples =
            {{"sconify_image --from=oci:native-flask --to=oci:encrypted-flask "
              "--binary=/usr/bin/python3.11 --dir=/app --dir=/tls --cas=localhost "
              "--service-name=my-flask-service --name=my-flask-session "
              "--namespace=my-workflow-namespace-1 --create-namespace --heap=1G --stack=4M "
              "--dlopen=1 "
              "--cas-debug --allow-debug-mode",
              "A Python service with encrypted code and keys:"},
             {"sconify_image --from=repo/redis --to=repo/redis-sconified --binary=redis-server "
              "--base=native --disable-session-upload",
              "In place, without a CAS; the session file is written only:"}},
        .notes =
            "Known services, whose libraries are copied: python3.\n"
            "In place of a script, give the program that it starts: gunicorn -> python3 -m "
            "gunicorn."};
    return table;
}

}  // namespace scone::sconify
