// Expected failure as a value: `Result<T>` is a T or an `Error`. Exceptions are for broken invariants and
// the edges of libraries; they never cross a turn of an event loop.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/error_code.h"

namespace patchbay {

// A failure that a caller can act on. Immutable in spirit: build it once, pass it up.
struct Error {
  // What went wrong, from the one list that REST answers, realtime refusals, docs and panel share.
  ErrorCode code = ErrorCode::kInternal;
  // For people: what was wrong, where, and what to do. Never holds a secret.
  std::string message;
  // For logs only: the cause beneath (an errno text, an SQLite message). Never sent to a peer.
  std::string detail;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string detail = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(detail)});
}

}  // namespace patchbay

// Evaluates a Result; on failure returns its Error from the enclosing function.
//   PB_TRY(store.flush());
#define PB_TRY(expression)                                        \
  do {                                                            \
    if (auto pb_result_ = (expression); !pb_result_) [[unlikely]] \
      return std::unexpected(std::move(pb_result_).error());      \
  } while (false)

#define PB_CONCAT_INNER_(a, b) a##b
#define PB_CONCAT_(a, b) PB_CONCAT_INNER_(a, b)
// Declares `declaration` from the value of a Result, or returns its Error.
//   PB_ASSIGN(auto user, accounts.find(id));
#define PB_ASSIGN(declaration, expression) \
  PB_ASSIGN_IMPL_(PB_CONCAT_(pb_result_, __LINE__), declaration, expression)
#define PB_ASSIGN_IMPL_(result, declaration, expression) \
  auto result = (expression);                            \
  if (!result) [[unlikely]]                              \
    return std::unexpected(std::move(result).error());   \
  declaration = std::move(*result)
