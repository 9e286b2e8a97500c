#include <algorithm>

#include <boost/json.hpp>

#include "base/bytes.h"
#include "base/ids.h"
#include "manager/instances_impl.h"
#include "manager/text_rules.h"
#include "whatsapp/proxy_url.h"

namespace patchbay::manager {
namespace {

constexpr size_t kMaxKeysShown = 100;
constexpr int kMaxEventPage = 1'000;
constexpr size_t kMaxDisplayNameBytes = 400;    // 100 characters
constexpr size_t kMaxDescriptionBytes = 2'000;  // 500 characters
constexpr size_t kMaxSearchBytes = 400;         // 100 characters
constexpr size_t kMinPhoneDigits = 7;
constexpr size_t kMaxPhoneDigits = 15;
constexpr size_t kMaxAssertionBytes = 65'536;

Status check_text(std::string_view field, std::string_view text, size_t max) {
  if (text.size() <= max && is_valid_utf8(text)) return {};
  return fail(ErrorCode::kValidation,
              std::string(field) + " must be at most " + std::to_string(max) + " bytes of UTF-8.");
}

std::string metadata_with_label(std::string_view label) {
  boost::json::object metadata;
  if (!label.empty()) metadata["displayName"] = label;
  return boost::json::serialize(metadata);
}

store::InstanceFilter::SortBy sort_for_store(InstanceQuery::SortBy by) {
  using From = InstanceQuery::SortBy;
  using To = store::InstanceFilter::SortBy;
  switch (by) {
    case From::kCreatedAt:
      return To::kCreatedAt;
    case From::kUpdatedAt:
      return To::kUpdatedAt;
    case From::kName:
      return To::kName;
    case From::kStatus:
      return To::kStatus;
    case From::kLastConnectedAt:
      return To::kLastConnectedAt;
  }
  return To::kCreatedAt;
}

std::string_view audit_action(Operation operation) {
  switch (operation) {
    case Operation::kConnect:
      return "instance.connect";
    case Operation::kDisconnect:
      return "instance.disconnect";
    case Operation::kRestart:
      return "instance.restart";
    case Operation::kLogOut:
      return "instance.logout";
    case Operation::kRemove:
      return "instance.delete";
    case Operation::kActivate:
      return "instance.activate";
    case Operation::kDeactivate:
      return "instance.deactivate";
  }
  return "instance.unknown";
}

}  // namespace

store::AuditEntry Instances::Impl::audit(const Caller& caller, std::string_view action,
                                         std::string_view id) const {
  store::AuditEntry entry{.id = make_cuid(clock_.wall_now()),
                          .action = std::string(action),
                          .resource = "instance",
                          .resource_id = std::string(id),
                          .user_id = {},
                          .ip_address = {},
                          .time = clock_.wall_now()};
  if (!caller.user_id.empty()) entry.user_id = caller.user_id;
  if (!caller.ip_address.empty()) entry.ip_address = caller.ip_address;
  return entry;
}

Status check_proxy_url(std::string_view url) {
  PB_TRY(whatsapp::shown_proxy_url(url));
  return {};
}

// --- REST ---

Result<InstanceDetails> Instances::Impl::create(const Caller& caller, const NewInstance& request) {
  PB_TRY(require_user(caller));
  if (stopping_) return service_stopping();
  PB_TRY(check_instance_name(request.name));
  PB_TRY(check_text("displayName", request.display_name, kMaxDisplayNameBytes));
  PB_TRY(check_text("description", request.description, kMaxDescriptionBytes));
  if (request.settings) PB_TRY(check_settings(*request.settings));
  if (!request.proxy_url.empty()) PB_TRY(check_proxy_url(request.proxy_url));
  const WallTime now = clock_.wall_now();
  store::Instance row{
      .id = make_cuid(now),
      .subscription_id = caller.subscription_id,
      .created_by_id = caller.user_id,
      .created_at = now,
      .updated_at = now,
      .config = {.name = request.name,
                 .description = request.description,
                 .settings_json = request.settings ? settings_to_json(*request.settings) : "{}",
                 .metadata_json = metadata_with_label(request.display_name),
                 .is_active = true},
      .state = record_to_store({.status_since = now,
                                .reason = {"CREATED", "The instance was created."},
                                .next_step = {.text = "Connect it to link a phone."}})};
  using Written = std::pair<InstanceDetails, store::Instance>;
  PB_ASSIGN(auto written, store_.write_sync([&](store::WriteTransaction& tx) -> Result<Written> {
    PB_ASSIGN(const auto subscription, tx.subscription(caller.subscription_id));
    if (!subscription)
      return fail(ErrorCode::kSubscriptionNotFound, "Your subscription does not exist any more.");
    PB_ASSIGN(const int64_t count, tx.count_instances_of(caller.subscription_id));
    if (count >= subscription->max_instances)
      return fail(ErrorCode::kInstanceLimitReached, "The subscription's limit of " +
                                                        std::to_string(subscription->max_instances) +
                                                        " instances is reached; delete one first.");
    PB_TRY(tx.insert_instance(row));
    if (!request.proxy_url.empty()) PB_TRY(tx.put_proxy_url(row.id, request.proxy_url));
    PB_TRY(tx.append_audit(audit(caller, "instance.create", row.id)));
    PB_ASSIGN(const auto stored, tx.instance_row(row.id, caller.subscription_id));
    if (!stored) return fail(ErrorCode::kDatabase, "The new instance cannot be read back.");
    InstanceDetails details = details_of(tx, *stored);
    details.subscription = {subscription->id, subscription->name, subscription->tier};
    return Written{std::move(details), stored->instance};
  }));
  add(written.second, std::nullopt, request.proxy_url, false);
  return std::move(written.first);
}

Result<InstancePage> Instances::Impl::list(const Caller& caller, const InstanceQuery& query) {
  PB_TRY(require_user(caller));
  if (query.page < 1 || query.page > options_.max_page || query.per_page < 1 || query.per_page > 100)
    return fail(ErrorCode::kValidation, "page must be at least 1, per_page between 1 and 100.");
  PB_TRY(check_text("search", query.search, kMaxSearchBytes));
  store::InstanceFilter filter{
      .subscription_id = caller.subscription_id,
      .sort_by = sort_for_store(query.sort_by),
      .paging = {.page = query.page, .per_page = query.per_page, .ascending = query.ascending},
      .status = {},
      .search = query.search};
  if (query.status) filter.status = to_string(*query.status);
  return store_.read([&](store::ReadTransaction& tx) -> Result<InstancePage> {
    PB_ASSIGN(const auto page, tx.instances(filter));
    InstancePage out;
    out.total = page.total;
    out.instances.reserve(page.items.size());
    for (const store::InstanceRow& row : page.items) out.instances.push_back(details_of(tx, row));
    return out;
  });
}

Result<InstanceDetails> Instances::Impl::get(const Caller& caller, std::string_view id) {
  PB_ASSIGN(const EntryPtr entry, visible(caller, id));
  return store_.read([&](store::ReadTransaction& tx) -> Result<InstanceDetails> {
    PB_ASSIGN(const auto row, tx.instance_row(id, entry->subscription_id));
    if (!row) return no_such_instance();
    InstanceDetails details = details_of(tx, *row);
    PB_ASSIGN(const auto subscription, tx.subscription(entry->subscription_id));
    if (subscription) details.subscription = {subscription->id, subscription->name, subscription->tier};
    PB_ASSIGN(const auto keys, tx.api_keys(id));
    for (const store::ApiKey& key : keys) {
      if (details.api_keys.size() == kMaxKeysShown) break;
      details.api_keys.push_back({.id = key.id,
                                  .name = key.name,
                                  .is_active = key.is_active,
                                  .created_at = key.created_at,
                                  .last_used_at = key.last_used_at});
    }
    return details;
  });
}

Result<InstanceDetails> Instances::Impl::update(const Caller& caller, std::string_view id,
                                                const InstanceUpdate& request) {
  PB_TRY(require_user(caller));
  PB_ASSIGN(const EntryPtr entry, visible(caller, id));
  if (!request.name && !request.display_name && !request.description && !request.settings_json &&
      !request.proxy_url && !request.is_active)
    return fail(ErrorCode::kValidation,
                "Nothing to change: give at least one of name, settings, proxy, isActive.");
  if (request.proxy_url && !request.proxy_url->empty()) PB_TRY(check_proxy_url(*request.proxy_url));
  if (request.name) PB_TRY(check_instance_name(*request.name));
  if (request.display_name) PB_TRY(check_text("displayName", *request.display_name, kMaxDisplayNameBytes));
  if (request.description) PB_TRY(check_text("description", *request.description, kMaxDescriptionBytes));
  std::string settings_json;
  if (request.settings_json) {
    PB_ASSIGN(settings_json, clean_settings_json(*request.settings_json));
  }
  struct Written {
    store::InstanceConfig config;
    std::string proxy_url;
    bool is_wanted = false;
  };
  PB_ASSIGN(Written written, store_.write_sync([&](store::WriteTransaction& tx) -> Result<Written> {
    PB_ASSIGN(const auto row, tx.instance(id));
    if (!row) return no_such_instance();
    store::InstanceConfig changed = row->config;
    if (request.name) changed.name = *request.name;
    if (request.description) changed.description = *request.description;
    if (request.display_name) changed.metadata_json = metadata_with_label(*request.display_name);
    if (request.settings_json) changed.settings_json = settings_json;
    if (request.is_active) changed.is_active = *request.is_active;
    PB_TRY(tx.put_instance_config(id, changed, clock_.wall_now()));
    if (request.proxy_url)
      PB_TRY(request.proxy_url->empty() ? tx.delete_proxy_url(id) : tx.put_proxy_url(id, *request.proxy_url));
    PB_TRY(tx.append_audit(audit(caller, "instance.update", id)));
    PB_ASSIGN(std::string proxy_url, proxy_url_of(tx, id));
    return Written{.config = std::move(changed),
                   .proxy_url = std::move(proxy_url),
                   .is_wanted = row->state.desired_state == to_string(DesiredState::kConnected)};
  }));
  const InstanceSettings settings = settings_from_json(written.config.settings_json);
  whatsapp::SessionSettings session = session_settings(settings);
  session.proxy_url = std::move(written.proxy_url);
  entry->executor->post([entry, name = written.config.name, machine = machine_options(settings),
                         session = std::move(session)]() mutable {
    if (entry->runtime) entry->runtime->reconfigure(std::move(name), machine, session);
  });
  // Nobody wants the old way to be used until something else happens.
  if (request.proxy_url && written.is_wanted && written.config.is_active && !request.is_active)
    PB_TRY(operate(caller, id, Operation::kRestart));
  if (request.is_active)
    PB_TRY(operate(caller, id, *request.is_active ? Operation::kActivate : Operation::kDeactivate));
  if (request.is_active == false) sink_.instance_deactivated(id);
  return get(caller, id);
}

Result<std::string> Instances::Impl::remove(const Caller& caller, std::string_view id) {
  PB_TRY(require_user(caller));
  PB_ASSIGN(const EntryPtr entry, visible(caller, id));
  PB_ASSIGN(const auto row, store_.read([&](store::ReadTransaction& tx) { return tx.instance(id); }));
  if (!row) return no_such_instance();
  PB_TRY(operate(caller, id, Operation::kRemove));
  return row->config.name;
}

Status Instances::Impl::operate(const Caller& caller, std::string_view id, Operation operation) {
  PB_TRY(require_user(caller));
  PB_ASSIGN(const EntryPtr entry, visible(caller, id));
  return call<void>(*entry,
                    [entry, operation, note = audit(caller, audit_action(operation), id)](auto done) mutable {
                      if (!entry->runtime) return done(no_such_instance());
                      entry->runtime->operate(operation, std::move(note), std::move(done));
                    });
}

Result<Linking::PairCode> Instances::Impl::request_pair_code(const Caller& caller, std::string_view id,
                                                             std::string_view phone) {
  PB_TRY(require_user(caller));
  PB_ASSIGN(const EntryPtr entry, visible(caller, id));
  const bool digits = phone.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || phone.size() < kMinPhoneDigits || phone.size() > kMaxPhoneDigits || phone.front() == '0')
    return fail(ErrorCode::kValidation,
                "phone must be 7 to 15 digits: the country code, then the number without its leading zero.");
  return call<Linking::PairCode>(*entry, [entry, number = std::string(phone),
                                          note = audit(caller, "instance.pair-code", id)](auto done) mutable {
    if (!entry->runtime) return done(no_such_instance());
    entry->runtime->request_pair_code(
        std::move(number), std::move(note), [entry, done = std::move(done)](Status status) mutable {
          if (!status) return done(std::unexpected(std::move(status).error()));
          const auto linking = entry->runtime->live().record.linking;
          if (linking && linking->pair_code) return done(*linking->pair_code);
          done(fail(ErrorCode::kInvalidOperation, "The code ran out at once; look at the status."));
        });
  });
}

