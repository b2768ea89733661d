#include "lib/flags/parse_flags.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "lib/base/checked.h"

namespace scone::flags {
namespace {

using text::ExitCode;
using text::failure;
using text::Failure;
using text::Outcome;

// Edit distance, for "did you mean", in which two letters that changed places count as one; names
// are short.
size_t distance(std::string_view a, std::string_view b) {
    std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        before = std::exchange(last, row);
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row[b.size()];
}

std::string option(const Flag& flag) {
    return "option '--" + std::string(flag.name) + "'";
}

std::string_view value_of(const Flag& flag) {
    return flag.choices.empty() ? flag.value : flag.choices;
}

bool is_choice(std::string_view choices, std::string_view value) {
    while (true) {
        const size_t bar = choices.find('|');
        if (choices.substr(0, bar) == value)
            return true;
        if (bar == std::string_view::npos)
            return false;
        choices.remove_prefix(bar + 1);
    }
}

}  // namespace

std::optional<std::string> ParsedCommand::value(std::string_view flag) const {
    if (const auto it = values_.find(flag); it != values_.end() && !it->second.empty())
        return it->second.back();
    if (const auto it = defaults_.find(flag); it != defaults_.end())
        return it->second;
    return std::nullopt;
}

std::string ParsedCommand::value_or(std::string_view flag, std::string_view otherwise) const {
    return value(flag).value_or(std::string(otherwise));
}

std::vector<std::string> ParsedCommand::values(std::string_view flag) const {
    const auto it = values_.find(flag);
    return it == values_.end() ? std::vector<std::string>{} : it->second;
}

class FlagParser {
  public:
    FlagParser(const Command& root, std::span<const std::string> words, const Lookup& environment)
        : words_(words), environment_(environment) {
        chain_.push_back(&root);
        out_.path = root.name;
    }

    Outcome<ParsedCommand> run() {
        while (next_ < words_.size()) {
            const std::string_view word = words_[next_];
            if (only_arguments_ || word.size() < 2 || word[0] != '-') {
                ++next_;
                take_plain(word);
            } else if (word == "--") {
                ++next_;
                only_arguments_ = true;
            } else {
                ++next_;
                if (auto ok =
                        word[1] == '-' ? take_long(word.substr(2)) : take_short(word.substr(1));
                    !ok)
                    return std::unexpected(ok.error());
            }
            if (unknown_subcommand_)
                return usage("unknown command '" + *unknown_subcommand_ + "'" +
                                 nearest_command(*unknown_subcommand_),
                             "commands");
        }
        out_.command = chain_.back();
        if (out_.help_wanted || stands_alone_)
            return std::move(out_);
        if (auto ok = read_environment(); !ok)
            return std::unexpected(ok.error());
        if (auto ok = check_arguments(); !ok)
            return std::unexpected(ok.error());
        return std::move(out_);
    }

  private:
    std::unexpected<Failure> usage(std::string what, std::string_view about = "options") const {
        return failure(ExitCode::Usage, std::move(what), {},
                       out_.path + " --help lists the " + std::string(about));
    }

    void take_plain(std::string_view word) {
        const Command& current = *chain_.back();
        if (!only_arguments_ && out_.arguments.empty()) {
            for (const Command& sub : current.subcommands) {
                if (sub.name == word || std::ranges::count(sub.aliases, word) > 0) {
                    chain_.push_back(&sub);
                    out_.path += " " + std::string(sub.name);
                    return;
                }
            }
            if (!current.subcommands.empty() && current.arguments.empty())
                unknown_subcommand_ = std::string(word);
        }
        out_.arguments.emplace_back(word);
        const auto required = std::ranges::count(current.arguments, Arity::One, &Argument::arity);
        if (current.rest_is_verbatim && out_.arguments.size() >= static_cast<size_t>(required))
            only_arguments_ = true;
    }

    const Flag* find(auto&& matches) const {
        if (matches(kHelpFlag))
            return &kHelpFlag;
        for (auto it = chain_.rbegin(); it != chain_.rend(); ++it)
            for (const Flag& flag : (*it)->flags)
                if (matches(flag))
                    return &flag;
        return nullptr;
    }

    std::string nearest(std::string_view name) const {
        std::string_view best;
        size_t best_distance = 4;
        for (const Command* command : chain_)
            for (const Flag& flag : command->flags)
                if (const size_t d = distance(name, flag.name); d < best_distance && !flag.hidden) {
                    best = flag.name;
                    best_distance = d;
                }
        return best.empty() ? "" : "; did you mean --" + std::string(best) + "?";
    }

    std::string nearest_command(std::string_view word) const {
        std::string_view best;
        size_t best_distance = 3;
        for (const Command& sub : chain_.back()->subcommands)
            if (const size_t d = distance(word, sub.name); d < best_distance) {
                best = sub.name;
                best_distance = d;
            }
        return best.empty() ? "" : "; did you mean '" + std::string(best) + "'?";
    }

