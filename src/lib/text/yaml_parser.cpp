// The one file that knows libfyaml: its events build our nodes, its diagnostics become ours.
#include <libfyaml.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_set>

#include "lib/text/utf8.h"
#include "lib/text/yaml.h"
#include "lib/text/yaml_quoted.h"

namespace scone::text {
namespace {

constexpr size_t kMaxKeySize = 256;

struct ParserDeleter {
    void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
};
struct DiagDeleter {
    void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};
struct EventDeleter {
    fy_parser* parser;
    void operator()(fy_event* event) const { fy_parser_event_free(parser, event); }
};
using Event = std::unique_ptr<fy_event, EventDeleter>;

// Offsets in the source to lines and columns.
class Lines {
  public:
    explicit Lines(std::string_view source) : source_(source) {
        for (size_t i = 0; i < source.size(); i++) {
            if (source[i] == '\n')
                starts_.push_back(i + 1);
        }
    }
    Position position_of(size_t offset) const {
        offset = std::min(offset, source_.size());
        auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
        // Going on from the last place asked for keeps a document of one long line linear.
        size_t start = *std::prev(next);
        uint32_t column = 1;
        if (last_offset_ >= start && last_offset_ <= offset) {
            start = last_offset_;
            column = last_column_;
        }
        for (size_t i = start; i < offset; i++)
            column += (source_[i] & 0xC0) != 0x80 ? 1 : 0;
        last_offset_ = offset;
        last_column_ = column;
        return {static_cast<uint32_t>(next - starts_.begin()), column};
    }

  private:
    std::string_view source_;
    std::vector<size_t> starts_{0};
    mutable size_t last_offset_ = 0;
    mutable uint32_t last_column_ = 1;
};

// What YAML calls printable, without the C1 controls: the offset of the first other character.
std::optional<size_t> find_unprintable(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        size_t size = utf8_sequence_size(text, at);
        auto byte = static_cast<uint8_t>(text[at]);
        // A carriage return counts as a line end only before a line feed.
        bool line_end = byte == '\n' || text.substr(at).starts_with("\r\n");
        bool control = (byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7F;
        bool c1_control = byte == 0xC2 && size == 2 && static_cast<uint8_t>(text[at + 1]) < 0xA0;
        if (size == 0 || control || c1_control)
            return at;
        at += size;
    }
    return std::nullopt;
}

class Builder {
  public:
    Builder(std::string_view source, const YamlOptions& options)
        : source_(source), options_(options), lines_(source) {}

    base::Result<Node, Diagnostic> run() {
        if (source_.size() > options_.max_size) {
            return base::fail(Diagnostic{{1, 1},
                                         "expected at most " + std::to_string(options_.max_size) +
                                             " bytes, got " + std::to_string(source_.size()),
                                         {}});
        }
        if (auto bad = find_unprintable(source_)) {
            return base::fail(Diagnostic{
                lines_.position_of(*bad), "expected UTF-8 without control characters", {}});
        }
        if (!open())
            return base::fail(Diagnostic{{1, 1}, "cannot start the YAML parser", {}});
        while (!error_ && !finished_)
            step();
        if (error_)
            return base::fail(std::move(*error_));
        if (root_.at.line == 0)
            root_.at = {1, 1};  // an empty document
        return std::move(root_);
    }

  private:
    struct Frame {
        Node node;
        std::unordered_set<std::string> keys;
        std::optional<NodeEntry> pending;  // a key whose value comes next
    };

    bool open() {
        fy_diag_cfg diag_config;
        fy_diag_cfg_default(&diag_config);
        diag_config.fp = nullptr;
        diag_config.output_fn = [](fy_diag*, void*, const char*, size_t) {};
        diag_.reset(fy_diag_create(&diag_config));
        if (!diag_)
            return false;
        fy_diag_set_collect_errors(diag_.get(), true);
        fy_parse_cfg config{};
        config.search_path = "";
        // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): flags of a C enum
        config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                                       FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE);
        config.diag = diag_.get();
        parser_.reset(fy_parser_create(&config));
        return parser_ && fy_parser_set_string(parser_.get(), source_.data(), source_.size()) == 0;
    }

