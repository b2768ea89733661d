#include "tools/cli/client_config.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "lib/base/result.h"
#include "lib/crypto/key.h"
#include "lib/crypto/x509.h"
#include "lib/text/errno_code.h"

namespace scone::cli {
namespace {

using text::ExitCode;
using text::failure;
using text::Json;
using text::Outcome;

constexpr uint64_t kVersion = 1;
constexpr size_t kMaxSize = 4 << 20;
constexpr int64_t kYear1975 = 157'766'400;
constexpr int64_t kYear4096 = 67'090'550'400;

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0)
            ::close(number_);
    }
    int get() const { return number_; }

  private:
    int number_;
};

std::unexpected<text::Failure> system_failure(const char* action, const std::string& path) {
    return failure(text::exit_code_of_errno(errno),
                   fmt::format("cannot {} '{}': {}", action, path, std::strerror(errno)));
}

// nullopt: there is no such file. A file of secrets that others may read is refused.
Outcome<std::optional<std::string>> read_private(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) {
        if (errno == ENOENT)
            return std::optional<std::string>();
        return system_failure("open", path);
    }
    struct stat status = {};
    if (::fstat(file.get(), &status) != 0)
        return system_failure("look at", path);
    if ((status.st_mode & 077) != 0)
        return failure(ExitCode::Denied,
                       fmt::format("'{}' holds a private key, but others may use it (mode {:o})",
                                   path, status.st_mode & 0777),
                       {}, fmt::format("chmod 600 {}", path));
    std::string out;
    char block[16384];
    while (true) {
        const ssize_t count = ::read(file.get(), block, sizeof block);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return system_failure("read", path);
        if (count == 0)
            return std::optional<std::string>(std::move(out));
        out.append(block, static_cast<size_t>(count));
        if (out.size() > kMaxSize)
            return failure(ExitCode::InvalidInput, fmt::format("'{}' is larger than 4 MiB", path));
    }
}

Outcome<void> write_private(const std::string& path, std::string_view content) {
    std::string partial = path + ".XXXXXX";
    const Descriptor file(::mkostemp(partial.data(), O_CLOEXEC));  // mode 0600
    if (file.get() < 0)
        return system_failure("create a file beside", path);
    for (std::string_view rest = content; !rest.empty();) {
        const ssize_t count = ::write(file.get(), rest.data(), rest.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            const auto why = system_failure("write", partial);
            ::unlink(partial.c_str());
            return why;
        }
        rest.remove_prefix(static_cast<size_t>(count));
    }
    if (::fsync(file.get()) != 0 || ::rename(partial.c_str(), path.c_str()) != 0) {
        const auto why = system_failure("replace", path);
        ::unlink(partial.c_str());
        return why;
    }
    return {};
}

Outcome<Identity> split_identity(const std::string& pem, const std::string& path) {
    const auto wrong = [&](const char* what) {
        return failure(ExitCode::InvalidInput,
                       fmt::format("'{}' holds no identity: {}", path, what), {},
                       "a PEM private key (PKCS#8) followed by a PEM certificate is expected");
    };
    const size_t certificate = pem.find("-----BEGIN CERTIFICATE-----");
    if (certificate == std::string::npos)
        return wrong("no certificate in it");
    const auto key = crypto::PrivateKey::from_pem(pem);
    if (!key)
        return wrong(key.error().text);
    const auto parsed = crypto::Certificate::from_pem(std::string_view(pem).substr(certificate));
    if (!parsed)
        return wrong(parsed.error().text);
    auto key_pem = key->pkcs8_pem();
    auto certificate_pem = parsed->pem();
    const auto ours = key->public_key();
    const auto theirs = parsed->public_key();
    const auto our_hash = ours ? ours->key_hash() : std::unexpected(ours.error());
    const auto their_hash = theirs ? theirs->key_hash() : std::unexpected(theirs.error());
    if (!key_pem || !certificate_pem || !our_hash || !their_hash || *our_hash != *their_hash)
        return wrong("the certificate is not of this key");
    return Identity{std::move(*key_pem), std::move(*certificate_pem)};
}

}  // namespace

