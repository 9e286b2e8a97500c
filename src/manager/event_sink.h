// Who hears of events: the realtime edge, later webhooks. Called on the executor that owns the instance,
// after the events are durable, in the order of their numbers. Implementations return quickly and never
// throw.
#pragma once

#include <string_view>

#include "manager/instance_events.h"

namespace patchbay::manager {

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void publish(const InstanceEvent& event) = 0;
  // The instance is gone for good; after its last event. Sockets leave its room.
  virtual void instance_removed(std::string_view instance_id, std::string_view subscription_id) {
    (void)instance_id;
    (void)subscription_id;
  }
  // From now on its API keys let nobody in. In the thread of the operator who did it.
  virtual void instance_deactivated(std::string_view instance_id) { (void)instance_id; }
};

}  // namespace patchbay::manager
