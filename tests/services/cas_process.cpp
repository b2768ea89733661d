#include "cas_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <sstream>
#include <thread>

#include "lib/policy/key_hash.h"

namespace scone::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kStartLimit = std::chrono::seconds(20);
constexpr auto kStopLimit = std::chrono::seconds(20);
constexpr auto kPoll = std::chrono::milliseconds(5);

std::string read_text(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
    std::string name = testing::TempDir() + "scone_services_XXXXXX";
    path_ = mkdtemp(name.data());
}
TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

CasProcess::CasProcess(const fs::path& state, const std::vector<std::string>& more_options)
    : state_(state), log_(state.string() + ".log") {
    std::vector<std::string> words{SCONE_CAS_PROGRAM,
                                   "--state",
                                   state.string(),
                                   "--listen-api=127.0.0.1:0",
                                   "--listen-enclave=127.0.0.1:0",
                                   "--connections-per-second=0"};
    words.insert(words.end(), more_options.begin(), more_options.end());
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    fs::remove(log_);
    pid_ = fork();
    if (pid_ == 0) {
        int log = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(log, 1);
        dup2(log, 2);
        execv(SCONE_CAS_PROGRAM, arguments.data());
        _exit(127);
    }
    auto limit = Clock::now() + kStartLimit;
    while (Clock::now() < limit && enclave_port_ == 0) {
        siginfo_t info{};
        if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == pid_)
            return;  // it has ended: stop() says how
        std::this_thread::sleep_for(kPoll);
        enclave_port_ = port_behind("enclave port is listening on ");
    }
    api_port_ = port_behind("client API is listening on ");
}

CasProcess::~CasProcess() {
    if (pid_ > 0)
        stop();
}

std::string CasProcess::output() const {
    return read_text(log_);
}

uint16_t CasProcess::port_behind(const std::string& words) const {
    std::string text = output();
    size_t at = text.find(words);
    size_t end = at == std::string::npos ? at : text.find('\n', at);
    if (end == std::string::npos)
        return 0;
    size_t colon = text.rfind(':', end);
    return static_cast<uint16_t>(std::stoi(text.substr(colon + 1, end - colon - 1)));
}

double CasProcess::cpu_seconds() const {
    // Linux proc(5): fields 14 and 15, counted from behind the program's name in brackets.
    std::string text = read_text("/proc/" + std::to_string(pid_) + "/stat");
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int i = 3; i < 14; ++i)
        fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

int CasProcess::stop(int signal) {
    auto begin = Clock::now();
    kill(pid_, signal);
    int status = wait_for_end();
    stop_seconds_ = std::chrono::duration<double>(Clock::now() - begin).count();
    pid_ = -1;
    for (const char* of_a_sanitizer : {"Sanitizer: ", ": runtime error: "}) {
        if (output().find(of_a_sanitizer) != std::string::npos) {
            ADD_FAILURE() << output();
            break;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int CasProcess::wait_for_end() {
    auto limit = Clock::now() + kStopLimit;
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
        if (Clock::now() > limit)
            kill(pid_, SIGKILL);
        std::this_thread::sleep_for(kPoll);
    }
    return status;
}

net::TlsClientOptions CasProcess::client(const net::ClientIdentity* identity) const {
    net::TlsClientOptions options;
    options.server = {"127.0.0.1", api_port_};
    auto root = crypto::Certificate::from_pem(read_text(state_ / "ca/cas.crt"));
    EXPECT_TRUE(root) << "no root certificate in " << state_;
    if (root)
        options.expectation.roots = {*root};
    options.identity = identity;
    return options;
}

net::TlsClientOptions CasProcess::enclave_client(const net::ClientIdentity* identity) const {
    auto options = client(identity);
    options.server.port = enclave_port_;
    return options;
}

net::ClientIdentity make_identity() {
    auto key = crypto::PrivateKey::generate(crypto::NewKey::P256).value();
    crypto::CertificateSpec spec;
    spec.common_name = "client";
    spec.not_before = std::time(nullptr) - 3600;
    spec.not_after = spec.not_before + 24 * 3600;
    auto certificate = crypto::make_self_signed(spec, key).value();
    return {certificate.pem().value(), key.pkcs8_pem().value()};
}

std::string key_hash_of(const net::ClientIdentity& identity) {
    return policy::key_hash_of_certificate(identity.certificate_pem).value();
}

}  // namespace scone::test
