#include "whatsapp/proxy_url.h"

#include "net/proxy.h"

namespace patchbay::whatsapp {

Result<std::string> shown_proxy_url(std::string_view url) {
  const auto proxy = net::Proxy::parse(url);
  if (!proxy) return fail(ErrorCode::kValidation, proxy.error().message);
  const bool v6 = proxy->host.find(':') != std::string::npos;
  return std::string(proxy->kind == net::Proxy::Kind::kHttp ? "http://" : "socks5://") +
         (v6 ? "[" + proxy->host + "]" : proxy->host) + ":" + std::to_string(proxy->port);
}

}  // namespace patchbay::whatsapp
