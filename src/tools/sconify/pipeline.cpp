#include "tools/sconify/pipeline.h"

#include <fmt/format.h>

#include <set>

#include "tools/sconify/build_resources.h"
#include "tools/sconify/image_writer.h"
#include "tools/sconify/plaintext_check.h"
#include "tools/sconify/progress.h"
#include "tools/sconify/session_builder.h"
#include "tools/sconify/session_upload.h"

namespace scone::sconify {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr int kStepCount = 9;

class Conversion {
  public:
    explicit Conversion(const Options& options) : o_(options), progress_(options, kStepCount) {}

    Outcome<std::string> run() {
        Outcome<void> done = steps();
        if (!done) {
            text::Failure why = done.error();
            if (why.doing.empty())
                why.doing = progress_.current();
            return std::unexpected(std::move(why));
        }
        progress_.finish();
        return o_.session_name();
    }

  private:
    Outcome<void> steps() {
        warn_of_weakening();
        progress_.step("reading the native image");
        image_.emplace(SCONE_TRY(read_native_image(o_.from)));
        progress_.step("looking at the program");
        SCONE_TRY(look_at_program());
        progress_.step("choosing the files");
        SCONE_TRY(choose_files());
        progress_.step("measuring the enclave");
        runtime_ = SCONE_TRY(find_runtime());
        enclave_ = SCONE_TRY(make_enclave_files(runtime_, *image_, *program_, o_));
        progress_.note(fmt::format("MRENCLAVE {}", enclave_.mrenclave));
        if (o_.dry_run)
            return report_dry_run();
        progress_.step("finding CAS");
        SCONE_TRY(find_cas());
        progress_.step("writing the image");
        SCONE_TRY(write_image());
        progress_.step("making the session");
        SCONE_TRY(make_session());
        progress_.step(o_.defaults.upload_session ? "uploading the session"
                                                  : "keeping the session, without upload");
        SCONE_TRY(upload());
        progress_.step("putting the image in place");
        return builder_->publish();
    }

    void warn(const std::string& text) { progress_.warn(text); }

    void warn_of_weakening() {
        if (o_.tolerate_debug_mode)
            warn("--allow-debug-mode: the service may run without a protecting processor");
        if (o_.tolerate_tcb_problems)
            warn(
                "--allow-tcb-vulnerabilities: the service may run on processors with known "
                "problems");
        if (o_.tolerate_tcb_problems && !o_.tolerate_debug_mode)
            warn(
                "advisories are not ignored: the policy language allows that only together with "
                "--allow-debug-mode");
        if (!o_.defaults.attest_service)
            warn("--disable-session-security-attestation: any service that asks gets the secrets");
        if (o_.dlopen == 2)
            warn("--dlopen=2: code that nobody authenticated may be loaded");
        if (o_.key_seed)
            warn("--key-seed: whoever knows the seed can read the encrypted files");
        for (const std::string& path : o_.host_paths)
            warn(fmt::format("'{}' is NOT protected: the host can read and change it", path));
    }

    Outcome<void> look_at_program() {
        program_.emplace(SCONE_TRY(inspect_program(*image_, o_)));
        facts_.command = SCONE_TRY(service_command(*image_, *program_, o_));
        const Program& p = *program_;
        std::string kind(elf::kind_name(p.facts.kind));
        if (p.facts.libc != elf::LibC::None)
            kind += fmt::format(", {}", elf::libc_name(p.facts.libc));
        progress_.note(
            fmt::format("{}: {}, {} shared objects", p.path, kind, p.closure.libraries.size()));
        return {};
    }

    Outcome<void> choose_files() {
        collected_.emplace(SCONE_TRY(collect_files(*image_, *program_, o_)));
        regions_.emplace(SCONE_TRY(RegionPlan::make(*image_, *program_, o_)));
        plan_ = plan_layers(*image_, *program_, collected_->files, *regions_, o_);
        for (const auto* list : {&collected_->warnings, &plan_.warnings})
            for (const std::string& text : *list)
                warn(text);
        for (const std::string& volume : regions_->forgetful_volumes())
            warn(fmt::format("VOLUME {}: kept in memory, lost when the service ends", volume));
        return {};
    }

    Outcome<void> report_dry_run() {
        progress_.note(fmt::format("session {}, config id {}", o_.session_name(), o_.config_id()));
        for (const auto* planned : {&plan_.clear, &plan_.protected_})
            for (const auto& [path, file] : *planned)
                if (file.node == nullptr || !file.node->is_folder())
                    fmt::print(stderr, "{}/{}\n",
                               planned == &plan_.clear ? "clear     " : "protected ", path);
        return {};
    }

    Outcome<void> find_cas() {
        if (!o_.defaults.upload_session) {
            cas_address_ = SCONE_TRY(configured_cas(o_));
            return {};
        }
        cas_.emplace(SCONE_TRY(TrustedCas::connect(o_, [this](const std::string& t) { warn(t); })));
        cas_address_ = cas_->address();
        return {};
    }