// Reads and writes the file; knows its members' names.
class ClientConfigFile {
  public:
    static Outcome<ClientConfig> parse(const std::string& content, const std::string& path) {
        const auto json = text::parse_json(content, {.max_size = kMaxSize});
        if (!json || json->as_object() == nullptr)
            return failure(ExitCode::InvalidInput,
                           fmt::format("'{}' is malformed: {}", path,
                                       json ? "no object" : text::to_string(json.error())));
        if (json->find_uint64("version").value_or(kVersion) > kVersion)
            return failure(
                ExitCode::Unsupported,
                fmt::format("'{}' was written by a newer version of this command", path));
        ClientConfig out;
        out.path_ = path;
        for (const Json::Member& member : *json->as_object())
            if (member.key != "version" && member.key != "identity" &&
                member.key != "session_signing_key" && member.key != "default_cas" &&
                member.key != "cas")
                out.rest_.set(member.key, member.value);
        const std::string* identity = json->find_string("identity");
        if (identity == nullptr)
            return failure(ExitCode::InvalidInput, fmt::format("'{}' has no identity", path));
        out.identity_ = SCONE_TRY(split_identity(*identity, path));
        if (const std::string* key = json->find_string("session_signing_key")) {
            const auto signing_key = crypto::PrivateKey::from_pem(*key);
            if (!signing_key || signing_key->type() != crypto::KeyType::Ed25519)
                return failure(ExitCode::InvalidInput,
                               fmt::format("'{}' has no usable session_signing_key", path));
            out.signing_key_pem_ = crypto::SecretBytes(std::string_view(*key));
        }
        if (const std::string* name = json->find_string("default_cas"))
            out.default_cas_ = *name;
        if (const Json::Array* list = json->find_array("cas"))
            for (const Json& item : *list)
                out.cas_.push_back(read_cas(item));
        return out;
    }

    static Outcome<void> save(const ClientConfig& config) {
        Json out = Json::object();
        out.set("version", kVersion);
        out.set("identity", fmt::format("{}{}", config.identity_.key_pem.expose_text(),
                                        config.identity_.certificate_pem));
        out.set("session_signing_key", std::string(config.signing_key_pem_.expose_text()));
        if (!config.default_cas_.empty())
            out.set("default_cas", config.default_cas_);
        Json list = Json::array();
        for (const KnownCas& cas : config.cas_) {
            Json item = Json::object();
            item.set("name", cas.name);
            item.set("address", cas.address);
            item.set("key_hash", cas.key_hash);
            item.set("attested", cas.attested);
            item.set("chain", cas.chain_pem);
            list.push(std::move(item));
        }
        out.set("cas", std::move(list));
        for (const Json::Member& member : *config.rest_.as_object())
            out.set(member.key, member.value);
        std::string content = text::write_json(out, 2) + "\n";
        const auto done = write_private(config.path_, content);
        base::wipe(content.data(), content.size());
        return done;
    }

