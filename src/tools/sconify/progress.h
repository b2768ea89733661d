// What the tool says on stderr while it works.
//
// Side: host
#pragma once

#include <chrono>
#include <string>

#include "tools/sconify/options.h"

namespace scone::sconify {

class Progress {
  public:
    Progress(const Options& options, int step_count);

    // Ends the step before with its time, and begins the next.
    void step(const std::string& name);
    void finish();
    void warn(const std::string& text);
    // A line of its own: what was found or made.
    void note(const std::string& text);
    // "step 1 of 9, reading the native image"
    std::string current() const;

  private:
    void end_step();

    text::Colour colour_;
    bool trace_;
    int step_count_, number_ = 0;
    std::string name_;
    std::chrono::steady_clock::time_point started_, step_started_;
};

}  // namespace scone::sconify