Status Instances::Impl::answer_passkey(const Caller& caller, std::string_view id,
                                       std::string_view assertion_json) {
  PB_TRY(require_user(caller));
  PB_ASSIGN(const EntryPtr entry, visible(caller, id));
  if (assertion_json.size() > kMaxAssertionBytes)
    return fail(ErrorCode::kValidation,
                "assertion must be at most " + std::to_string(kMaxAssertionBytes) + " bytes of JSON.");
  return call<void>(*entry, [entry, assertion = std::string(assertion_json),
                             note = audit(caller, "instance.passkey", id)](auto done) mutable {
    if (!entry->runtime) return done(no_such_instance());
    entry->runtime->answer_passkey(std::move(assertion), std::move(note), std::move(done));
  });
}

Result<std::optional<QrView>> Instances::Impl::qr(const Caller& caller, std::string_view id) {
  PB_ASSIGN(const EntryPtr entry, visible(caller, id));
  PB_ASSIGN(const auto row, store_.read([&](store::ReadTransaction& tx) { return tx.instance(id); }));
  if (!row) return no_such_instance();
  const store::InstanceState& state = row->state;
  if (!state.qr_code || !state.qr_code_expiry || *state.qr_code_expiry <= clock_.wall_now())
    return std::nullopt;
  QrView view{.text = *state.qr_code, .expiry = *state.qr_code_expiry};
  if (const auto now = live(id); now && now->record.qr_text) {
    view.attempt = std::max(1, now->qr_attempt);
    view.max_attempts = now->max_qr_attempts;
  }
  return view;
}

