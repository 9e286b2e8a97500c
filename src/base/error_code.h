// The one list of error codes that reach users: REST bodies, realtime refusals, docs and the panel share it.
// Names on the wire are those of the seed's contract; ours beyond it are marked.
#pragma once

#include <string_view>

namespace patchbay {

enum class ErrorCode {
  kAuthentication,
  kInvalidCredentials,
  kTokenExpired,
  kTokenInvalid,
  kPermissionDenied,
  kValidation,
  kResourceNotFound,
  kResourceAlreadyExists,
  kResourceConflict,
  kInstanceNotFound,
  kInstanceNotConnected,
  kInstanceAlreadyExists,
  kInstanceLimitReached,
  kInstanceConnectionFailed,
  kApiKeyInvalid,
  kApiKeyExpired,
  kApiKeyRevoked,
  kRateLimitExceeded,
  kUserNotFound,
  kUserAlreadyExists,
  kUserHasDependencies,
  kInvalidOperation,
  kSubscriptionLimitExceeded,
  kSubscriptionInactive,
  kSubscriptionNotFound,
  kInternal,
  kServiceUnavailable,
  kDatabase,
  // Beyond the seed's contract:
  kBadRequest,            // malformed HTTP or JSON
  kMethodNotAllowed,      // 405
  kRequestTimeout,        // 408
  kPayloadTooLarge,       // 413
  kUriTooLong,            // 414
  kUnsupportedMediaType,  // 415
  kHeadersTooLarge,       // 431
  kOriginForbidden,       // 403: the Origin header names a site that is not allowed
  kTooManySubscriptions,  // a socket asked for more rooms than it may join
  kStorageFull,           // 507: the disk refused a write
  kConfiguration,         // start-up: a setting is missing or wrong
};

// The code as clients see it, e.g. "INSTANCE_NOT_FOUND". Static storage.
std::string_view to_string(ErrorCode code);

// The HTTP status that goes with the code when nothing more specific applies, 400 to 599.
int http_status(ErrorCode code);

}  // namespace patchbay
