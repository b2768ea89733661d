// The one file that knows libyaml: its events build our nodes, its errors become ours.
#include <yaml.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "lib/text/utf8.h"
#include "lib/text/yaml.h"

namespace scone::text {
namespace {

constexpr size_t kMaxKeySize = 256;

// libyaml counts lines and characters from 0; we want bytes, and count from 1.
class Lines {
  public:
    explicit Lines(std::string_view source) : source_(source) {
        for (size_t i = 0; i < source.size(); i++) {
            if (source[i] == '\n')
                starts_.push_back(i + 1);
        }
    }
    size_t offset_of(const yaml_mark_t& mark) const {
        if (mark.line >= starts_.size())
            return source_.size();
        // Going on from the last place asked for keeps a document of one long line linear.
        size_t column = 0;
        size_t at = starts_[mark.line];
        if (last_line_ == mark.line && last_column_ <= mark.column) {
            column = last_column_;
            at = last_offset_;
        }
        for (; column < mark.column && at < source_.size(); column++)
            at += std::max<size_t>(utf8_sequence_size(source_, at), 1);
        last_line_ = mark.line;
        last_column_ = column;
        last_offset_ = at;
        return at;
    }
    static Position position_of(const yaml_mark_t& mark) {
        return {static_cast<uint32_t>(mark.line) + 1, static_cast<uint32_t>(mark.column) + 1};
    }
    Position position_of_offset(size_t offset) const {
        auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
        uint32_t column = 1;
        for (size_t i = *std::prev(next); i < offset && i < source_.size(); i++)
            column += (source_[i] & 0xC0) != 0x80 ? 1 : 0;
        return {static_cast<uint32_t>(next - starts_.begin()), column};
    }

  private:
    std::string_view source_;
    std::vector<size_t> starts_{0};
    mutable size_t last_line_ = 0;
    mutable size_t last_column_ = 0;
    mutable size_t last_offset_ = 0;
};

// The offset of the first byte that may not stand in a document: what is no UTF-8, controls, and
// the characters that YAML 1.1 took for line ends (a carriage return is one before a line feed).
std::optional<size_t> find_unprintable(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        size_t size = utf8_sequence_size(text, at);
        auto byte = static_cast<uint8_t>(text[at]);
        std::string_view rest = text.substr(at);
        bool line_end = byte == '\n' || rest.starts_with("\r\n");
        bool control = (byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7F;
        bool c1_control = byte == 0xC2 && size == 2 && static_cast<uint8_t>(text[at + 1]) < 0xA0;
        bool separator = rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9");
        bool mark = rest.starts_with("\xEF\xBB\xBF");
        if (size == 0 || control || c1_control || separator || mark)
            return at;
        at += size;
    }
    return std::nullopt;
}

// One event of the parser, freed at its end.
class Event {
  public:
    explicit Event(yaml_parser_t& parser) : parsed_(yaml_parser_parse(&parser, &event_) == 1) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() {
        if (parsed_)
            yaml_event_delete(&event_);
    }
    explicit operator bool() const { return parsed_; }
    const yaml_event_t* operator->() const { return &event_; }
    const yaml_event_t& operator*() const { return event_; }

  private:
    yaml_event_t event_{};
    bool parsed_;
};

std::string text_of(const yaml_char_t* text) {
    // SAFETY: libyaml's characters are the bytes of UTF-8.
    return text ? reinterpret_cast<const char*>(text) : "";
}

ScalarStyle style_of(yaml_scalar_style_t style) {
    switch (style) {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE:
            return ScalarStyle::SingleQuoted;
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
            return ScalarStyle::DoubleQuoted;
        case YAML_LITERAL_SCALAR_STYLE:
            return ScalarStyle::Literal;
        case YAML_FOLDED_SCALAR_STYLE:
            return ScalarStyle::Folded;
        default:
            return ScalarStyle::Plain;
    }
}

class Builder {
  public:
    Builder(std::string_view source, const YamlOptions& options)
        : source_(source), options_(options), lines_(source) {}
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;
    ~Builder() {
        if (open_)
            yaml_parser_delete(&parser_);
    }

