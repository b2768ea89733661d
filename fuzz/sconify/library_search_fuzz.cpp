// What an image says about where its libraries lie, with form feeds between the parts: the name of
// a library; the path, DT_RPATH and DT_RUNPATH of what needs it; LD_LIBRARY_PATH; the loader's
// configuration; files that it may include. What is found is a file of the image.
#include "tools/sconify/library_search.h"

using namespace scone;

namespace {

std::string_view next(std::string_view& rest) {
    return sconify::next_part(rest, '\f');
}

void search(const sconify::NativeImage& image, elf::LibC libc, std::string_view rest) {
    const std::string_view name = next(rest);
    sconify::ElfFacts by;
    by.path = "/" + std::string(next(rest));
    by.rpath = next(rest);
    by.runpath = next(rest);
    const auto search = sconify::LibrarySearch::open(image, libc, next(rest));
    if (!search)
        return;
    const std::string found = search->find(name, by);
    if (!found.empty() && found != "-" && (found[0] != '/' || image.file(found) == nullptr))
        __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::string elf =
        "\x7f"
        "ELF" +
        std::string(60, '\0');
    auto spool = oci::Spool::create();
    if (!spool)
        return 0;
    std::vector<oci::Entry> layer;
    const auto add = [&](const std::string& path, std::string_view content) {
        const auto extent = (*spool)->append(base::as_bytes(content));
        if (extent)
            layer.push_back({.path = path, .content = *extent});
    };
    const std::string_view text = base::as_text({data, size});
    std::string_view rest = text;
    for (int i = 0; i < 5; ++i)
        next(rest);
    const std::string_view configuration = next(rest);
    add("etc/ld.so.conf", configuration);
    add("etc/ld-musl-x86_64.path", configuration);
    for (char name = '0'; !rest.empty() && name <= '9'; ++name)
        add(std::string("etc/ld.so.conf.d/") + name + ".conf", next(rest));
    for (const char* path : {"lib/a", "x/a", "x/$ORIGIN/a"})
        add(path, elf);
    sconify::NativeImage image{.source = {}, .layers = {}, .tree = {}, .spool = std::move(*spool)};
    if (!image.tree.apply(layer, "layer"))
        __builtin_trap();
    for (elf::LibC libc : {elf::LibC::Glibc, elf::LibC::Musl})
        search(image, libc, text);
    return 0;
}
