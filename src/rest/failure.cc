#include "rest/failure.h"

namespace patchbay::rest {

std::unexpected<Failure> refuse_fields(std::vector<FieldError> fields) {
  std::string message = "The request is not valid: " + fields.front().field + " " + fields.front().message;
  if (fields.size() > 1) message += " (and " + std::to_string(fields.size() - 1) + " more)";
  Failure failure(Error{ErrorCode::kValidation, std::move(message), {}});
  failure.fields = std::move(fields);
  return std::unexpected(std::move(failure));
}

}  // namespace patchbay::rest