    void step() {
        Event event(fy_parser_parse(parser_.get()), EventDeleter{parser_.get()});
        if (!event) {
            take_library_error();
            return;
        }
        switch (event->type) {
            case FYET_STREAM_START:
            case FYET_DOCUMENT_END:
                return;
            case FYET_STREAM_END:
                finished_ = true;
                return;
            case FYET_DOCUMENT_START:
                start_document(*event);
                return;
            case FYET_SCALAR:
                add_scalar(*event);
                return;
            case FYET_SEQUENCE_START:
                start_container(Node::sequence(), event->sequence_start.anchor,
                                event->sequence_start.tag, event->sequence_start.sequence_start);
                return;
            case FYET_MAPPING_START:
                start_container(Node::mapping(), event->mapping_start.anchor,
                                event->mapping_start.tag, event->mapping_start.mapping_start);
                return;
            case FYET_SEQUENCE_END:
                end_container(event->sequence_end.sequence_end);
                return;
            case FYET_MAPPING_END:
                end_container(event->mapping_end.mapping_end);
                return;
            case FYET_ALIAS:
                refuse(before(start_of(event->alias.anchor)), "aliases (*name) are not accepted");
                return;
            default:
                refuse(last_end_, "not YAML");
                return;
        }
    }

    void start_document(const fy_event& event) {
        if (++document_count_ > 1) {
            refuse(start_of(event.document_start.document_start),
                   "expected one document, got another");
            return;
        }
        if (fy_document_state_tags_explicit(event.document_start.document_state))
            refuse(0, "%TAG directives are not accepted");
    }

    void add_scalar(const fy_event& event) {
        const auto& scalar = event.scalar;
        Node node;
        node.style = style_of(scalar.value);
        if (!set_place(node, scalar.anchor, scalar.tag, scalar.value) || !count_node(node))
            return;
        if (!read_text(node, scalar.value))
            return;
        if (!frames_.empty() && frames_.back().node.is_mapping() && !frames_.back().pending)
            add_key(std::move(node));
        else
            add(std::move(node));
    }

    // The text of a scalar whose place is known; false when it has none.
    bool read_text(Node& node, fy_token* token) {
        std::string_view source = source_.substr(node.source_offset, node.source_size);
        if (node.style == ScalarStyle::SingleQuoted || node.style == ScalarStyle::DoubleQuoted) {
            char quote = node.style == ScalarStyle::SingleQuoted ? '\'' : '"';
            bool closed = source.size() >= 2 && source.front() == quote && source.back() == quote;
            std::string_view inner = closed ? source.substr(1, source.size() - 2) : source;
            auto text = node.style == ScalarStyle::SingleQuoted
                            ? std::optional(single_quoted_text(inner))
                            : double_quoted_text(inner);
            if (!closed || !text) {
                refuse(node.source_offset, "not YAML: an escape stands for no character");
                return false;
            }
            node.text = std::move(*text);
            return true;
        }
        size_t size = 0;
        const char* text = token ? fy_token_get_text(token, &size) : nullptr;
        if (text)
            node.text.assign(text, size);
        if (node.text.size() <= source_.size() && is_valid_utf8(node.text))
            return true;
        refuse(node.source_offset, "not YAML: a scalar without text");
        return false;
    }

    void add_key(Node key) {
        Frame& frame = frames_.back();
        if (!key.tag.empty())
            return refuse(key.source_offset, "a key may have no tag");
        if (key.text.size() > kMaxKeySize)
            return refuse(key.source_offset, "a key is longer than 256 bytes");
        if (key.text == "<<" && key.style == ScalarStyle::Plain)
            return refuse(key.source_offset, "merge keys (<<) are not accepted");
        if (!frame.keys.insert(key.text).second)
            return refuse(key.source_offset, "key '" + key.text + "' stands twice in one mapping");
        frame.pending = NodeEntry{std::move(key.text), key.at, Node()};
    }

    void start_container(Node node, fy_token* anchor, fy_token* tag, fy_token* start) {
        if (!set_place(node, anchor, tag, start) || !count_node(node))
            return;
        if (frames_.size() >= options_.max_depth) {
            return refuse(node.source_offset,
                          "nested deeper than " + std::to_string(options_.max_depth) + " levels");
        }
        if (!frames_.empty() && frames_.back().node.is_mapping() && !frames_.back().pending)
            return refuse(node.source_offset, "expected a scalar as key");
        frames_.push_back({std::move(node), {}, std::nullopt});
    }

    void end_container(fy_token* end) {
        Node node = std::move(frames_.back().node);
        frames_.pop_back();
        if (const fy_mark* mark = end ? fy_token_end_mark(end) : nullptr)
            last_end_ = std::max(last_end_, mark->input_pos);
        node.source_size = last_end_ > node.source_offset ? last_end_ - node.source_offset : 0;
        add(std::move(node));
    }

