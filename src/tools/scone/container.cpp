#include "tools/scone/container.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "lib/base/result.h"

namespace scone::tools {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;
using Clock = std::chrono::steady_clock;

constexpr int kStopSignals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
constexpr int kOtherSignals[] = {SIGUSR1, SIGUSR2, SIGCHLD};
constexpr long kRamfsMagic = 0x858458f6;

Outcome<pid_t> start(const std::vector<std::string>& words, const sigset_t& mask) {
    std::vector<char*> arguments;
    for (const std::string& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0)
        return failure(ExitCode::Failed,
                       fmt::format("cannot start '{}': {}", words[0], std::strerror(errno)));
    if (pid > 0)
        return pid;
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent)
        ::_exit(1);
    ::signal(SIGPIPE, SIG_DFL);
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

// nullopt: still running.
std::optional<int> ended(pid_t pid) {
    int status = 0;
    const pid_t got = ::waitpid(pid, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR))
        return std::nullopt;
    if (got < 0)
        return static_cast<int>(ExitCode::Failed);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Runs a short command of runc's and waits for it.
int run_short(const std::vector<std::string>& words, const sigset_t& mask) {
    const auto pid = start(words, mask);
    if (!pid)
        return static_cast<int>(ExitCode::Failed);
    int status = 0;
    while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class Run {
  public:
    Run(const std::string& runc, const std::string& state_folder, const SignalHold& signals)
        : base_{runc, "--root", state_folder},
          id_(fmt::format("scone-{}", ::getpid())),
          signals_(signals) {}

    Outcome<int> carry_out(const std::string& bundle) {
        std::vector<std::string> words = base_;
        // Where cgroups cannot be written, runc goes on without them only if told so.
        if (::access("/sys/fs/cgroup", W_OK) != 0)
            words.insert(words.begin() + 1, "--rootless=true");
        words.insert(words.end(), {"run", "--bundle", bundle});
        struct statfs root = {};
        if (::statfs("/", &root) == 0 && root.f_type == kRamfsMagic)
            words.push_back("--no-pivot");
        words.push_back(id_);
        pid_ = SCONE_TRY(start(words, signals_.before()));
        const int code = wait();
        // Nothing to delete is the usual case: runc has done so at the program's end.
        if (::access(fmt::format("{}/{}", base_[2], id_).c_str(), F_OK) == 0)
            run_short(with({"delete", "--force", id_}), signals_.before());
        return code;
    }

  private:
    std::vector<std::string> with(std::initializer_list<std::string> more) const {
        std::vector<std::string> words = base_;
        words.insert(words.end(), more);
        return words;
    }

    int wait() {
        while (true) {
            if (auto code = ended(pid_))
                return *code;
            const timespec pause{.tv_sec = 0, .tv_nsec = 200'000'000};
            siginfo_t info{};
            const int signal = ::sigtimedwait(&signals_.held(), &info, &pause);
            // What the terminal sends (^C), runc has got, too: it is of our process group.
            if (signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL)
                forward(signal);
            if (kill_at_ && Clock::now() > *kill_at_) {
                kill_at_.reset();
                run_short(with({"kill", id_, "KILL"}), signals_.before());
            }
        }
    }
    void forward(int signal) {
        ::kill(pid_, signal);  // runc passes it on to the container's process 1
        if (signal == SIGTERM && !kill_at_)
            kill_at_ = Clock::now() + std::chrono::milliseconds(kStopGraceMs);
    }

    std::vector<std::string> base_;
    std::string id_;
    const SignalHold& signals_;
    pid_t pid_ = -1;
    std::optional<Clock::time_point> kill_at_;
};

}  // namespace

SignalHold::SignalHold() {
    sigemptyset(&held_);
    for (int signal : kStopSignals)
        sigaddset(&held_, signal);
    for (int signal : kOtherSignals)
        sigaddset(&held_, signal);
    ::sigprocmask(SIG_BLOCK, &held_, &before_);
}

SignalHold::~SignalHold() {
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int SignalHold::pending_stop() const {
    sigset_t waiting{};
    ::sigpending(&waiting);
    for (int signal : kStopSignals)
        if (sigismember(&waiting, signal) == 1)
            return signal;
    return 0;
}

Outcome<std::string> find_runc() {
    const char* path = std::getenv("PATH");
    std::string_view folders = path != nullptr ? path : "";
    std::string all = fmt::format("{}:/usr/sbin:/usr/bin:/sbin:/bin", folders);
    for (std::string_view rest = all; !rest.empty();) {
        const size_t colon = rest.find(':');
        const std::string candidate = fmt::format("{}/runc", rest.substr(0, colon));
        if (candidate.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0)
            return candidate;
        rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
    }
    return failure(ExitCode::NotFound, "runc is not installed", "running the image",
                   "apt-get install runc");
}

Outcome<int> run_container(const std::string& runc, const std::string& bundle,
                           const std::string& state_folder, const SignalHold& signals) {
    return Run(runc, state_folder, signals).carry_out(bundle);
}

}  // namespace scone::tools
