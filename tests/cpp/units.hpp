// What the two units of the program `units` share.

#pragma once

#include <string>

namespace remotemedia {
class NodeHandle;
}

/// A node that puts these words behind each text; made in the other unit.
remotemedia::NodeHandle append(std::string words);
