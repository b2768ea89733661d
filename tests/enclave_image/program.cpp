// A hosted C++ program as the provisioning layer is one: glibc, libstdc++ and OpenSSL, static-PIE.
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

extern "C" unsigned long syscall_entry_count;
extern "C" unsigned long cpuid_entry_count;

int main(int argc, char** argv) {
    std::map<std::string, int> words;
    for (int i = 0; i < argc; ++i)
        words[argv[i]] += i;
    FILE* file = fopen(argv[0], "rb");
    if (file == nullptr || fgetc(file) != 0x7F || fclose(file) != 0)
        return 10;
    void* memory =
        mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || munmap(memory, 1 << 20) != 0)
        return 11;
    const timespec moment{0, 1000};
    if (nanosleep(&moment, nullptr) != 0 || getpid() <= 0 || close(-1) == 0)
        return 12;

    unsigned char digest[32];
    unsigned size = 0;
    if (EVP_Digest("abc", 3, digest, &size, EVP_sha256(), nullptr) != 1 || digest[0] != 0xBA)
        return 13;
    EVP_PKEY* key = EVP_EC_gen("P-256");
    SSL_CTX* tls = SSL_CTX_new(TLS_method());
    if (key == nullptr || tls == nullptr)
        return 14;
    SSL_CTX_free(tls);
    EVP_PKEY_free(key);
    printf("syscalls %lu cpuids %lu words %zu\n", syscall_entry_count, cpuid_entry_count,
           words.size());
    return 0;
}
