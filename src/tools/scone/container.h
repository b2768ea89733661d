// One run of a bundle with runc, from start to end.
//
// Side:    host
// Signals: while one lives, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 and SIGCHLD are
//          blocked in this thread and those it starts; run() forwards them. A program that does not
//          end within kStopGraceMs of SIGTERM is killed.
// Errors:  NotFound (no runc), Denied (not root), Failed
// Threads: one, made before any other thread of the process
#pragma once

#include <signal.h>

#include <string>

#include "lib/text/failure.h"

namespace scone::tools {

inline constexpr int kStopGraceMs = 10'000;

class SignalHold {
  public:
    SignalHold();
    SignalHold(const SignalHold&) = delete;
    SignalHold& operator=(const SignalHold&) = delete;
    ~SignalHold();

    // SIGTERM, SIGINT, SIGHUP or SIGQUIT when one of them waits, else 0. It keeps waiting.
    int pending_stop() const;
    const sigset_t& held() const { return held_; }
    const sigset_t& before() const { return before_; }

  private:
    sigset_t held_{};
    sigset_t before_{};
};

// Where runc is; NotFound with what to install.
text::Outcome<std::string> find_runc();

// Runs the bundle and waits: the program's exit code, 128 + n when signal n ended it. Leaves no
// process and no state of runc behind. `state_folder` receives runc's state.
text::Outcome<int> run_container(const std::string& runc, const std::string& bundle,
                                 const std::string& state_folder, const SignalHold& signals);

}  // namespace scone::tools
