#include "runtime/host/launcher/launch_info.h"

#include <unistd.h>

#include <cstring>

#include "lib/base/checked.h"
#include "runtime/boundary/wire/host_window.h"

namespace scone::launcher {
namespace {

class Block {
  public:
    uint64_t size() const { return bytes_.size(); }
    void align() { bytes_.resize(base::round_up(bytes_.size(), 8)); }
    uint64_t add(base::Bytes bytes) {
        uint64_t at = bytes_.size();
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return at;
    }
    uint64_t add_string(const std::string& text) {
        uint64_t at = add(base::as_bytes(text));
        bytes_.push_back(0);
        return at;
    }
    std::vector<uint64_t> words(const boundary::LaunchInfo& header) {
        align();
        std::memcpy(bytes_.data(), &header, sizeof header);
        std::vector<uint64_t> result(bytes_.size() / 8);
        std::memcpy(result.data(), bytes_.data(), bytes_.size());
        return result;
    }

  private:
    std::vector<uint8_t> bytes_ = std::vector<uint8_t>(sizeof(boundary::LaunchInfo));
};

}  // namespace

std::vector<uint64_t> encode_launch_info(const LaunchContent& content) {
    boundary::LaunchInfo info{};
    Block block;
    info.string_offset = block.size();
    for (const std::string& argument : content.arguments)
        block.add_string(argument);
    for (const std::string& variable : content.environment)
        block.add_string(variable);
    info.program_path_offset = block.add_string(content.program_path);
    info.working_directory_offset = block.add_string(content.working_directory);
    info.string_size = static_cast<uint32_t>(block.size() - info.string_offset);
    block.align();
    info.plan_offset = block.add(content.plans);
    info.plan_size = content.plans.size();
    block.align();
    info.sigstruct_offset = block.add(content.sigstruct);
    info.sigstruct_size = content.sigstruct.size();
    block.align();
    info.size = block.size();
    info.machine = content.machine;
    info.argument_count = static_cast<uint32_t>(content.arguments.size());
    info.environment_count = static_cast<uint32_t>(content.environment.size());
    info.host_pid = static_cast<uint64_t>(getpid());
    info.host_parent_pid = static_cast<uint64_t>(getppid());
    info.xsave_features = content.xsave_features;
    info.user_id = getuid();
    info.effective_user_id = geteuid();
    info.group_id = getgid();
    info.effective_group_id = getegid();
    info.ignored_signals = content.signals.ignored;
    info.blocked_signals = content.signals.blocked;
    return block.words(info);
}

}  // namespace scone::launcher
