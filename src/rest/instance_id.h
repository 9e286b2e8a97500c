// The parameter {id} of the instance routes. Pure; any thread.
#pragma once

#include <string>

#include "base/ids.h"
#include "rest/router.h"
#include "rest/validation.h"

namespace patchbay::rest {

// VALIDATION_ERROR on `id` unless it has the form of an id (panel contract §6.4).
inline Outcome<std::string> instance_id(const PathParams& params) {
  const std::string_view id = params["id"];
  if (looks_like_cuid(id)) return std::string(id);
  const std::string text(id);
  const boost::json::object input{{"id", text}};
  FieldReader fields(input);
  fields.refuse("id", "must be the 25 letters and digits of an instance's id");
  return std::unexpected(fields.finish().error());
}

}  // namespace patchbay::rest
