#include "tools/fspf_files/fspf_file.h"

#include <sys/stat.h>

#include "lib/aead/host_cpu.h"
#include "lib/base/hex.h"
#include "tools/fspf_files/folder_adder.h"
#include "tools/fspf_files/loaded_fspf.h"

namespace scone::tools {
namespace {

// What an unfinished file says about itself to others: nothing. The finished one is public.
constexpr unsigned kUnfinishedMode = 0600, kFinishedMode = 0644;

text::Outcome<std::unique_ptr<fspf::Writer>> writer_of(const std::string& file) {
    auto loaded = LoadedFspf::load(file, nullptr);
    if (!loaded)
        return std::unexpected(loaded.error());
    auto writer = fspf::Writer::load(aead::host_cipher(), (*loaded)->reader());
    if (!writer)
        return std::unexpected(fspf_failure(writer.error(), "cannot open '" + file + "'"));
    return std::move(*writer);
}

text::Outcome<fspf::SealedFspf> finish(fspf::Writer& writer, const std::string& file,
                                       fspf::Seal seal, Replace replace) {
    auto sealed = writer.finish(seal);
    if (!sealed)
        return std::unexpected(fspf_failure(sealed.error(), "cannot finish '" + file + "'"));
    unsigned mode = seal == fspf::Seal::Encrypt ? kFinishedMode : kUnfinishedMode;
    SCONE_TRY(write_whole_file(file, sealed->bytes, mode, replace));
    return std::move(*sealed);
}

}  // namespace

text::Outcome<fspf::Tag> create_fspf(const std::string& file) {
    auto writer = fspf::Writer::create(aead::host_cipher());
    if (!writer)
        return std::unexpected(fspf_failure(writer.error(), "cannot create '" + file + "'"));
    return SCONE_TRY(finish(**writer, file, fspf::Seal::ClearKey, Replace::No)).tag;
}

text::Outcome<fspf::Tag> add_region(const std::string& file, const RegionOptions& region) {
    auto writer = SCONE_TRY(writer_of(file));
    auto added =
        writer->add_region(region.path, region.backing, region.protection, region.backing_path);
    if (!added)
        return std::unexpected(
            fspf_failure(added.error(), "cannot add region '" + region.path + "'"));
    return SCONE_TRY(finish(*writer, file, fspf::Seal::ClearKey, Replace::Yes)).tag;
}

text::Outcome<AddedFiles> add_files(const std::string& file, const std::string& path,
                                    const std::string& source, const std::string& out) {
    auto writer = SCONE_TRY(writer_of(file));
    auto protection = writer->protection_of(path);
    if (!protection)
        return std::unexpected(fspf_failure(protection.error(), "cannot add '" + path + "'"));
    if (*protection == fspf::Protection::Encrypted && out.empty())
        return text::failure(text::ExitCode::Usage,
                             "region '" + path + "' is encrypted: an output folder is needed", {},
                             "scone fspf addf " + file + " " + path + " " + source + " OUT");
    FolderAdder adder(*writer, out);
    SCONE_TRY(adder.add(path, source));
    adder.result.tag = SCONE_TRY(finish(*writer, file, fspf::Seal::ClearKey, Replace::Yes)).tag;
    return std::move(adder.result);
}

text::Outcome<EncryptedFspf> encrypt_fspf(const std::string& file) {
    auto writer = SCONE_TRY(writer_of(file));
    auto sealed = SCONE_TRY(finish(*writer, file, fspf::Seal::Encrypt, Replace::Yes));
    return EncryptedFspf{sealed.tag, std::move(sealed.key)};
}

text::Outcome<fspf::Tag> tag_of_fspf(const std::string& file) {
    auto bytes = SCONE_TRY(read_whole_file(file));
    auto header =
        fspf::decode_header(base::Bytes(bytes).first(std::min(bytes.size(), fspf::kPageSize)));
    if (!header)
        return std::unexpected(fspf_failure(header.error(), "cannot read '" + file + "'"));
    return header->tag;
}

}  // namespace scone::tools
