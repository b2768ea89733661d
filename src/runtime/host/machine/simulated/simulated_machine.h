// A software SGX processor in the host's own process. It protects nothing.
//
// Side:    host
// Layout:  ELRANGE is reserved without access from 64 KiB up; behind its end lie the leaf pages, to
//          which the patched `enclu` slots jump; everything of the host lies above them
// Threads: as machine.h says
// Source:  docs/formats/host-boundary.md, Intel SDM volume 3D
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "lib/sgx/measurement.h"
#include "runtime/host/machine/machine.h"
#include "runtime/host/machine/simulated/processor.h"

namespace scone::machine {

class SimulatedMachine final : public Machine {
  public:
    Kind kind() const override { return Kind::Simulated; }

    text::Outcome<void> create(const EnclaveParameters& parameters) override;
    void offer_file(base::Bytes mapped, int descriptor) override;
    text::Outcome<void> add_pages(uint64_t offset, uint64_t count, base::Bytes content,
                                  uint64_t secinfo_flags, Measured measured) override;
    text::Outcome<void> set_enclu_slots(std::span<const uint64_t> addresses) override;
    text::Outcome<void> init(base::Bytes sigstruct) override;
    base::ByteArray<32> measurement() const override;

    int64_t extend(uint64_t address, uint64_t size, uint64_t protection,
                   Wanted wanted) noexcept override;
    int64_t protect(uint64_t address, uint64_t size, uint64_t protection) noexcept override;
    int64_t trim(uint64_t address, uint64_t size) noexcept override;
    int64_t remove(uint64_t address, uint64_t size) noexcept override;
    int64_t make_tcs(uint64_t address, uint64_t size) noexcept override;

    int64_t take_signals() noexcept override;
    void take_default_action(int number) noexcept override;
    int64_t watch_children(bool ignore_stops, bool reap) noexcept override;
    void block_signals() noexcept override;
    void unblock_signals() noexcept override;

    int64_t claim_tcs(uint64_t tcs_address, boundary::HostWindow* window,
                      LogicalProcessor** processor) noexcept override;
    void release_tcs(LogicalProcessor* processor) noexcept override;
    int64_t attach_thread(LogicalProcessor* processor, void* signal_stack) noexcept override;
    int64_t attach_forked_child(LogicalProcessor* processor) noexcept override;
    void set_plain_calls(std::span<const uint64_t, 8> bits) noexcept override;
    int64_t interruptible_call(LogicalProcessor* processor,
                               boundary::HostRequest& request) noexcept override;
    void enter(LogicalProcessor* processor, Run& run) noexcept override;

  private:
    text::Outcome<void> open_for_writing(uint64_t address, uint64_t size);
    std::optional<uint64_t> file_offset_of(base::Bytes content) const;
    text::Outcome<void> map_from_file(uint64_t address, uint64_t file_offset, uint64_t size);
    text::Outcome<void> finish_mapping();
    text::Outcome<void> build_leaf_pages();
    text::Outcome<void> close_pages();
    text::Outcome<void> prepare_locking();

    struct FileMapping {
        uint64_t address = 0;
        uint64_t file_offset = 0;
        uint64_t size = 0;
    };

    std::optional<sgx::Measurement> measurement_;
    base::Bytes file_;
    int file_descriptor_ = -1;
    FileMapping next_mapping_;  // grows while neighbours are added
    std::vector<uint64_t> enclu_slots_;
    std::vector<std::pair<uint64_t, uint64_t>> opened_;  // ranges that are writable for loading
};

}  // namespace scone::machine
