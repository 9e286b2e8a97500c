#include "base/error_code.h"

namespace patchbay {
namespace {

struct Row {
  std::string_view name;
  int status;
};

Row row(ErrorCode code) {
  switch (code) {
    case ErrorCode::kAuthentication:
      return {"AUTHENTICATION_ERROR", 401};
    case ErrorCode::kInvalidCredentials:
      return {"INVALID_CREDENTIALS", 401};
    case ErrorCode::kTokenExpired:
      return {"TOKEN_EXPIRED", 401};
    case ErrorCode::kTokenInvalid:
      return {"TOKEN_INVALID", 401};
    case ErrorCode::kPermissionDenied:
      return {"PERMISSION_DENIED", 403};
    case ErrorCode::kValidation:
      return {"VALIDATION_ERROR", 400};
    case ErrorCode::kResourceNotFound:
      return {"RESOURCE_NOT_FOUND", 404};
    case ErrorCode::kResourceAlreadyExists:
      return {"RESOURCE_ALREADY_EXISTS", 409};
    case ErrorCode::kResourceConflict:
      return {"RESOURCE_CONFLICT", 409};
    case ErrorCode::kInstanceNotFound:
      return {"INSTANCE_NOT_FOUND", 404};
    case ErrorCode::kInstanceNotConnected:
      return {"INSTANCE_NOT_CONNECTED", 400};
    case ErrorCode::kInstanceAlreadyExists:
      return {"INSTANCE_ALREADY_EXISTS", 409};
    case ErrorCode::kInstanceLimitReached:
      return {"INSTANCE_LIMIT_REACHED", 403};
    case ErrorCode::kInstanceConnectionFailed:
      return {"INSTANCE_CONNECTION_FAILED", 502};
    case ErrorCode::kApiKeyInvalid:
      return {"API_KEY_INVALID", 401};
    case ErrorCode::kApiKeyExpired:
      return {"API_KEY_EXPIRED", 401};
    case ErrorCode::kApiKeyRevoked:
      return {"API_KEY_REVOKED", 401};
    case ErrorCode::kRateLimitExceeded:
      return {"RATE_LIMIT_EXCEEDED", 429};
    case ErrorCode::kUserNotFound:
      return {"USER_NOT_FOUND", 404};
    case ErrorCode::kUserAlreadyExists:
      return {"USER_ALREADY_EXISTS", 409};
    case ErrorCode::kUserHasDependencies:
      return {"USER_HAS_DEPENDENCIES", 400};
    case ErrorCode::kInvalidOperation:
      return {"INVALID_OPERATION", 400};
    case ErrorCode::kSubscriptionLimitExceeded:
      return {"SUBSCRIPTION_LIMIT_EXCEEDED", 400};
    case ErrorCode::kSubscriptionInactive:
      return {"SUBSCRIPTION_INACTIVE", 403};
    case ErrorCode::kSubscriptionNotFound:
      return {"SUBSCRIPTION_NOT_FOUND", 404};
    case ErrorCode::kInternal:
      return {"INTERNAL_ERROR", 500};
    case ErrorCode::kServiceUnavailable:
      return {"SERVICE_UNAVAILABLE", 503};
    case ErrorCode::kDatabase:
      return {"DATABASE_ERROR", 500};
    case ErrorCode::kBadRequest:
      return {"BAD_REQUEST", 400};
    case ErrorCode::kMethodNotAllowed:
      return {"METHOD_NOT_ALLOWED", 405};
    case ErrorCode::kRequestTimeout:
      return {"REQUEST_TIMEOUT", 408};
    case ErrorCode::kPayloadTooLarge:
      return {"PAYLOAD_TOO_LARGE", 413};
    case ErrorCode::kUriTooLong:
      return {"URI_TOO_LONG", 414};
    case ErrorCode::kUnsupportedMediaType:
      return {"UNSUPPORTED_MEDIA_TYPE", 415};
    case ErrorCode::kHeadersTooLarge:
      return {"HEADERS_TOO_LARGE", 431};
    case ErrorCode::kOriginForbidden:
      return {"ORIGIN_FORBIDDEN", 403};
    case ErrorCode::kTooManySubscriptions:
      return {"TOO_MANY_SUBSCRIPTIONS", 400};
    case ErrorCode::kStorageFull:
      return {"STORAGE_FULL", 507};
    case ErrorCode::kConfiguration:
      return {"CONFIGURATION_ERROR", 500};
  }
  return {"INTERNAL_ERROR", 500};
}

}  // namespace

std::string_view to_string(ErrorCode code) {
  return row(code).name;
}
int http_status(ErrorCode code) {
  return row(code).status;
}

}  // namespace patchbay