    void add(Node node) {
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = frames_.back();
        if (frame.node.is_sequence()) {
            frame.node.items.push_back(std::move(node));
        } else if (frame.pending) {
            frame.pending->value = std::move(node);
            frame.node.entries.push_back(std::move(*frame.pending));
            frame.pending.reset();
        }
    }

    bool count_node(const Node& node) {
        if (++node_count_ <= options_.max_nodes)
            return true;
        refuse(node.source_offset, "more than " + std::to_string(options_.max_nodes) + " values");
        return false;
    }

    // Place and tag of a value; false when it has an anchor or a tag that is not allowed.
    bool set_place(Node& node, fy_token* anchor, fy_token* tag, fy_token* value) {
        node.source_offset = start_of(value);
        size_t end = node.source_offset;
        if (const fy_mark* mark = value ? fy_token_end_mark(value) : nullptr)
            end = std::max(end, mark->input_pos);
        if (node.style == ScalarStyle::SingleQuoted || node.style == ScalarStyle::DoubleQuoted) {
            // The token's marks stand inside the quotes.
            node.source_offset = before(node.source_offset);
            end = std::min(end + 1, source_.size());
        }
        if (node.is_scalar())
            node.source_size = end - node.source_offset;
        last_end_ = std::max(last_end_, end);
        node.at = lines_.position_of(node.source_offset);
        if (anchor) {
            refuse(before(start_of(anchor)), "anchors (&name) are not accepted");
            return false;
        }
        if (!tag)
            return true;
        size_t handle_size = 0;
        size_t suffix_size = 0;
        const char* handle = fy_tag_token_handle(tag, &handle_size);
        const char* suffix = fy_tag_token_suffix(tag, &suffix_size);
        if (handle)
            node.tag.assign(handle, handle_size);
        if (suffix)
            node.tag.append(suffix, suffix_size);
        if (std::ranges::find(options_.allowed_tags, node.tag) == options_.allowed_tags.end()) {
            refuse(start_of(tag), "unknown tag '" + node.tag + "'");
            return false;
        }
        return true;
    }

    size_t start_of(fy_token* token) const {
        const fy_mark* mark = token ? fy_token_start_mark(token) : nullptr;
        return mark ? mark->input_pos : last_end_;
    }

    // The place of the sign ('&', '*', a quote) before a token's own text.
    static size_t before(size_t offset) { return offset > 0 ? offset - 1 : 0; }

    static ScalarStyle style_of(fy_token* token) {
        switch (token ? fy_token_scalar_style(token) : FYSS_PLAIN) {
            case FYSS_SINGLE_QUOTED:
                return ScalarStyle::SingleQuoted;
            case FYSS_DOUBLE_QUOTED:
                return ScalarStyle::DoubleQuoted;
            case FYSS_LITERAL:
                return ScalarStyle::Literal;
            case FYSS_FOLDED:
                return ScalarStyle::Folded;
            default:
                return ScalarStyle::Plain;
        }
    }

    // No event: the end of the stream, or an error that the library collected.
    void take_library_error() {
        void* cursor = nullptr;
        const fy_diag_error* error = fy_diag_errors_iterate(diag_.get(), &cursor);
        if (error) {
            // The library counts lines and columns of its errors from 1.
            Position at{static_cast<uint32_t>(std::max(error->line, 1)),
                        static_cast<uint32_t>(std::max(error->column, 1))};
            error_ = Diagnostic{
                at, std::string("not YAML: ") + (error->msg ? error->msg : "malformed"), {}};
        } else if (fy_parser_get_stream_error(parser_.get()) || !frames_.empty()) {
            refuse(last_end_, "not YAML");
        } else {
            finished_ = true;
        }
    }

    void refuse(size_t offset, std::string message) {
        if (!error_)
            error_ = Diagnostic{lines_.position_of(offset), std::move(message), {}};
    }

    std::string_view source_;
    const YamlOptions& options_;
    Lines lines_;
    std::unique_ptr<fy_diag, DiagDeleter> diag_;
    std::unique_ptr<fy_parser, ParserDeleter> parser_;
    std::vector<Frame> frames_;
    Node root_;
    size_t node_count_ = 0;
    size_t document_count_ = 0;
    size_t last_end_ = 0;
    bool finished_ = false;
    std::optional<Diagnostic> error_;
};

}  // namespace

base::Result<Node, Diagnostic> parse_yaml(std::string_view text, const YamlOptions& options) {
    return Builder(text, options).run();
}

}  // namespace scone::text
