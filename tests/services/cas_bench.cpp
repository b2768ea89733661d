// How many services a CAS attests and configures in a second, and how long one waits; then volume
// tags, which are on the disk before they are answered. Clients without enclaves, simulated quotes,
// loopback, CAS and clients on the same processors.
//
//   bench_cas [THREADS] [SECONDS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "enclave_double.h"
#include "load_client.h"

namespace {

using namespace scone;
using namespace scone::test;
using Clock = std::chrono::steady_clock;

struct Samples {
    std::vector<double> milliseconds;
    double seconds = 0;
    double cas_cpu_seconds = 0;

    void print(const char* what) {
        std::ranges::sort(milliseconds);
        auto at = [&](double part) {
            return milliseconds.empty() ? 0.0
                                        : milliseconds[static_cast<size_t>(
                                              part * static_cast<double>(milliseconds.size() - 1))];
        };
        std::printf("%-38s %8.0f /s   p50 %7.2f ms   p99 %7.2f ms   CPU of CAS %6.3f ms\n", what,
                    static_cast<double>(milliseconds.size()) / seconds, at(0.5), at(0.99),
                    cas_cpu_seconds * 1000 / static_cast<double>(milliseconds.size()));
    }
};

// Runs `once` on so many threads for the time; a failure ends the program.
template <class Once>
Samples measure(const CasProcess& cas, int thread_count, double seconds, Once once) {
    double cpu = cas.cpu_seconds();
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
    all.cas_cpu_seconds = cas.cpu_seconds() - cpu;
    for (const auto& part : parts)
        all.milliseconds.insert(all.milliseconds.end(), part.begin(), part.end());
    return all;
}

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "bench_cas: %s\n", why.c_str());
    std::exit(1);
}

std::string policy(int number) {
    return "name: bench" + std::to_string(number) +
           "\nversion: \"0.3.10\"\n"
           "services: [{name: app, image_name: image, command: \"python3 /app.py $$SCONE::s$$\", "
           "environment: {A: b}, mrenclaves: [" +
           std::string(64, 'a') +
           "], fspf_path: /fspf/fs.fspf, "
           "fspf_key: " +
           std::string(64, 'b') + ", fspf_tag: " + std::string(32, 'c') +
           "}]\n"
           "images: [{name: image, volumes: [{name: v, path: /v, update_policy: "
           "rollback_protected}]}]\nvolumes: [{name: v}]\n"
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
    for (int i = 0; i < threads; ++i) {
        auto hash = net::CasClient(cas.client(&owner), 0).upload_session(policy(i));
        if (!hash)
            give_up(hash.error().what);
    }
    SimulatedMachine machine;
    EnclaveProperties properties;
    properties.mr_enclave.fill(0xaa);
    std::vector<EnclaveDouble> enclaves;
    for (int i = 0; i < threads; ++i)
        enclaves.emplace_back(machine, properties);
    std::vector<LoadClient> clients;
    for (EnclaveDouble& enclave : enclaves)
        clients.emplace_back(cas.enclave_client(nullptr).server.port, enclave.identity());
    auto configure = [&](int i) {
        const size_t at = static_cast<size_t>(i);
        clients[at].configure(enclaves[at].quote(), "bench" + std::to_string(i) + "/app");
    };

    Samples shakes = measure(cas, threads, seconds,
                             [&](int i) { clients[static_cast<size_t>(i)].shake_hands(); });
    shakes.print(("TLS 1.3 handshake alone, " + std::to_string(threads) + " clients").c_str());
    Samples one = measure(cas, 1, seconds, [&](int) { configure(0); });
    one.print("attest and configure, 1 client");
    Samples many = measure(cas, threads, seconds, configure);
    many.print(("attest and configure, " + std::to_string(threads) + " clients").c_str());
    // One connection of each stays, for tags.
    for (int i = 0; i < threads; ++i) {
        EnclaveDouble& enclave = enclaves[static_cast<size_t>(i)];
        auto got = enclave.configure(cas.enclave_client(&enclave.identity()),
                                     "bench" + std::to_string(i) + "/app");
        if (!got)
            give_up(got.error());
    }
    std::vector<base::ByteArray<16>> newest(static_cast<size_t>(threads));
    Samples tags = measure(cas, threads, seconds, [&](int i) {
        auto& tag = newest[static_cast<size_t>(i)];
        base::ByteArray<16> next = tag;
        base::store_le64(next.data(), base::load_le64(tag.data()) + 1);
        std::string error = enclaves[static_cast<size_t>(i)].update_tag("v", tag, next);
        if (!error.empty())
            give_up(error);
        tag = next;
    });
    tags.print(("durable tag update, " + std::to_string(threads) + " clients").c_str());
    std::vector<net::CasClient> readers;
    for (int i = 0; i < threads; ++i)
        readers.emplace_back(cas.client(&owner), 0);
    Samples reads = measure(cas, threads, seconds, [&](int i) {
        auto session = readers[static_cast<size_t>(i)].read_session("bench0");
        if (!session)
            give_up(session.error().what);
    });
    reads.print(("read session, keep-alive, " + std::to_string(threads) + " clients").c_str());
    return cas.stop();
}
