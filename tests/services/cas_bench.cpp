// How many services a CAS attests and configures in a second, and how long one waits; then volume
// tags, which are on the disk before they are answered. Clients without enclaves, simulated quotes,
// loopback, CAS and clients on the same processors.
//
//   bench_cas [THREADS] [SECONDS]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "enclave_double.h"

namespace {

using namespace scone;
using namespace scone::test;
using Clock = std::chrono::steady_clock;

struct Samples {
    std::vector<double> milliseconds;
    double seconds = 0;

    void print(const char* what) {
        std::ranges::sort(milliseconds);
        auto at = [&](double part) {
            return milliseconds.empty() ? 0.0
                                        : milliseconds[static_cast<size_t>(
                                              part * static_cast<double>(milliseconds.size() - 1))];
        };
        std::printf("%-34s %8.0f /s   p50 %7.2f ms   p99 %7.2f ms\n", what,
                    static_cast<double>(milliseconds.size()) / seconds, at(0.5), at(0.99));
    }
};

// Runs `once` on so many threads for the time; a failure ends the program.
template <class Once>
Samples measure(int thread_count, double seconds, Once once) {
    std::vector<std::vector<double>> parts(static_cast<size_t>(thread_count));
    auto begin = Clock::now();
    auto end = begin + std::chrono::duration<double>(seconds);
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < thread_count; ++i) {
            threads.emplace_back([&, i] {
                while (Clock::now() < end) {
                    auto start = Clock::now();
                    once(i);
                    parts[static_cast<size_t>(i)].push_back(
                        std::chrono::duration<double, std::milli>(Clock::now() - start).count());
                }
            });
        }
    }
    Samples all;
    all.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    for (const auto& part : parts)
        all.milliseconds.insert(all.milliseconds.end(), part.begin(), part.end());
    return all;
}

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "bench_cas: %s\n", why.c_str());
    std::exit(1);
}

std::string policy() {
    return "name: bench\nversion: \"0.3.10\"\n"
           "services: [{name: app, image_name: image, command: \"python3 /app.py $$SCONE::s$$\", "
           "environment: {A: b}, mrenclaves: [" +
           std::string(64, 'a') +
           "], fspf_path: /fspf/fs.fspf, "
           "fspf_key: " +
           std::string(64, 'b') + ", fspf_tag: " + std::string(32, 'c') +
           "}]\n"
           "images: [{name: image, volumes: [{name: v, path: /v, update_policy: "
           "no_rollback_protection}]}]\nvolumes: [{name: v}]\n"
           "secrets: [{name: s, kind: ascii}]\n"
           "security: {attestation: {tolerate: [debug-mode]}}\n";
}

}  // namespace

int main(int count, char** arguments) {
    int threads = count > 1 ? std::atoi(arguments[1]) : 8;
    double seconds = count > 2 ? std::atof(arguments[2]) : 5;
    TemporaryFolder folder;
    CasProcess cas(folder.path() / "state", {"--allow-simulation"});
    if (!cas.is_up())
        give_up(cas.output());
    net::ClientIdentity owner = make_identity();
    auto hash = net::CasClient(cas.client(&owner), 0).upload_session(policy());
    if (!hash)
        give_up(hash.error().what);
    SimulatedMachine machine;
    EnclaveProperties properties;
    properties.mr_enclave.fill(0xaa);
    std::vector<EnclaveDouble> enclaves;
    for (int i = 0; i < threads; ++i)
        enclaves.emplace_back(machine, properties);
    auto configure = [&](EnclaveDouble& enclave) {
        auto got = enclave.configure(cas.enclave_client(&enclave.identity()), "bench/app");
        if (!got)
            give_up(got.error());
    };

    Samples one = measure(1, seconds, [&](int) { configure(enclaves[0]); });
    one.print("attest and configure, 1 client");
    Samples many =
        measure(threads, seconds, [&](int i) { configure(enclaves[static_cast<size_t>(i)]); });
    many.print(("attest and configure, " + std::to_string(threads) + " clients").c_str());
    std::atomic<uint64_t> next = 1;
    Samples tags = measure(threads, seconds, [&](int i) {
        base::ByteArray<16> tag{};
        base::store_le64(tag.data(), next++);
        std::string error = enclaves[static_cast<size_t>(i)].update_tag("v", {}, tag);
        if (!error.empty())
            give_up(error);
    });
    tags.print(("durable tag update, " + std::to_string(threads) + " clients").c_str());
    std::vector<net::CasClient> readers;
    for (int i = 0; i < threads; ++i)
        readers.emplace_back(cas.client(&owner), 0);
    Samples reads = measure(threads, seconds, [&](int i) {
        auto session = readers[static_cast<size_t>(i)].read_session("bench");
        if (!session)
            give_up(session.error().what);
    });
    reads.print(("read session, keep-alive, " + std::to_string(threads) + " clients").c_str());
    return cas.stop();
}
