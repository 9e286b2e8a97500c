// What every handler is given besides the request. Lives for one request, on one worker thread.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "base/clock.h"
#include "http/message.h"
#include "manager/authenticator.h"
#include "rest/api.h"
#include "rest/failure.h"
#include "rest/json_body.h"

namespace patchbay::rest {

struct Context {
  const ApiServices& services;
  const ApiOptions& options;
  std::string request_id;
  WallTime now;
  WallTime started_at;
  // Who is signed in; null on public routes only.
  const manager::Caller* caller = nullptr;

  Outcome<boost::json::object> body(const http::Request& request) const;
  http::Response ok(boost::json::value&& data) const;
  http::Response created(boost::json::value&& data) const;
  // {"message": …}
  http::Response message(std::string_view text) const;
  // `text` of a QR code in the form that qr_format asks for.
  std::string qr_code(std::string_view text) const;
};

}  // namespace patchbay::rest
