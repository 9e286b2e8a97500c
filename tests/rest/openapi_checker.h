// Holds answers of the API against the OpenAPI document. Knows the part of JSON Schema that the document
// uses, and complains about the rest, so that nothing in the document goes unchecked. An object with listed
// properties may have no others: what is sent must be described.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace patchbay::rest {

class OpenApiChecker {
 public:
  explicit OpenApiChecker(std::string_view document);

  // "GET /api/instances/{id}" for every operation.
  std::set<std::string> operations() const;

  // What is wrong with this answer; empty when nothing is. A path that the document does not know must be
  // answered with the error envelope.
  std::string check(std::string_view method, std::string_view path, int status,
                    const boost::json::value& body) const;

  // What is wrong with `value` under components/schemas/<name>.
  std::string check_schema(std::string_view name, const boost::json::value& value) const;

 private:
  const boost::json::object& resolve(const boost::json::object& node) const;
  const boost::json::object* find_operation(std::string_view method, std::string_view path) const;
  void validate(const boost::json::object& schema, const boost::json::value& value, const std::string& where,
                std::string& problems) const;
  void validate_object(const boost::json::object& schema, const boost::json::object& value,
                       const std::string& where, std::string& problems) const;
  // Adds the names of the properties that a schema, its references and its allOf list; true when it is open.
  bool collect_properties(const boost::json::object& schema, std::set<std::string, std::less<>>& names) const;

  boost::json::value document_;
};

}  // namespace patchbay::rest
