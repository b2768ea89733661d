// How fast protected content is read and built, beside a plain copy and the bare cipher.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "lib/fspf_writer/test_tree.h"

namespace scone::fspf::test {
namespace {

constexpr Attributes kAttributes{0644, 0, 0, {}};
constexpr size_t kFileSize = 1 << 20;

class NullSink : public ContentSink {
  public:
    Result<void> write(base::Bytes bytes) override {
        benchmark::DoNotOptimize(bytes.data());
        return {};
    }
    Result<void> skip(uint64_t) override { return {}; }
};

void plain_copy(benchmark::State& state) {
    auto from = pattern(kFileSize, 1);
    base::ByteArray<kBlockSize> out;
    size_t at = 0;
    for (auto _ : state) {
        memcpy(out.data(), from.data() + at, kBlockSize);
        benchmark::DoNotOptimize(out);
        at = (at + kBlockSize) % kFileSize;
    }
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kBlockSize));
}
BENCHMARK(plain_copy);

void bare_gcm_open(benchmark::State& state) {
    aead::GcmKeyContext context;
    aead::gcm_set_key(host_cipher(), seed_key(1), context);
    auto from = pattern(kFileSize, 1);
    base::ByteArray<kBlockSize> out;
    aead::Nonce nonce;
    aead::GcmTag tag;
    size_t at = 0;
    for (auto _ : state) {
        memcpy(out.data(), from.data() + at, kBlockSize);
        host_cipher().decrypt(context,
                              {nonce.bytes.data(), nullptr, 0, out.data(), out.data(), kBlockSize},
                              tag.data());
        benchmark::DoNotOptimize(tag);
        at = (at + kBlockSize) % kFileSize;
    }
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kBlockSize));
}
BENCHMARK(bare_gcm_open);

void read_block(benchmark::State& state, Protection protection) {
    auto writer = Writer::create(host_cipher());
    (void)(*writer)->add_region("/", Backing::Kernel, protection, "/fspf");
    auto content = pattern(kFileSize, 1);
    MemorySource source(content);
    std::vector<uint8_t> stored;
    MemorySink sink(stored);
    (void)(*writer)->add_file("/f", kAttributes, content.size(), source, &sink);
    auto sealed = (*writer)->finish();
    OpenFileSystem fs(sealed->bytes);
    if (!fs.open(sealed->key, sealed->tag))
        return state.SkipWithError("cannot open");
    Inode inode = *fs.reader.lookup_path("/f");
    ContentKey key;
    (void)fs.reader.load_content_key(inode, key);
    base::ByteArray<kBlockSize> out;
    uint64_t index = 0;
    for (auto _ : state) {
        if (!fs.reader.read_block(inode, key, index, source_of(stored), out))
            return state.SkipWithError("cannot read");
        benchmark::DoNotOptimize(out);
        index = (index + 1) % (kFileSize / kBlockSize);
    }
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kBlockSize));
}
BENCHMARK_CAPTURE(read_block, encrypted, Protection::Encrypted);
BENCHMARK_CAPTURE(read_block, authenticated, Protection::Authenticated);

std::vector<uint8_t> many_files(int count, SealedFspf& sealed) {
    auto writer = Writer::create(host_cipher());
    (void)(*writer)->add_region("/", Backing::Kernel, Protection::Encrypted, "/fspf");
    for (int i = 0; i < count; ++i) {
        auto content = pattern(20, 1);
        MemorySource source(content);
        NullSink sink;
        (void)(*writer)->add_file("/usr/lib/d" + std::to_string(i / 100) + "/f" + std::to_string(i),
                                  kAttributes, content.size(), source, &sink);
    }
    sealed = std::move(*(*writer)->finish());
    return sealed.bytes;
}

void open_and_lookup(benchmark::State& state) {
    SealedFspf sealed;
    OpenFileSystem fs(many_files(static_cast<int>(state.range(0)), sealed));
    for (auto _ : state) {
        (void)fs.open(sealed.key, sealed.tag);
        benchmark::DoNotOptimize(fs.reader.lookup_path("/usr/lib/d7/f777"));
    }
}
BENCHMARK(open_and_lookup)->Arg(1000)->Arg(100'000);

void lookup_in_kept_pages(benchmark::State& state) {
    SealedFspf sealed;
    OpenFileSystem fs(many_files(1000, sealed));
    (void)fs.open(sealed.key, sealed.tag);
    for (auto _ : state)
        benchmark::DoNotOptimize(fs.reader.lookup_path("/usr/lib/d7/f777"));
}
BENCHMARK(lookup_in_kept_pages);

void build(benchmark::State& state, const std::vector<std::vector<uint8_t>>& files,
           Protection protection, std::optional<uint8_t> seed) {
    for (auto _ : state) {
        std::optional<Key> key;
        if (seed)
            key = seed_key(*seed);
        auto writer = Writer::create(host_cipher(), key);
        (void)(*writer)->add_region("/", Backing::Kernel, protection, "/fspf");
        std::atomic<size_t> next = 0;
        auto work = [&] {
            for (size_t i = next++; i < files.size(); i = next++) {
                MemorySource source(files[i]);
                NullSink sink;
                (void)(*writer)->add_file("/d" + std::to_string(i / 100) + "/" + std::to_string(i),
                                          kAttributes, files[i].size(), source, &sink);
            }
        };
        std::thread other(work);
        work();
        other.join();
        benchmark::DoNotOptimize((*writer)->finish());
    }
}

void build_186_mb(benchmark::State& state, Protection protection, std::optional<uint8_t> seed) {
    std::vector<std::vector<uint8_t>> files(1860);
    for (auto& file : files)
        file = pattern(100'000, 1);
    build(state, files, protection, seed);
}
BENCHMARK_CAPTURE(build_186_mb, encrypted, Protection::Encrypted, std::nullopt)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(build_186_mb, encrypted_seeded, Protection::Encrypted, 1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(build_186_mb, authenticated, Protection::Authenticated, std::nullopt)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void build_python(benchmark::State& state) {
    std::vector<std::vector<uint8_t>> files;
    std::error_code none;
    for (auto& entry : std::filesystem::recursive_directory_iterator("/usr/lib/python3.11", none)) {
        if (!entry.is_regular_file())
            continue;
        std::ifstream in(entry.path(), std::ios::binary);
        files.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    state.counters["files"] = static_cast<double>(files.size());
    build(state, files, Protection::Encrypted, std::nullopt);
}
BENCHMARK(build_python)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace scone::fspf::test

BENCHMARK_MAIN();
