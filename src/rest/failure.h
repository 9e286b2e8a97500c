// A failure on its way to a client: the Error that the services speak, plus what only HTTP needs to know.
// Values; any thread.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace patchbay::rest {

// One refused input. `value_json` is what came, as JSON text, shortened; empty when nothing came or when it
// is a secret.
struct FieldError {
  std::string field;  // dotted path
  std::string message;
  std::string value_json;
};

struct Failure {
  Error error;
  // 0: the status that goes with error.code.
  int status = 0;
  // For VALIDATION_ERROR: every field that was refused.
  std::vector<FieldError> fields;
  // For METHOD_NOT_ALLOWED: the value of the Allow header.
  std::string allow;

  // Implicit, so that PB_TRY and PB_ASSIGN pass up what the services return.
  Failure(Error e) : error(std::move(e)) {}  // NOLINT(google-explicit-constructor)
  Failure(Error e, int http_status) : error(std::move(e)), status(http_status) {}
};

template <typename T>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> refuse(ErrorCode code, std::string message) {
  return std::unexpected(Failure(Error{code, std::move(message), {}}));
}

// VALIDATION_ERROR about these fields; at least one.
std::unexpected<Failure> refuse_fields(std::vector<FieldError> fields);

}  // namespace patchbay::rest
