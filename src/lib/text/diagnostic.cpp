#include "lib/text/diagnostic.h"

#include <algorithm>

namespace scone::text {
namespace {

// Edits (insert, delete, replace, swap of neighbours) that turn one word into the other.
size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
    for (size_t i = 0; i <= a.size(); i++)
        cost[i][0] = i;
    for (size_t j = 0; j <= b.size(); j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= a.size(); i++) {
        for (size_t j = 1; j <= b.size(); j++) {
            size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
    std::string out;
    if (diagnostic.at.line != 0) {
        out =
            std::to_string(diagnostic.at.line) + ":" + std::to_string(diagnostic.at.column) + ": ";
    }
    out += diagnostic.message;
    if (!diagnostic.hint.empty())
        out += " (" + diagnostic.hint + ")";
    return out;
}

std::string_view nearest_name(std::string_view word,
                              const std::vector<std::string_view>& candidates) {
    constexpr size_t kLongestWord = 64;
    if (word.empty() || word.size() > kLongestWord)
        return {};
    std::string_view best;
    // One error in three letters; words of one or two letters are near to everything.
    size_t best_distance = word.size() / 3 + 1;
    for (std::string_view candidate : candidates) {
        if (candidate.size() > kLongestWord)
            continue;
        size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

}  // namespace scone::text