    base::Result<Node, Diagnostic> run() {
        if (source_.size() > options_.max_size) {
            return base::fail(Diagnostic{{1, 1},
                                         "expected at most " + std::to_string(options_.max_size) +
                                             " bytes, got " + std::to_string(source_.size()),
                                         {}});
        }
        if (auto bad = find_unprintable(source_)) {
            return base::fail(Diagnostic{
                lines_.position_of_offset(*bad), "expected UTF-8 without control characters", {}});
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
        open_ = yaml_parser_initialize(&parser_) == 1;
        if (!open_)
            return false;
        // SAFETY: a char may be looked at as an unsigned byte; the parser only reads.
        yaml_parser_set_input_string(
            &parser_, reinterpret_cast<const unsigned char*>(source_.data()), source_.size());
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        return true;
    }

    void step() {
        Event event(parser_);
        if (!event) {
            take_library_error();
            return;
        }
        switch (event->type) {
            case YAML_STREAM_START_EVENT:
            case YAML_DOCUMENT_END_EVENT:
                return;
            case YAML_NO_EVENT:
            case YAML_STREAM_END_EVENT:
                finished_ = true;
                return;
            case YAML_DOCUMENT_START_EVENT:
                start_document(*event);
                return;
            case YAML_SCALAR_EVENT:
                add_scalar(*event);
                return;
            case YAML_SEQUENCE_START_EVENT:
                start_container(*event, Node::sequence(), event->data.sequence_start.anchor,
                                event->data.sequence_start.tag);
                return;
            case YAML_MAPPING_START_EVENT:
                start_container(*event, Node::mapping(), event->data.mapping_start.anchor,
                                event->data.mapping_start.tag);
                return;
            case YAML_SEQUENCE_END_EVENT:
            case YAML_MAPPING_END_EVENT:
                end_container(*event);
                return;
            case YAML_ALIAS_EVENT:
                refuse(event->start_mark, "aliases (*name) are not accepted");
                return;
        }
    }

    void start_document(const yaml_event_t& event) {
        if (++document_count_ > 1) {
            refuse(event.start_mark, "expected one document, got another");
            return;
        }
        const auto& tags = event.data.document_start.tag_directives;
        if (tags.start != tags.end)
            refuse(event.start_mark, "%TAG directives are not accepted");
    }

    void add_scalar(const yaml_event_t& event) {
        const auto& scalar = event.data.scalar;
        Node node;
        node.style = style_of(scalar.style);
        // SAFETY: as in text_of(); the length is libyaml's own.
        node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
        if (!set_place(event, node, scalar.anchor, scalar.tag) || !count_node(event))
            return;
        if (!is_valid_utf8(node.text)) {
            refuse(event.start_mark, "an escape stands for no character");
            return;
        }
        if (!frames_.empty() && frames_.back().node.is_mapping() && !frames_.back().pending)
            add_key(event, std::move(node));
        else
            add(std::move(node));
    }

    void add_key(const yaml_event_t& event, Node key) {
        Frame& frame = frames_.back();
        if (!key.tag.empty())
            return refuse(event.start_mark, "a key may have no tag");
        if (key.text.size() > kMaxKeySize)
            return refuse(event.start_mark, "a key is longer than 256 bytes");
        if (key.text == "<<" && key.style == ScalarStyle::Plain)
            return refuse(event.start_mark, "merge keys (<<) are not accepted");
        if (!frame.keys.insert(key.text).second)
            return refuse(event.start_mark, "key '" + key.text + "' stands twice in one mapping");
        frame.pending = NodeEntry{std::move(key.text), key.at, Node()};
    }

    void start_container(const yaml_event_t& event, Node node, const yaml_char_t* anchor,
                         const yaml_char_t* tag) {
        if (!set_place(event, node, anchor, tag) || !count_node(event))
            return;
        if (frames_.size() >= options_.max_depth) {
            return refuse(event.start_mark,
                          "nested deeper than " + std::to_string(options_.max_depth) + " levels");
        }
        if (!frames_.empty() && frames_.back().node.is_mapping() && !frames_.back().pending)
            return refuse(event.start_mark, "expected a scalar as key");
        frames_.push_back({std::move(node), {}, std::nullopt});
    }

    void end_container(const yaml_event_t& event) {
        Node node = std::move(frames_.back().node);
        frames_.pop_back();
        size_t end = lines_.offset_of(event.end_mark);
        node.source_size = end > node.source_offset ? end - node.source_offset : 0;
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

    bool count_node(const yaml_event_t& event) {
        if (++node_count_ <= options_.max_nodes)
            return true;
        refuse(event.start_mark, "more than " + std::to_string(options_.max_nodes) + " values");
        return false;
    }

    // Place and tag of a value; false when it has an anchor or a tag that is not allowed.
    bool set_place(const yaml_event_t& event, Node& node, const yaml_char_t* anchor,
                   const yaml_char_t* tag) {
        node.at = Lines::position_of(event.start_mark);
        node.source_offset = lines_.offset_of(event.start_mark);
        node.source_size = lines_.offset_of(event.end_mark) - node.source_offset;
        node.tag = text_of(tag);
        if (anchor) {
            refuse(event.start_mark, "anchors (&name) are not accepted");
            return false;
        }
        if (!tag ||
            std::ranges::find(options_.allowed_tags, node.tag) != options_.allowed_tags.end())
            return true;
        refuse(event.start_mark, "unknown tag '" + node.tag + "'");
        return false;
    }

    void take_library_error() {
        std::string problem = parser_.problem ? parser_.problem : "malformed";
        if (parser_.context)
            problem += std::string(" ") + parser_.context;
        refuse(parser_.problem_mark, "not YAML: " + problem);
    }

    void refuse(const yaml_mark_t& mark, std::string message) {
        if (!error_)
            error_ = Diagnostic{Lines::position_of(mark), std::move(message), {}};
    }

    std::string_view source_;
    const YamlOptions& options_;
    Lines lines_;
    yaml_parser_t parser_{};
    bool open_ = false;
    std::vector<Frame> frames_;
    Node root_;
    size_t node_count_ = 0;
    size_t document_count_ = 0;
    bool finished_ = false;
    std::optional<Diagnostic> error_;
};

}  // namespace

base::Result<Node, Diagnostic> parse_yaml(std::string_view text, const YamlOptions& options) {
    return Builder(text, options).run();
}

}  // namespace scone::text