    static Outcome<ClientConfig> open(const std::string& path,
                                      const std::function<void(ClientConfig&)>& change) {
        std::error_code error;
        if (std::filesystem::is_directory(path, error))
            return failure(ExitCode::InvalidInput,
                           fmt::format("'{}' is a folder, expected the state file of scone", path),
                           {}, fmt::format("--config={}/config.json", path));
        const std::filesystem::path folder = std::filesystem::path(path).parent_path();
        if (!folder.empty() && std::filesystem::create_directories(folder, error))
            ::chmod(folder.c_str(), 0700);
        const Descriptor lock(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (lock.get() < 0 || ::flock(lock.get(), LOCK_EX) != 0)
            return system_failure("lock", path);
        auto content = SCONE_TRY(read_private(path));
        ClientConfig config;
        if (content) {
            config = SCONE_TRY(parse(*content, path));
            base::wipe(content->data(), content->size());
        } else {
            config.path_ = path;
            config.identity_ = SCONE_TRY(make_identity());
        }
        const bool has_signing_key = !config.signing_key_pem_.empty();
        if (!has_signing_key)
            config.signing_key_pem_ = SCONE_TRY(make_signing_key());
        if (change)
            change(config);
        if (change || !content || !has_signing_key)
            SCONE_TRY(save(config));
        return config;
    }

  private:
    static Outcome<crypto::SecretBytes> make_signing_key() {
        const auto key = crypto::PrivateKey::generate(crypto::NewKey::Ed25519);
        auto pem = key ? key->pkcs8_pem() : std::unexpected(key.error());
        if (!pem)
            return failure(ExitCode::Failed, pem.error().text, "making a session signing key");
        return std::move(*pem);
    }
    static KnownCas read_cas(const Json& item) {
        const auto get = [&](const char* key) {
            const std::string* value = item.find_string(key);
            return value != nullptr ? *value : std::string();
        };
        return {.name = get("name"),
                .address = get("address"),
                .key_hash = get("key_hash"),
                .attested = item.find_bool("attested").value_or(false),
                .chain_pem = get("chain")};
    }
};

const KnownCas* ClientConfig::find_cas(std::string_view wanted) const {
    for (const KnownCas& cas : cas_)
        if (cas.name == wanted || cas.address == wanted)
            return &cas;
    for (const KnownCas& cas : cas_)
        if (cas.address.size() > wanted.size() && cas.address.starts_with(wanted) &&
            cas.address[wanted.size()] == ':' && wanted.find(':') == std::string_view::npos)
            return &cas;
    return nullptr;
}

const KnownCas* ClientConfig::default_cas() const {
    return default_cas_.empty() ? nullptr : find_cas(default_cas_);
}

void ClientConfig::put_cas(KnownCas cas) {
    const auto is_replaced = [&](const KnownCas& known) {
        return known.name == cas.name || known.address == cas.address;
    };
    const KnownCas* old_default = default_cas();
    if (old_default == nullptr || is_replaced(*old_default))
        default_cas_ = cas.name;
    const auto place = std::ranges::find_if(cas_, is_replaced);
    if (place == cas_.end()) {
        cas_.push_back(std::move(cas));
        return;
    }
    const KnownCas replacement = std::move(cas);
    cas_.erase(std::remove_if(place + 1, cas_.end(),
                              [&](const KnownCas& known) {
                                  return known.name == replacement.name ||
                                         known.address == replacement.address;
                              }),
               cas_.end());
    *place = replacement;
}

bool ClientConfig::set_default(std::string_view wanted) {
    const KnownCas* cas = find_cas(wanted);
    if (cas != nullptr)
        default_cas_ = cas->name;
    return cas != nullptr;
}

std::string default_config_path() {
    if (const char* path = std::getenv("SCONE_CLI_CONFIG"); path != nullptr && *path != 0)
        return path;
    const char* home = std::getenv("HOME");
    return fmt::format("{}/.cas/config.json", home != nullptr && *home != 0 ? home : "/root");
}

Outcome<ClientConfig> load_client_config(const std::string& path) {
    return ClientConfigFile::open(path, {});
}

Outcome<ClientConfig> update_client_config(const std::string& path,
                                           const std::function<void(ClientConfig&)>& change) {
    return ClientConfigFile::open(path, change);
}

Outcome<Identity> read_identity(const std::string& path) {
    // Users write these files themselves, as the documentation of SCONE shows: any mode is taken.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0)
        return failure(text::exit_code_of_errno(errno),
                       fmt::format("cannot open identity '{}': {}", path, std::strerror(errno)));
    std::string pem(kMaxSize, '\0');
    const ssize_t count = ::read(file.get(), pem.data(), pem.size());
    if (count < 0)
        return system_failure("read", path);
    pem.resize(static_cast<size_t>(count));
    // The state file of the scone command is taken, too.
    if (pem.starts_with('{'))
        if (const auto json = text::parse_json(pem))
            if (const std::string* identity = json->find_string("identity"))
                return split_identity(*identity, path);
    return split_identity(pem, path);
}

Outcome<Identity> make_identity() {
    const auto key = crypto::PrivateKey::generate(crypto::NewKey::P256);
    if (!key)
        return failure(ExitCode::Failed, key.error().text, "making an identity");
    crypto::CertificateSpec spec;
    spec.common_name = "scone cli";
    spec.dns_names = {"scone-cli"};
    spec.extended_use = crypto::ExtendedUse::Client;
    spec.not_before = kYear1975;
    spec.not_after = kYear4096;
    const auto certificate = crypto::make_self_signed(spec, *key);
    if (!certificate)
        return failure(ExitCode::Failed, certificate.error().text, "making an identity");
    auto key_pem = key->pkcs8_pem();
    auto certificate_pem = certificate->pem();
    if (!key_pem || !certificate_pem)
        return failure(ExitCode::Failed, "a key cannot be written as PEM", "making an identity");
    return Identity{std::move(*key_pem), std::move(*certificate_pem)};
}

}  // namespace scone::cli
