#include "tools/oci/stream.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace scone::oci {

Outcome<size_t> FileSource::read(MutableBytes out) {
    while (true) {
        const ssize_t count = ::read(file_.get(), out.data(), out.size());
        if (count >= 0)
            return static_cast<size_t>(count);
        if (errno != EINTR)
            return failure(ExitCode::Failed,
                           fmt::format("cannot read '{}': {}", name_, std::strerror(errno)));
    }
}

Outcome<void> FileSink::write(Bytes data) {
    return write_fully(file_.get(), data, name_);
}

Outcome<void> FileSink::finish() {
    if (const int error = file_.close(); error != 0)
        return failure(ExitCode::Failed,
                       fmt::format("cannot write '{}': {}", name_, std::strerror(error)));
    return {};
}

Outcome<size_t> HashingSource::read(MutableBytes out) {
    const size_t count = SCONE_TRY(inner_->read(out));
    hash_.update(out.first(count));
    size_ += count;
    return count;
}

Outcome<size_t> CheckingSource::read(MutableBytes out) {
    if (ended_)
        return size_t{0};
    const size_t count = SCONE_TRY(inner_->read(out));
    hash_.update(out.first(count));
    size_ += count;
    if (count > 0 && !(expected_size_ && size_ > *expected_size_))
        return count;
    ended_ = true;
    if (expected_size_ && size_ != *expected_size_)
        return failure(
            ExitCode::Integrity,
            fmt::format("{} has another size than its descriptor says: expected {} "
                        "bytes, got {}",
                        name_, *expected_size_, count > 0 ? "more" : std::to_string(size_)));
    if (const Digest got = hash_.finish(); got != expected_)
        return failure(ExitCode::Integrity, fmt::format("{} is damaged: expected {}, got {}", name_,
                                                        expected_.text(), got.text()));
    return count;
}

namespace {

constexpr size_t kPieceSize = 512 * 1024;
constexpr size_t kMaxPieces = 8;

class PrefetchSource : public ByteSource {
  public:
    explicit PrefetchSource(std::unique_ptr<ByteSource> inner) : inner_(std::move(inner)) {
        reader_ = std::thread([this] { run(); });
    }
    ~PrefetchSource() override {
        {
            const std::lock_guard lock(mutex_);
            stopped_ = true;
        }
        changed_.notify_all();
        reader_.join();
    }

    Outcome<size_t> read(MutableBytes out) override {
        if (used_ == current_.size()) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return !pieces_.empty() || ended_; });
            if (pieces_.empty()) {
                if (error_)
                    return std::unexpected(*error_);
                return size_t{0};
            }
            current_ = std::move(pieces_.front());
            pieces_.pop_front();
            used_ = 0;
            changed_.notify_all();
        }
        const size_t count = std::min(out.size(), current_.size() - used_);
        base::copy_bytes(out, Bytes(current_).subspan(used_, count));
        used_ += count;
        return count;
    }

  private:
    void run() {
        while (true) {
            std::vector<uint8_t> piece(kPieceSize);
            size_t filled = 0;
            std::optional<text::Failure> error;
            while (filled < piece.size()) {
                auto count = inner_->read(MutableBytes(piece).subspan(filled));
                if (!count)
                    error = count.error();
                if (!count || *count == 0)
                    break;
                filled += *count;
            }
            const bool last = filled < piece.size();
            piece.resize(filled);
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return pieces_.size() < kMaxPieces || stopped_; });
            if (filled > 0)
                pieces_.push_back(std::move(piece));
            error_ = std::move(error);
            ended_ = last || stopped_;
            changed_.notify_all();
            if (ended_)
                return;
        }
    }

    std::unique_ptr<ByteSource> inner_;
    std::vector<uint8_t> current_;
    size_t used_ = 0;
    std::mutex mutex_;  // protects the members below
    std::condition_variable changed_;
    std::deque<std::vector<uint8_t>> pieces_;
    std::optional<text::Failure> error_;
    bool ended_ = false;
    bool stopped_ = false;
    std::thread reader_;
};

}  // namespace

std::unique_ptr<ByteSource> make_prefetch_source(std::unique_ptr<ByteSource> inner) {
    return std::make_unique<PrefetchSource>(std::move(inner));
}

Outcome<void> drain(ByteSource& source) {
    std::vector<uint8_t> block(64 * 1024);
    while (SCONE_TRY(source.read(block)) > 0) {
    }
    return {};
}

Outcome<std::string> read_all(ByteSource& source, size_t limit, std::string_view name) {
    std::string out;
    std::vector<uint8_t> block(16 * 1024);
    while (const size_t count = SCONE_TRY(source.read(block))) {
        if (out.size() + count > limit)
            return failure(ExitCode::InvalidInput,
                           fmt::format("{} is larger than {} bytes", name, limit));
        out += base::as_text(Bytes(block).first(count));
    }
    return out;
}

}  // namespace scone::oci
