// Builds a protected file system: seals the content of files as it streams by and, at the end,
// writes the file system protection file (fspf) with its key and tag.
//
// Order of use: add_region() for every region, then add_* in any order, then finish(). Directories
// on the way to a path are made with mode 0755 and owner 0 unless they are added themselves, before
// or after.
//
// Side:    hosted
// Memory:  names and attributes, 28 bytes per 4 KiB of content, and 256 KiB per add_file() running
// Seed:    without one every key is random and no nonce repeats. With one, all keys come from the
//          seed and every nonce from its key, its place and its content: the same tree and seed
//          give the same bytes, and changed content never shares a nonce with the old.
// Errors:  InvalidPath, Exists, NotFound, NotDirectory, NoRegion (the path lies in no region that
//          keeps files here), TooLarge, Host (a source or a sink failed); seeding cannot fail
//          twice: Host with "no random bytes" when the system has none
// Threads: add_file() of different paths may run in parallel with each other and with every add_*;
//          finish() runs alone
// Source:  docs/formats/fspf.md
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/fspf/reader.h"

namespace scone::fspf {

// Where a file's content comes from, from its beginning to its end.
class ContentSource {
  public:
    virtual ~ContentSource() = default;
    // Fills `out` as far as it can; 0 at the end only.
    virtual Result<size_t> read(base::MutableBytes out) = 0;
    // Skips zeros that are known without reading: a multiple of kBlockSize, or up to the end.
    // A hole takes no tag and no space; that it is one can be seen from outside.
    virtual Result<uint64_t> skip_hole() { return 0; }
};

// Where the bytes go that the host will keep.
class ContentSink {
  public:
    virtual ~ContentSink() = default;
    virtual Result<void> write(base::Bytes bytes) = 0;
    // Leaves a hole. Only called when the source skipped one.
    virtual Result<void> skip(uint64_t size) = 0;
};

struct SealedFspf {
    std::vector<uint8_t> bytes;
    Key key;
    Tag tag;
};

enum class Seal : uint8_t {
    Encrypt,   // the key is handed out and stands nowhere else
    ClearKey,  // unfinished: the key stands in the header, the runtime refuses the file
};

class KeySchedule;

class Writer {
  public:
    // An empty file system without regions. The cipher outlives the Writer.
    static Result<std::unique_ptr<Writer>> create(const aead::AesGcm256& cipher,
                                                  const std::optional<Key>& seed = {});
    // Everything that `reader` shows, to be added to. Content stays sealed as it is.
    static Result<std::unique_ptr<Writer>> load(const aead::AesGcm256& cipher, Reader& reader);
    ~Writer();

    // `backing_path` is where the host keeps the files of a Kernel region; empty for Ephemeral.
    Result<void> add_region(std::string_view path, Backing backing, Protection protection,
                            std::string_view backing_path);
    Result<void> add_directory(std::string_view path, const Attributes& attributes);
    Result<void> add_symlink(std::string_view path, const Attributes& attributes,
                             std::string_view target);
    // Another name, in the same region, of a file that was added. On the host it needs the same
    // bytes: a hard link or a copy.
    Result<void> add_hard_link(std::string_view path, std::string_view existing);
    // Reads `size` bytes from `source`, which must then be at its end. Encrypted content is written
    // to `sink` in cipher text of the same size; authenticated content is written unchanged, or not
    // at all where `sink` is null. Nothing is added when it fails.
    Result<void> add_file(std::string_view path, const Attributes& attributes, uint64_t size,
                          ContentSource& source, ContentSink* sink);
    // Removes a file, a link, or a directory with all that is in it.
    Result<void> remove(std::string_view path);

    // What holds for `path`; NoRegion where no region does.
    Result<Protection> protection_of(std::string_view path);
    // A region of this path was added.
    bool has_region(std::string_view path);

    // The Writer can be used no more afterwards. NoRegion when there is no region for "/" and the
    // file is to be encrypted.
    Result<SealedFspf> finish(Seal seal = Seal::Encrypt);

    struct Object;  // a file, directory or link; a file with several names is shared

  private:
    struct Region {
        std::string path;
        std::string backing_path;
        Backing backing;
        Protection protection;
        std::shared_ptr<Object> root;  // null where the fspf keeps no files
    };
    struct Place {
        const Region* region;
        Object* parent;
        std::string name;
    };

    explicit Writer(const aead::AesGcm256& cipher);

    const Region* region_of(std::string_view path) const;
    // Walks to the directory that holds `path`, making what is missing.
    Result<Place> place_of(std::string_view path);
    Result<std::shared_ptr<Object>> find(std::string_view path) const;
    Result<void> insert(std::string_view path, std::shared_ptr<Object> object);
    Result<void> seal_content(Object& object, std::string_view path, uint64_t sequence,
                              uint64_t size, ContentSource& source, ContentSink* sink) const;
    Result<void> load_directory(Reader& reader, const Inode& inode, Object& into,
                                std::map<uint64_t, std::shared_ptr<Object>>& shared);

    const aead::AesGcm256& cipher_;
    std::unique_ptr<KeySchedule> keys_;
    mutable std::mutex mutex_;  // guards the tree; the content of an object is its adder's
    std::vector<Region> regions_;
    uint64_t next_sequence_ = 1;
    uint64_t generation_ = 0;
};

}  // namespace scone::fspf
