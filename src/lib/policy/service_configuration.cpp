#include "lib/policy/service_configuration.h"

#include <charconv>

#include "lib/base/secret.h"
#include "lib/text/hex.h"

namespace scone::policy {
namespace {

class Configurer {
  public:
    Configurer(const Session& session, const ServiceRule& service, const SecretLookup& secrets)
        : session_(session), service_(service), secrets_(secrets) {}

    Checked<ServiceConfiguration> run() {
        read_arguments();
        read_environment();
        out_.pwd = service_.pwd;
        read_fspf();
        read_image();
        if (!errors_.empty())
            return base::fail(std::move(errors_));
        return std::move(out_);
    }

  private:
    // The text with secrets put in; empty, with an error noted, when that fails.
    std::string put(std::string_view text, Content content, text::Position at,
                    std::string_view where) {
        auto replaced = substitute(text, secrets_, content);
        if (replaced)
            return std::move(*replaced);
        errors_.push_back({at, std::string(where) + ": " + replaced.error().what, {}});
        return {};
    }

    // "@@N" of the policy's own text: a secret's value never becomes one.
    static std::optional<uint32_t> host_index(std::string_view word) {
        if (!word.starts_with("@@"))
            return std::nullopt;
        uint32_t index = 0;
        auto [end, code] = std::from_chars(word.data() + 2, word.data() + word.size(), index);
        bool whole = code == std::errc() && end == word.data() + word.size() && index > 0;
        return whole ? std::optional(index) : std::nullopt;
    }

    void read_arguments() {
        for (const std::string& word : service_.command) {
            if (auto index = host_index(word))
                out_.arguments.push_back({{}, index});
            else
                out_.arguments.push_back(
                    {put(word, Content::Text, service_.command_at, "command"), std::nullopt});
        }
    }

    void read_environment() {
        for (const EnvironmentRule& rule : service_.environment) {
            std::string value =
                put(rule.value, Content::Text, rule.at, "environment variable " + rule.name);
            out_.environment.push_back({rule.name, std::move(value), rule.from_host});
        }
    }

    void read_fspf() {
        if (!service_.fspf_key)
            return;
        FspfConfiguration fspf;
        fspf.path = service_.fspf_path;
        fspf.update = service_.fspf_update;
        if (service_.fspf_tag)
            fspf.tag = text::array_from_hex<16>(*service_.fspf_tag);
        std::string key = put(*service_.fspf_key, Content::Bytes, service_.at, "fspf_key");
        if (key.size() == fspf.key.size())
            base::copy_bytes(fspf.key, base::as_bytes(key));
        else if (auto bytes = text::array_from_hex<32>(key))
            fspf.key = *bytes;
        else if (errors_.empty())
            errors_.push_back({service_.at, "fspf_key: expected a secret of 32 bytes", {}});
        base::wipe(key.data(), key.size());
        out_.fspf = std::move(fspf);
    }

    void read_image() {
        const ImageRule* image = session_.find_image(service_.image_name);
        for (const SecretRule& secret : session_.secrets) {
            bool is_value = secret.kind != SecretKind::ConfigFragment;
            if (is_value && (!image || !image->provide_secrets))
                out_.template_secrets.push_back(secret.name);
        }
        if (!image)
            return;
        if (image->provide_secrets)
            out_.template_secrets = out_.provided_secrets = *image->provide_secrets;
        for (const MountRule& mount : image->volumes)
            out_.mounts.push_back({mount.volume, mount.path, mount.update});
        for (const InjectedFile& file : image->injected_files) {
            FileConfiguration configured{file.path, std::nullopt, file.permission};
            if (file.content)
                configured.content =
                    put(*file.content, Content::Bytes, file.at, "injection file " + file.path);
            out_.files.push_back(std::move(configured));
        }
    }

    const Session& session_;
    const ServiceRule& service_;
    const SecretLookup& secrets_;
    ServiceConfiguration out_;
    Diagnostics errors_;
};

}  // namespace

Checked<ServiceConfiguration> configure(const Session& session, const ServiceRule& service,
                                        const SecretLookup& secrets) {
    return Configurer(session, service, secrets).run();
}

}  // namespace scone::policy
