#include "tools/scone/cmd_fspf.h"

#include "lib/base/hex.h"
#include "lib/base/result.h"
#include "lib/fspf/region.h"
#include "tools/cli/error_report.h"
#include "tools/fspf_files/fspf_file.h"

namespace scone::tools {
namespace {

using flags::Arity;
using flags::Command;
using flags::FlagKind;
using flags::ParsedCommand;

const flags::Argument kFile{.name = "FILE", .help = "the file system protection file"};

Command addr_command() {
    return {
        .name = "addr",
        .about = "Add a region to a file system protection file.",
        .flags =
            {
                {.name = "encrypted", .letter = 'e', .help = "content is encrypted"},
                {.name = "authenticated",
                 .letter = 'a',
                 .help = "content is readable, changes are found out"},
                {.name = "not-protected", .letter = 'n', .help = "files of the host as they are"},
                {.name = "kernel",
                 .kind = FlagKind::Value,
                 .value = "SRC",
                 .help = "the folder in which the host keeps the region's files"},
                {.name = "ephemeral", .help = "files live in memory only"},
                {.name = "chunk-size",
                 .letter = 'c',
                 .kind = FlagKind::Value,
                 .value = "BYTES",
                 .help = "content per authentication tag",
                 .default_value = "4096",
                 .choices = "4096"},
                {.name = "key-length",
                 .letter = 'k',
                 .kind = FlagKind::Value,
                 .value = "BYTES",
                 .help = "size of the files' keys, in bytes or bits",
                 .default_value = "32",
                 .choices = "32|256"},
            },
        .arguments = {kFile, {.name = "REGION", .help = "its path in the program's view"}},
        .examples = {{"scone fspf addr fs.fspf / -n --kernel /", "what has no region of its own"},
                     {"scone fspf addr fs.fspf /app --encrypted --kernel /fspf/encrypted-files/app",
                      "files of /app are kept encrypted in another folder"}},
    };
}

std::string hex(base::Bytes bytes) {
    std::string text(2 * bytes.size(), '0');
    base::hex_encode(bytes, text);
    return text;
}

// "/app/" is "/app".
std::string without_last_slash(std::string path) {
    while (path.size() > 1 && path.back() == '/')
        path.pop_back();
    return path;
}

text::Outcome<std::string> create(const ParsedCommand& parsed) {
    const std::string& file = parsed.arguments[0];
    if (parsed.arguments.size() > 1 && parsed.arguments[1] != "1")
        return text::failure(text::ExitCode::Unsupported,
                             "expected format version 1, got '" + parsed.arguments[1] + "'");
    auto tag = SCONE_TRY(create_fspf(file));
    return "Created empty file system protection file in " + file + ". AES-GCM tag: " + hex(tag) +
           "\n";
}

text::Outcome<RegionOptions> region_options(const ParsedCommand& parsed) {
    RegionOptions region;
    region.path = without_last_slash(parsed.arguments[1]);
    if (!fspf::is_clean_path(region.path))
        return text::failure(text::ExitCode::Usage,
                             "expected an absolute path without '.' and '..'"
                             " as REGION, got '" +
                                 parsed.arguments[1] + "'");
    bool encrypted = parsed.given("encrypted"), authenticated = parsed.given("authenticated");
    if (encrypted + authenticated + parsed.given("not-protected") != 1)
        return text::failure(text::ExitCode::Usage,
                             "expected one of --encrypted, --authenticated and --not-protected");
    if (parsed.given("kernel") == parsed.given("ephemeral"))
        return text::failure(text::ExitCode::Usage, "expected one of --kernel=SRC and --ephemeral");
    region.protection = encrypted       ? fspf::Protection::Encrypted
                        : authenticated ? fspf::Protection::Authenticated
                                        : fspf::Protection::None;
    region.backing = parsed.given("kernel") ? fspf::Backing::Kernel : fspf::Backing::Ephemeral;
    region.backing_path = without_last_slash(parsed.value_or("kernel", ""));
    if (parsed.given("kernel") && !fspf::is_clean_path(region.backing_path))
        return text::failure(text::ExitCode::Usage,
                             "expected an absolute path without '.' and '..'"
                             " as --kernel, got '" +
                                 region.backing_path + "'");
    return region;
}

text::Outcome<std::string> addr(const ParsedCommand& parsed) {
    const std::string& file = parsed.arguments[0];
    RegionOptions region = SCONE_TRY(region_options(parsed));
    auto tag = SCONE_TRY(add_region(file, region));
    return "Added region " + parsed.arguments[1] + " to file system protection file " + file +
           " new AES-GCM tag: " + hex(tag) + "\n";
}

text::Outcome<std::string> addf(const ParsedCommand& parsed) {
    const std::string& file = parsed.arguments[0];
    auto added = SCONE_TRY(add_files(
        file, without_last_slash(parsed.arguments[1]), without_last_slash(parsed.arguments[2]),
        parsed.arguments.size() > 3 ? without_last_slash(parsed.arguments[3]) : std::string()));
    for (const std::string& path : added.skipped)
        cli::warn("scone fspf addf", "'" + path + "' is no file, folder or link: not added",
                  cli::colour_for(stderr));
    return "Added files to file system protection file " + file +
           " new AES-GCM tag: " + hex(added.tag) + "\n";
}

text::Outcome<std::string> encrypt(const ParsedCommand& parsed) {
    const std::string& file = parsed.arguments[0];
    auto encrypted = SCONE_TRY(encrypt_fspf(file));
    return "Encrypted file system protection file " + file + " AES-GCM tag: " + hex(encrypted.tag) +
           " key: " + hex(encrypted.key.expose()) + "\n";
}

text::Outcome<std::string> show(const ParsedCommand& parsed) {
    const std::string& file = parsed.arguments[0];
    if (parsed.given("tag"))
        return hex(SCONE_TRY(tag_of_fspf(file))) + "\n";
    return describe_fspf(file, parsed.arguments.size() > 1 ? parsed.arguments[1] : std::string());
}

}  // namespace

Command fspf_command() {
    Command command{.name = "fspf", .about = "Make and show file system protection files."};
    command.subcommands.push_back(
        {.name = "create",
         .about = "Create an empty file system protection file, not encrypted yet.",
         .arguments = {kFile,
                       {.name = "VERSION", .help = "format version", .arity = Arity::Optional}},
         .examples = {{"scone fspf create fs.fspf", "to be filled by addr and addf"}}});
    command.subcommands.push_back(addr_command());
    command.subcommands.push_back(
        {.name = "addf",
         .about = "Add a folder with all that is in it to an authenticated or encrypted region.",
         .arguments = {kFile,
                       {.name = "REGION", .help = "where it appears in the program's view"},
                       {.name = "SRC", .help = "the folder or file to add"},
                       {.name = "OUT",
                        .help = "receives what the host is to keep; needed for encrypted regions",
                        .arity = Arity::Optional}},
         .examples = {{"scone fspf addf fs.fspf /app ./app ./encrypted-files/app",
                       "encrypts ./app into ./encrypted-files/app"}}});
    command.subcommands.push_back(
        {.name = "encrypt",
         .about = "Encrypt a finished file system protection file and print its tag and key.",
         .arguments = {kFile},
         .examples = {{"scone fspf encrypt fs.fspf", "the policy needs both"}}});
    command.subcommands.push_back(
        {.name = "show",
         .about = "Show what a file system protection file holds.",
         .flags = {{.name = "tag", .letter = 't', .help = "print the tag only"}},
         .arguments = {kFile,
                       {.name = "KEY",
                        .help = "64 hexadecimal digits; of an encrypted file",
                        .arity = Arity::Optional}},
         .examples = {{"scone fspf show fs.fspf -t", "the tag of the file as it stands"}}});
    return command;
}

text::Outcome<std::string> run_fspf(const ParsedCommand& parsed) {
    std::string_view name = parsed.command->name;
    if (name == "create")
        return create(parsed);
    if (name == "addr")
        return addr(parsed);
    if (name == "addf")
        return addf(parsed);
    if (name == "encrypt")
        return encrypt(parsed);
    if (name == "show")
        return show(parsed);
    return text::failure(text::ExitCode::Usage, "expected one of create, addr, addf, encrypt, show",
                         {}, "scone fspf --help");
}

}  // namespace scone::tools
