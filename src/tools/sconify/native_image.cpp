#include "tools/sconify/native_image.h"

#include <fmt/format.h>

namespace scone::sconify {

using text::ExitCode;
using text::failure;
using text::Outcome;

std::optional<std::string> NativeImage::clean_path(std::string_view path) const {
    constexpr size_t kMaxPath = 4096;
    if (path.size() > kMaxPath)
        return std::nullopt;
    std::string out;
    while (!path.empty()) {
        const size_t slash = path.find('/');
        const std::string_view name = path.substr(0, slash);
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
        if (name == "..") {
            const auto* folder = tree.resolve(out);
            if (folder == nullptr || !folder->is_folder())
                return std::nullopt;
            out = oci::split_path(folder->entry.path).first;
        } else if (!name.empty() && name != ".") {
            out = oci::join_path(out, name);
        }
    }
    return oci::normal_path(out) ? std::optional("/" + out) : std::nullopt;
}

const oci::FileTree::Node* NativeImage::file(std::string_view path) const {
    const auto clean = clean_path(path);
    return clean ? tree.resolve(std::string_view(*clean).substr(1)) : nullptr;
}

Outcome<NativeImage> read_native_image(const oci::ImageName& name) {
    auto source = oci::open_image(name);
    if (!source) {
        text::Failure why = source.error();
        why.what = fmt::format("cannot read native image '{}': {}", name.given, why.what);
        return std::unexpected(std::move(why));
    }
    NativeImage image{.source = std::move(*source),
                      .layers = {},
                      .tree = {},
                      .spool = SCONE_TRY(oci::Spool::create())};
    for (size_t i = 0; i < image.source.layers.size(); ++i) {
        image.layers.push_back(SCONE_TRY(image.source.read(i, *image.spool, {})));
        SCONE_TRY(image.tree.apply(image.layers.back(), image.source.layers[i].name));
    }
    if (image.tree.find("opt/scone/enclave.img") != nullptr || image.tree.find("fspf") != nullptr)
        return failure(ExitCode::Conflict,
                       fmt::format("'{}' is a converted image already: it has /fspf or /opt/scone",
                                   name.given),
                       {}, "give the native image that it was made from");
    return image;
}

}  // namespace scone::sconify
