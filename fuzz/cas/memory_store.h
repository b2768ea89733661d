// A Store without disk, and a client, for fuzz targets.
#pragma once

#include <map>

#include "lib/crypto/x509.h"
#include "services/cas/store.h"

namespace scone::fuzz {

class MemoryStore final : public cas::Store {
  public:
    text::Outcome<std::optional<cas::Record>> get(const std::string& name) override {
        auto place = records_.find(name);
        if (place == records_.end())
            return std::nullopt;
        return cas::Record{place->second.version, place->second.value.duplicate()};
    }
    uint64_t version_of(const std::string& name) override {
        auto place = records_.find(name);
        return place == records_.end() ? 0 : place->second.version;
    }
    text::Outcome<void> commit(std::vector<cas::RecordChange> changes) override {
        for (const auto& change : changes) {
            if (version_of(change.name) != change.expected_version)
                return text::failure(text::ExitCode::Conflict, "version");
        }
        for (auto& change : changes) {
            if (change.value)
                records_.insert_or_assign(change.name, cas::Record{change.expected_version + 1,
                                                                   std::move(*change.value)});
        }
        return {};
    }
    std::vector<std::string> list(const std::string& prefix) override {
        std::vector<std::string> names;
        for (const auto& [name, record] : records_) {
            if (name.starts_with(prefix))
                names.push_back(name);
        }
        return names;
    }

  private:
    std::map<std::string, cas::Record> records_;
};

inline crypto::Certificate make_client() {
    auto key = crypto::PrivateKey::generate(crypto::NewKey::P256).value();
    crypto::CertificateSpec spec;
    spec.common_name = "client";
    spec.not_after = 4'000'000'000;
    return crypto::make_self_signed(spec, key).value();
}

}  // namespace scone::fuzz
