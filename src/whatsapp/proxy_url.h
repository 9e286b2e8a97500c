// The address of the proxy that an instance connects through, as its operator writes it. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::whatsapp {

// "socks5://host:1080" of "socks5://user:password@host:1080": what may be shown. kValidation when it is no
// address of a proxy (net/proxy.h has the rules); the message holds nothing of it.
Result<std::string> shown_proxy_url(std::string_view url);

}  // namespace patchbay::whatsapp