    Outcome<void> take_long(std::string_view text) {
        const size_t equals = text.find('=');
        const std::string_view name = text.substr(0, equals);
        const Flag* flag = find([&](const Flag& f) { return f.name == name; });
        if (flag == nullptr)
            return usage("unknown option '--" + std::string(name) + "'" + nearest(name));
        if (flag->kind == FlagKind::Switch) {
            if (equals != std::string_view::npos)
                return usage(option(*flag) + " takes no value, got '" +
                             std::string(text.substr(equals + 1)) + "'");
            return set(*flag, "");
        }
        if (equals != std::string_view::npos)
            return set(*flag, text.substr(equals + 1));
        return set_from_next_word(*flag);
    }

    Outcome<void> take_short(std::string_view letters) {
        while (!letters.empty()) {
            const char letter = letters[0];
            letters.remove_prefix(1);
            const Flag* flag = find([&](const Flag& f) { return f.letter == letter; });
            if (flag == nullptr)
                return usage(std::string("unknown option '-") + letter + "'");
            if (flag->kind == FlagKind::Switch) {
                if (auto ok = set(*flag, ""); !ok)
                    return ok;
                continue;
            }
            if (!letters.empty())
                return set(*flag, letters[0] == '=' ? letters.substr(1) : letters);
            return set_from_next_word(*flag);
        }
        return {};
    }

    Outcome<void> set_from_next_word(const Flag& flag) {
        if (next_ >= words_.size())
            return needs_value(flag);
        return set(flag, words_[next_++]);
    }

    std::unexpected<Failure> needs_value(const Flag& flag) const {
        return usage(option(flag) + " needs a value (" + std::string(value_of(flag)) + ")");
    }

    Outcome<void> set(const Flag& flag, std::string_view value) {
        if (&flag == &kHelpFlag) {
            out_.help_wanted = true;
            return {};
        }
        if (!flag.not_supported.empty())
            return failure(ExitCode::Unsupported, option(flag) + " is not supported yet", {},
                           std::string(flag.not_supported));
        if (flag.kind != FlagKind::Switch && value.empty())
            return needs_value(flag);
        if (!flag.choices.empty() && !is_choice(flag.choices, value))
            return usage(option(flag) + " expects one of " + std::string(flag.choices) + ", got '" +
                         std::string(value) + "'");
        stands_alone_ |= flag.alone;
        out_.values_[std::string(flag.name)].emplace_back(value);
        return {};
    }

    Outcome<void> read_environment() {
        for (const Command* command : chain_) {
            for (const Flag& flag : command->flags) {
                if (!flag.default_value.empty())
                    out_.defaults_[std::string(flag.name)] = flag.default_value;
                if (flag.environment.empty() || out_.given(flag.name))
                    continue;
                if (const auto value = environment_(flag.environment))
                    if (auto ok = set(flag, *value); !ok)
                        return ok;
            }
        }
        return {};
    }

    Outcome<void> check_arguments() {
        const Command& current = *chain_.back();
        if (!current.subcommands.empty() && current.arguments.empty() && out_.arguments.empty())
            return usage("'" + out_.path + "' needs a command", "commands");
        size_t required = 0;
        bool unlimited = current.rest_is_verbatim;
        for (const Argument& argument : current.arguments) {
            if (argument.arity == Arity::One || argument.arity == Arity::AtLeastOne) {
                if (out_.arguments.size() <= required)
                    return usage("argument " + std::string(argument.name) + " is missing");
                ++required;
            }
            unlimited |= argument.arity == Arity::Many || argument.arity == Arity::AtLeastOne;
        }
        if (!unlimited && out_.arguments.size() > current.arguments.size())
            return usage("unexpected argument '" + out_.arguments[current.arguments.size()] + "'");
        return {};
    }

    std::span<const std::string> words_;
    const Lookup& environment_;
    size_t next_ = 0;
    bool only_arguments_ = false;
    bool stands_alone_ = false;
    std::optional<std::string> unknown_subcommand_;
    std::vector<const Command*> chain_;
    ParsedCommand out_;
};

Outcome<ParsedCommand> parse_flags(const Command& root, std::span<const std::string> words,
                                   const Lookup& environment) {
    return FlagParser(root, words, environment).run();
}

Outcome<uint64_t> parse_size(std::string_view flag, std::string_view value) {
    const auto wrong = [&] {
        return failure(ExitCode::Usage, "option '--" + std::string(flag) +
                                            "' expects a size such as 64M or 1G, got '" +
                                            std::string(value) + "'");
    };
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    std::string_view suffix(end, static_cast<size_t>(value.data() + value.size() - end));
    if (error != std::errc{})
        return wrong();
    if (suffix.ends_with('B') && suffix.size() == 2)
        suffix.remove_suffix(1);
    uint64_t unit = 1;
    if (suffix.size() == 1) {
        switch (suffix[0] | 0x20) {
            case 'k':
                unit = 1ULL << 10;
                break;
            case 'm':
                unit = 1ULL << 20;
                break;
            case 'g':
                unit = 1ULL << 30;
                break;
            default:
                return wrong();
        }
    } else if (!suffix.empty()) {
        return wrong();
    }
    const auto bytes = base::checked_mul(number, unit);
    if (!bytes)
        return wrong();
    return *bytes;
}

}  // namespace scone::flags
