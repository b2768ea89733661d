// Puts a program into memory and prepares its start, as the kernel's exec does.
//
// Side:    trusted
// Errors:  ENOEXEC (not an x86-64 ELF file, or broken), ELIBBAD-like cases as ENOEXEC, EACCES,
//          ENOMEM, E2BIG, ELOOP (too many #! lines)
// Source:  ELF gABI; Linux, fs/binfmt_elf.c and fs/binfmt_script.c (behaviour)
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/task/process.h"
#include "runtime/trusted/libos/text.h"

namespace scone::libos {

// Strings one after the other, each with its NUL.
class StringList {
  public:
    Result<void> add(std::string_view text);
    Result<void> add_from_program(uint64_t array);  // NULL-terminated array of addresses
    void drop_first();
    Result<void> prepend(std::string_view text);
    size_t count() const { return count_; }
    std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
    // Visits each string in order.
    template <class F>
    void for_each(F&& visit) const {
        for (size_t at = 0; at < bytes_.size();) {
            std::string_view text(bytes_.data() + at);
            visit(text);
            at += text.size() + 1;
        }
    }

  private:
    Vector<char> bytes_;
    size_t count_ = 0;
};

struct Program {
    Ref<File> file;
    Ref<File> interpreter;
    Path name;             // as exec was told it: AT_EXECFN, and the process's name
    Path path;             // without links: /proc/self/exe; of a script it is the interpreter's
    uint8_t header[1024];  // first bytes of the file
    uint64_t header_size = 0;
};

// Opens the program and its interpreter and checks their headers; #! lines are resolved, which
// changes the arguments: an interpreter is told the script's name. Nothing of the running program
// is touched.
Result<void> open_program(std::string_view name, std::string_view path, StringList& arguments,
                          Program& out);

// Replaces the process's memory by the program and sets the frame to its first instruction.
Result<void> load_program(Process& process, Program& program, const StringList& arguments,
                          const StringList& environment, enclave::Registers& frame);

}  // namespace scone::libos