    oci::ImageConfig new_config() {
        const oci::ImageConfig& native = image_->config();
        oci::ImageConfig out = native;
        out.entrypoint = {program_->path};
        out.command.clear();
        out.shell.clear();
        out.environment.clear();
        if (const auto path = native.variable("PATH"))
            out.set_variable("PATH", *path);
        if (cas_address_)
            out.set_variable("SCONE_CAS_ADDR", cas_address_->enclave);
        out.set_variable("SCONE_LAS_ADDR", o_.las);
        out.set_variable("SCONE_CONFIG_ID", o_.config_id());
        if (cas_)
            out.set_variable("SCONE_CAS_KEY_HASH", cas_->key_hash());
        if (o_.log_level)
            out.set_variable("SCONE_LOG", *o_.log_level);
        if (!out.on_build.empty())
            warn("ONBUILD is dropped: what it adds would not be protected");
        out.on_build.clear();
        if (const std::string kind = oci::healthcheck_kind(native);
            !kind.empty() && kind != "NONE") {
            warn(
                "HEALTHCHECK is dropped: its command would start the service a second time; let "
                "the "
                "orchestrator probe a port");
            out.healthcheck.reset();
        }
        out.history.clear();
        for (size_t i = 0; i < builder_->layer_count(); ++i)
            out.history.push_back({.created = native.created,
                                   .created_by = "sconify_image",
                                   .comment = {},
                                   .empty_layer = false});
        return out;
    }

    Outcome<void> write_image() {
        builder_.emplace(SCONE_TRY(oci::ImageBuilder::create(o_.to)));
        const SealedImage sealed = SCONE_TRY(
            write_layers(*image_, *program_, plan_, *regions_, runtime_, enclave_, o_, *builder_));
        facts_.mrenclave = enclave_.mrenclave;
        facts_.fspf_key = sealed.fspf_key;
        facts_.fspf_tag = sealed.fspf_tag;
        progress_.note(fmt::format("{} files encrypted, {} in clear and authenticated",
                                   sealed.encrypted_files, sealed.authenticated_files));
        SCONE_TRY(builder_->complete(new_config(), image_->source.annotations));
        // In place, layers stay that nobody looked into: there the check is not a choice.
        if (o_.verify || o_.base == Base::Native)
            SCONE_TRY(verify());
        return {};
    }

    Outcome<void> verify() {
        PlaintextCheck check(*image_->spool);
        for (const auto& [path, node] : collected_->files.nodes())
            if (regions_->region_of(path).protection == fspf::Protection::Encrypted &&
                node->entry.kind == oci::EntryKind::Regular &&
                regions_->region_of(path).keeps_files())
                SCONE_TRY(check.add("/" + path, node->entry.content));
        std::set<std::string> clear;
        for (const auto& layer : image_->layers)
            for (const oci::Entry& entry : layer)
                clear.insert(entry.path);
        for (const auto& [path, file] : plan_.protected_)
            if (!file.seen_as.empty() &&
                regions_->region_of(std::string_view(file.seen_as).substr(1)).protection ==
                    fspf::Protection::Authenticated)
                clear.insert(path);
        for (const char* runtime : {"opt/scone/starter", "opt/scone/enclave.img"})
            clear.insert(runtime);
        SCONE_TRY(check.scan_image(*builder_, clear));
        progress_.note(
            fmt::format("read back: no plaintext of {} encrypted files", check.file_count()));
        return {};
    }

    Outcome<void> make_session() {
        facts_.environment = session_environment(*image_, *collected_, o_);
        facts_.pwd = image_->config().working_dir.empty() ? "/" : image_->config().working_dir;
        session_ = SCONE_TRY(build_session(facts_, o_));
        return {};
    }

    Outcome<void> upload() {
        if (cas_) {
            const auto to_user = [this](const std::string& t) { warn(t); };
            if (o_.create_namespace)
                SCONE_TRY(cas_->create_namespace(o_.name_space, to_user));
            const auto uploaded =
                SCONE_TRY(cas_->upload(session_, o_.session_name(), o_.defaults.update_session));
            session_ = uploaded.session;
            progress_.note(fmt::format("session {} {}, hash {}", o_.session_name(),
                                       uploaded.updated ? "updated" : "created", uploaded.hash));
        }
        const std::string path = session_path(o_);
        SCONE_TRY(write_session(path, session_));
        progress_.note(fmt::format("session file: {}", path));
        if (o_.verbose)
            fmt::print(stderr, "{}\n", masked(session_, facts_));
        return {};
    }

    const Options& o_;
    Progress progress_;
    std::optional<NativeImage> image_;
    std::optional<Program> program_;
    std::optional<Collected> collected_;
    std::optional<RegionPlan> regions_;
    LayerPlan plan_;
    RuntimeFiles runtime_;
    EnclaveFiles enclave_;
    std::optional<CasAddress> cas_address_;
    std::optional<TrustedCas> cas_;
    std::optional<oci::ImageBuilder> builder_;
    SessionFacts facts_;
    std::string session_;
};

}  // namespace

Outcome<std::string> convert(const Options& options) {
    return Conversion(options).run();
}

}  // namespace scone::sconify
