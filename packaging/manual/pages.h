// What the manual pages say beside the tables of options.
#pragma once

#include <vector>

#include "lib/flags/manual_page.h"

namespace scone::packaging {

// One page for each program that a person calls.
std::vector<flags::Manual> manual_pages();

}  // namespace scone::packaging
