// What this process may use of the machine.
#pragma once

namespace patchbay::app {

// As many descriptors, and so sockets, as the machine lets us have. Before threads start.
void raise_descriptor_limit();

}  // namespace patchbay::app
