#include "tools/sconify/progress.h"

#include <fmt/format.h>

#include <cstdio>

namespace scone::sconify {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

Progress::Progress(const Options& options, int step_count)
    : colour_(options.colour),
      trace_(options.trace),
      step_count_(step_count),
      started_(Clock::now()),
      step_started_(started_) {}

void Progress::end_step() {
    if (number_ > 0 && trace_)
        fmt::print(stderr, "+ step {} took {:.3f} s\n", number_, seconds_since(step_started_));
}

void Progress::step(const std::string& name) {
    end_step();
    ++number_;
    name_ = name;
    step_started_ = Clock::now();
    fmt::print(stderr, "[{}/{}] {}\n", number_, step_count_, name);
}

void Progress::finish() {
    end_step();
    fmt::print(stderr, "done in {:.2f} s\n", seconds_since(started_));
}

void Progress::warn(const std::string& text) {
    cli::warn("sconify_image", text, colour_);
}

void Progress::note(const std::string& text) {
    fmt::print(stderr, "      {}\n", text);
}

std::string Progress::current() const {
    return number_ == 0 ? "" : fmt::format("step {} of {}, {}", number_, step_count_, name_);
}

}  // namespace scone::sconify
