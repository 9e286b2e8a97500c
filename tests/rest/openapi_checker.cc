#include "openapi_checker.h"

#include <algorithm>
#include <regex>

namespace patchbay::rest {
namespace {

namespace json = boost::json;

const json::object& schema_object(const json::value& value) {
  return value.as_object();
}

bool fits_template(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    const auto cut = [](std::string_view& text) {
      text.remove_prefix(1);
      const std::string_view segment = text.substr(0, text.find('/'));
      text.remove_prefix(segment.size());
      return segment;
    };
    const std::string_view want = cut(pattern);
    const std::string_view have = cut(path);
    if (want != have && (!want.starts_with('{') || have.empty())) return false;
  }
  return pattern.empty() && path.empty();
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::toupper(c); });
  return result;
}

bool has_type(const json::value& value, std::string_view type) {
  if (type == "null") return value.is_null();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "integer") return value.is_int64() || value.is_uint64();
  if (type == "number") return value.is_number();
  return false;
}

bool has_one_of_types(const json::value& value, const json::value& types) {
  if (types.is_string()) return has_type(value, std::string_view(types.get_string()));
  return std::ranges::any_of(types.as_array(), [&value](const json::value& type) {
    return has_type(value, std::string_view(type.as_string()));
  });
}

bool has_format(std::string_view text, std::string_view format) {
  if (format == "date-time") {
    static const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
    return std::regex_match(text.begin(), text.end(), kTime);
  }
  return format == "email" && text.find('@') != std::string_view::npos;
}

}  // namespace

OpenApiChecker::OpenApiChecker(std::string_view document) : document_(json::parse(document)) {}

std::set<std::string> OpenApiChecker::operations() const {
  std::set<std::string> names;
  for (const auto& [path, item] : document_.at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object())
      names.insert(upper(method) + " " + std::string(path));
  }
  return names;
}

const json::object& OpenApiChecker::resolve(const json::object& node) const {
  const json::value* reference = node.if_contains("$ref");
  if (!reference) return node;
  const std::string_view pointer = reference->as_string();
  return resolve(document_.at_pointer(pointer.substr(1)).as_object());
}

const json::object* OpenApiChecker::find_operation(std::string_view method, std::string_view path) const {
  const json::object* found = nullptr;
  for (const auto& [pattern, item] : document_.at("paths").as_object()) {
    if (!fits_template(pattern, path)) continue;
    const json::value* operation = item.as_object().if_contains(lower(method));
    if (operation && (!found || pattern == path)) found = &operation->as_object();
  }
  return found;
}

std::string OpenApiChecker::check(std::string_view method, std::string_view path, int status,
                                  const json::value& body) const {
  const json::object* operation = find_operation(method, path);
  if (!operation) return check_schema("ErrorEnvelope", body);
  const json::object& responses = operation->at("responses").as_object();
  const json::value* response = responses.if_contains(std::to_string(status));
  const std::string where = std::string(method) + " " + std::string(path) + " " + std::to_string(status);
  if (!response) return where + ": the document knows no such status";
  const json::object& content = resolve(response->as_object()).at("content").as_object();
  std::string problems;
  validate(schema_object(content.at("application/json").at("schema")), body, where + ": ", problems);
  return problems;
}

std::string OpenApiChecker::check_schema(std::string_view name, const json::value& value) const {
  std::string problems;
  validate(schema_object(document_.at("components").at("schemas").at(name)), value, std::string(name) + ": ",
           problems);
  return problems;
}

bool OpenApiChecker::collect_properties(const json::object& unresolved,
                                        std::set<std::string, std::less<>>& names) const {
  const json::object& schema = resolve(unresolved);
  if (const json::value* additional = schema.if_contains("additionalProperties"); additional) return true;
  bool open = !schema.contains("properties") && !schema.contains("allOf");
  if (const json::value* properties = schema.if_contains("properties")) {
    for (const auto& [name, property] : properties->as_object()) names.emplace(name);
  }
  if (const json::value* parts = schema.if_contains("allOf")) {
    for (const json::value& part : parts->as_array())
      open = collect_properties(part.as_object(), names) || open;
  }
  return open;
}

