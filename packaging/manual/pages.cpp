#include "manual/pages.h"

#include "runtime/host/launcher/run_options.h"
#include "services/cas/options.h"
#include "services/las/las_options.h"
#include "tools/scone/command_table.h"
#include "tools/sconify/options.h"

namespace scone::packaging {
namespace {

using flags::Manual;
using flags::ManualEntry;

const ManualEntry kFuseKey{
    "SCONE_SIM_FUSE_KEY_FILE",
    "file of 16 bytes that stands for the fuses of the simulated processor; enclaves and LAS of "
    "one "
    "simulated machine need the same one; a key that everybody knows where it is not set"};
const ManualEntry kEnclaveImage{
    "/usr/lib/scone/enclave.img",
    "the runtime; looked for beside the program and in ../lib/scone before"};

Manual scone() {
    return {
        .command = tools::scone_command(),
        .summary = "attest CAS, manage sessions, protect files, run images",
        .description =
            "Attests a configuration and attestation service (CAS) and remembers it, creates, "
            "updates and reads the sessions (policies) that it keeps, makes file system protection "
            "files, and runs images with runc.\n\n"
            "Results go to stdout, everything else to stderr. An error is told in three lines at "
            "most: what happened, while doing what, and what to try next.",
        .environment =
            {{"HOME", "where the state file is if neither --config nor SCONE_CLI_CONFIG names it"},
             {"NO_COLOR", "if set, messages have no colours"},
             {"DOCKER_HOST", "the Docker daemon from which images are read"}},
        .files = {{"~/.cas/config.json",
                   "identity and attested CAS of this user, mode 0600; made at first use"},
                  {"/usr/lib/scone/scone-init",
                   "process 1 of the containers of scone run; looked for beside scone and in "
                   "../lib/scone"}},
        .exit_status =
            "scone run ends as the program in the image does, with 128 + n where signal "
            "n ended it. In all other cases:",
        .see_also = {"sconify_image(1)", "scone-run(1)", "scone-cas(8)", "scone-las(8)"},
    };
}

Manual sconify_image() {
    return {
        .command = sconify::command_table(),
        .summary = "convert a container image into an encrypted one for SGX",
        .description =
            "Reads a native container image, finds the program that shall run in an enclave and "
            "what it needs, encrypts the folders named by --dir, authenticates everything else, "
            "writes the converted image, and uploads the session (policy) that holds the keys to "
            "CAS. Neither a Docker daemon nor SGX is needed.\n\n"
            "Printed on stdout is NAMESPACE/SESSION and nothing else; progress and warnings go to "
            "stderr. The session file holds the key of the file system and has mode 0600.",
        .environment = {{"DOCKER_HOST",
                         "the Docker daemon; /var/run/docker.sock where it is not set"},
                        {"SCONE_CLI_CONFIG",
                         "state file of scone(1), whose default CAS and identity are used"},
                        {"SCONE_RUNTIME_DIR",
                         "folder of starter and enclave.img, if not the installed one"},
                        {"NO_COLOR", "if set, messages have no colours"}},
        .files = {kEnclaveImage,
                  {"/usr/lib/scone/starter", "what stands in the program's place in the result"},
                  {"/build-resources/session.yml, ./build-resources/session.yml",
                   "the session, if --session does not name a file; the first where that folder is "
                   "writable"},
                  {"~/.cas/config.json", "identity and attested CAS of this user"}},
        .exit_status = "",
        .see_also = {"scone(1)", "scone-cas(8)", "scone-las(8)"},
    };
}

Manual scone_run() {
    return {
        .command = launcher::run_command(),
        .summary = "run a program of this computer in an enclave, unprotected",
        .description =
            "Measures the program with its interpreter and libraries, builds an enclave of the "
            "runtime around it, and runs it there. Its files are those of the host, and none of "
            "them is protected: this is for development and tests. Images of services are made by "
            "sconify_image(1).\n\n"
            "Without SGX hardware the simulated processor is used, which protects nothing; a line "
            "on stderr says so at each start.",
        .environment =
            {{"SCONE_LOG",
              "level of messages: trace (shows every system call), debug, info, warning, error, "
              "fatal"},
             {"SCONE_VERSION", "if set, print the settings that are in force"},
             {"SCONE_HASH", "if set, print MRENCLAVE of this program with these settings and end"},
             {"SCONE_CONFIG_ID",
              "attest, and take arguments, environment and secrets from this "
              "SESSION/SERVICE of CAS"},
             {"SCONE_CAS_ADDR", "address of CAS"},
             {"SCONE_LAS_ADDR", "address of LAS"},
             {"SCONE_REWRITE", "0 leads no system call of the program to the runtime in advance"},
             {"SCONE_SHARED_MEMORY",
              "deny refuses memory shared between processes, which lies outside of the enclave"},
             kFuseKey,
             {"XDG_CACHE_HOME",
              "where made signatures and patch plans are kept, in its folder scone"}},
        .files = {kEnclaveImage,
                  {"/usr/lib/scone/scone-sign-debug",
                   "signs enclaves with the debug key, which everybody has"},
                  {"~/.cache/scone", "what is kept between starts"}},
        .exit_status =
            "scone-run ends as the program does, with 128 + n where signal n ended it. "
            "If the program was not started:",
        .see_also = {"scone(1)", "sconify_image(1)", "scone-cas(8)", "scone-las(8)"},
    };
}

Manual scone_cas() {
    return {
        .command = cas::command_table(),
        .section = 8,
        .summary = "configuration and attestation service",
        .description =
            "Keeps sessions (policies) with their secrets, encrypted; attests services by the "
            "quotes "
            "of their enclaves; and gives a service that is what its policy demands its arguments, "
            "environment, files, secrets and keys. It stops on SIGTERM and SIGINT.\n\n"
            "Where it runs outside of an enclave, whoever controls its machine can read every "
            "secret in it. It says so at each start, and scone cas attest fails against it unless "
            "told otherwise.\n\n"
            "Quotes of real enclaves are verified with Intel's collateral from the folder that "
            "--collateral names.",
        .environment = {{"OPENSSL_CONF",
                         "OpenSSL's configuration; /etc/ssl/openssl.cnf if not set"}},
        .files = {{"/var/lib/scone/cas/cas.db", "sessions and secrets, encrypted"},
                  {"/var/lib/scone/cas/cas.key", "the key of all of it, mode 0600"},
                  {"/var/lib/scone/cas/cas.root", "the newest state; an older cas.db is refused"},
                  {"/var/lib/scone/cas/audit.log",
                   "what was attested, refused and changed, signed"},
                  {"/var/lib/scone/cas/ca/cas.crt", "root certificate, for curl --cacert"}},
        .exit_status = "",
        .see_also = {"scone(1)", "scone-las(8)"},
    };
}

Manual scone_las() {
    return {
        .command = las::command_table(),
        .section = 8,
        .summary = "local attestation service",
        .description =
            "Turns the local report of an enclave into a quote that CAS can check from afar. One "
            "runs on each machine that runs enclaves. It holds no secret of any service, and CAS "
            "checks all that it returns: a false LAS can only refuse. It stops on SIGTERM and "
            "SIGINT.",
        .environment = {kFuseKey},
        .files = {{"/var/lib/scone/las/attestation.key, /var/lib/scone/las/pck.key",
                   "keys of simulated quotes, mode 0600; made at the first start"},
                  {"/var/run/aesmd/aesm.socket", "Intel's AESM service, for quotes of hardware"}},
        .exit_status = "",
        .see_also = {"scone(1)", "scone-cas(8)"},
    };
}

}  // namespace

std::vector<Manual> manual_pages() {
    return {scone(), sconify_image(), scone_run(), scone_cas(), scone_las()};
}

}  // namespace scone::packaging