Result<EventPage> Instances::Impl::events(const Caller& caller, std::string_view id, uint64_t after,
                                          int limit) {
  PB_ASSIGN(const EntryPtr entry, visible(caller, id));
  if (limit < 1 || limit > kMaxEventPage)
    return fail(ErrorCode::kValidation, "limit must be between 1 and " + std::to_string(kMaxEventPage) + ".");
  return store_.read([&](store::ReadTransaction& tx) -> Result<EventPage> {
    PB_ASSIGN(const auto bounds, tx.event_bounds(id));
    if (!bounds) return no_such_instance();
    PB_ASSIGN(auto rows, tx.events_after(id, after, limit + 1));
    EventPage page{.events = {}, .first_seq = bounds->first_seq, .last_seq = bounds->last_seq};
    page.has_more = rows.size() > static_cast<size_t>(limit);
    if (page.has_more) rows.resize(static_cast<size_t>(limit));
    for (store::Event& row : rows) {
      const auto type = parse_instance_event_type(row.type);
      if (!type) continue;  // written by a newer version
      page.events.push_back({.instance_id = row.instance_id,
                             .subscription_id = entry->subscription_id,
                             .seq = row.seq,
                             .type = *type,
                             .timestamp = row.time,
                             .data = {},
                             .qr_text = qr_text_of(*type, row.payload_json)});
      page.events.back().data = std::move(row.payload_json);
    }
    return page;
  });
}

}  // namespace patchbay::manager
