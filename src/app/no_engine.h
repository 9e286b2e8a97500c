// Stands where a WhatsApp engine belongs while none is configured: every session ends at once and says why.
#pragma once

#include "whatsapp/engine.h"

namespace patchbay::app {

class NoEngine final : public whatsapp::Engine {
 public:
  std::string_view name() const override { return "none"; }
  bool is_simulation() const override { return false; }
  std::unique_ptr<whatsapp::Session> open(whatsapp::SessionOptions options,
                                          whatsapp::SessionObserver& observer, Executor& executor) override;
};

}  // namespace patchbay::app