void OpenApiChecker::validate_object(const json::object& schema, const json::object& value,
                                     const std::string& where, std::string& problems) const {
  if (const json::value* required = schema.if_contains("required")) {
    for (const json::value& name : required->as_array()) {
      if (!value.contains(name.as_string()))
        problems += where + "/" + std::string(name.as_string()) + " is missing\n";
    }
  }
  const json::value* properties = schema.if_contains("properties");
  const json::value* additional = schema.if_contains("additionalProperties");
  for (const auto& [name, member] : value) {
    const json::value* property = properties ? properties->as_object().if_contains(name) : nullptr;
    if (property) {
      validate(property->as_object(), member, where + "/" + std::string(name), problems);
    } else if (additional && additional->is_object()) {
      validate(additional->as_object(), member, where + "/" + std::string(name), problems);
    }
  }
}

void OpenApiChecker::validate(const json::object& unresolved, const json::value& value,
                              const std::string& where, std::string& problems) const {
  static const std::set<std::string, std::less<>> kAnnotations{"description", "default", "examples"};
  const json::object& schema = resolve(unresolved);
  const auto complain = [&](const std::string& what) {
    problems += where + " " + what + ", but is " + json::serialize(value).substr(0, 200) + "\n";
  };

  // Once for the outermost of an allOf: its parts are closed together.
  std::set<std::string, std::less<>> known;
  if (value.is_object() && !collect_properties(schema, known)) {
    for (const auto& [name, member] : value.get_object()) {
      if (!known.contains(name)) problems += where + "/" + std::string(name) + " is not in the document\n";
    }
  }

  for (const auto& [keyword, rule] : schema) {
    if (kAnnotations.contains(keyword) || keyword == "required" || keyword == "properties" ||
        keyword == "additionalProperties") {
      continue;  // annotations, and what validate_object() looks at
    }
    if (keyword == "type") {
      if (!has_one_of_types(value, rule)) complain("must be of type " + json::serialize(rule));
    } else if (keyword == "const") {
      if (value != rule) complain("must be " + json::serialize(rule));
    } else if (keyword == "enum") {
      if (std::ranges::find(rule.as_array(), value) == rule.as_array().end()) complain("must be in the enum");
    } else if (keyword == "pattern") {
      if (value.is_string() &&
          !std::regex_search(value.get_string().c_str(), std::regex(rule.as_string().c_str())))
        complain("must match " + json::serialize(rule));
    } else if (keyword == "format") {
      if (value.is_string() && !has_format(value.get_string(), rule.as_string()))
        complain("must have the format " + json::serialize(rule));
    } else if (keyword == "minimum") {
      if (value.is_number() && value.to_number<double>() < rule.to_number<double>()) complain("is too small");
    } else if (keyword == "maximum") {
      if (value.is_number() && value.to_number<double>() > rule.to_number<double>()) complain("is too large");
    } else if (keyword == "minLength") {
      if (value.is_string() && value.get_string().size() < rule.to_number<size_t>()) complain("is too short");
    } else if (keyword == "maxLength") {
      // In bytes here: a stricter reading, good enough for what tests send.
      if (value.is_string() && value.get_string().size() > rule.to_number<size_t>()) complain("is too long");
    } else if (keyword == "minProperties") {
      if (value.is_object() && value.get_object().size() < rule.to_number<size_t>())
        complain("has too few members");
    } else if (keyword == "items") {
      if (!value.is_array()) continue;
      size_t index = 0;
      for (const json::value& item : value.get_array()) {
        validate(rule.as_object(), item, where + "/" + std::to_string(index++), problems);
      }
    } else if (keyword == "allOf") {
      for (const json::value& part : rule.as_array()) {
        // Closedness was looked at above for the whole; here the part's own rules only.
        const json::object& own = resolve(part.as_object());
        if (value.is_object() && own.contains("properties")) {
          validate_object(own, value.get_object(), where, problems);
        } else {
          validate(own, value, where, problems);
        }
      }
    } else {
      problems += where + ": the checker does not know the keyword " + std::string(keyword) + "\n";
    }
  }
  if (value.is_object()) validate_object(schema, value.get_object(), where, problems);
}

}  // namespace patchbay::rest
