#include "world.h"

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "base/executor.h"
#include "base/ids.h"
#include "crypto/secret_box.h"
#include "manager/api_keys.h"
#include "manager/authenticator.h"
#include "manager/client_profiles.h"
#include "manager/event_sink.h"
#include "manager/instances.h"
#include "manager/revocations.h"
#include "manager/tokens.h"
#include "manager/usage_recorder.h"
#include "openapi_checker.h"
#include "store/sqlite_store.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;

// An executor on a thread of its own, in real time.
class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor() : thread_([this] { run(); }) {}
  ~ThreadExecutor() override { stop(); }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }
  void post(Task task) override {
    {
      const std::lock_guard lock(mutex_);
      ready_.push_back(std::move(task));
    }
    wake_.notify_one();
  }
  Timer run_after(Milliseconds delay, Task task) override {
    const uint64_t id = ++last_id_;
    timers_.emplace(std::pair(now() + delay, id), std::move(task));
    return {this, id};
  }
  SteadyTime now() const override { return clock_.steady_now(); }

 private:
  void run() {
    for (;;) {
      Task task;
      {
        std::unique_lock lock(mutex_);
        const auto has_work = [this] { return stopping_ || !ready_.empty(); };
        if (timers_.empty()) {
          wake_.wait(lock, has_work);
        } else {
          wake_.wait_until(lock, timers_.begin()->first.first, has_work);
        }
        if (stopping_) return;
        if (!ready_.empty()) {
          task = std::move(ready_.front());
          ready_.pop_front();
        }
      }
      if (!task && !timers_.empty() && timers_.begin()->first.first <= now()) {
        task = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
      }
      if (task) task();
    }
  }
  void cancel_timer(uint64_t id) override {
    std::erase_if(timers_, [id](const auto& entry) { return entry.first.second == id; });
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_: the two below.
  std::deque<Task> ready_;
  bool stopping_ = false;
  // The executor's thread only: the two below.
  std::map<std::pair<SteadyTime, uint64_t>, Task> timers_;
  uint64_t last_id_ = 0;
  std::thread thread_;
};

class NobodyListens final : public manager::EventSink {
 public:
  void publish(const manager::InstanceEvent&) override {}
};

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / ("patchbay-rest-" + random_hex(8))) {}
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

template <typename T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message + " " + result.error().detail);
  return std::move(*result);
}

manager::TokensOptions tokens_options() {
  manager::TokensOptions options;
  options.secret = random_hex(32);
  return options;
}

}  // namespace

struct World::Impl {
  explicit Impl(WorldOptions options)
      : api({.accounts = accounts,
             .authenticator = authenticator,
             .instances = instances,
             .api_keys = api_keys,
             .client_profiles = client_profiles,
             .clock = clock},
            std::move(options.api)) {
    if (const Status started = instances.start(); !started) throw std::runtime_error(started.error().message);
  }
  ~Impl() {
    instances.stop();
    executor.stop();
    usage.stop();
    store->stop();
  }

  SystemClock clock;
  TemporaryFolder folder;
  crypto::SecretBox secret_box = need(crypto::SecretBox::from_text(random_hex(32)));
  std::unique_ptr<store::Store> store =
      need(store::open_sqlite_store({.directory = folder.path(), .secret_box = &secret_box}));
  std::unique_ptr<manager::Tokens> tokens = need(manager::Tokens::create(tokens_options(), clock));
  manager::Revocations revocations;
  manager::UsageRecorder usage{*store, clock};
  manager::Accounts accounts{*store, *tokens, revocations, clock};
  manager::Authenticator authenticator{*store, *tokens, usage, clock};
  manager::ApiKeys api_keys{*store, usage, revocations, clock};
  whatsapp::ScriptedEngine engine{
      clock,
      {.connect_delay = Milliseconds(1), .pairing_delay = Milliseconds(1), .close_delay = Milliseconds(1)}};
  NobodyListens sink;
  ThreadExecutor executor;
  manager::Instances instances{*store, engine, sink, clock, {&executor}, {}};
  whatsapp::ProfileSource profile;
  manager::ClientProfiles client_profiles{profile, folder.path() + "/whatsapp-profile.json", *store, clock,
                                          [this] { instances.client_profile_changed(); }};
  OpenApiChecker checker{openapi_document()};
  Api api;
};

std::string Answer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

json::value Answer::data(std::string_view pointer) const {
  boost::system::error_code error;
  const json::value* found = body.find_pointer("/data" + std::string(pointer), error);
  return found ? *found : json::value(nullptr);
}

std::string Answer::text(std::string_view pointer) const {
  const json::value value = data(pointer);
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

std::string Answer::code() const {
  boost::system::error_code error;
  const json::value* found = body.find_pointer("/error/code", error);
  return found ? std::string(found->as_string()) : std::string();
}

std::string Answer::refused() const {
  std::string result;
  boost::system::error_code error;
  const json::value* errors = body.find_pointer("/error/details/errors", error);
  if (!errors) return result;
  for (const json::value& entry : errors->as_array()) {
    if (!result.empty()) result += "; ";
    result +=
        std::string(entry.at("field").as_string()) + ": " + std::string(entry.at("message").as_string());
  }
  return result;
}

World::World(WorldOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
World::~World() = default;

http::Request World::request(http::Method method, std::string_view target, std::string_view token) {
  http::Request request;
  request.method = method;
  request.target = target;
  request.path = target.substr(0, target.find('?'));
  if (const size_t mark = target.find('?'); mark != std::string_view::npos)
    request.query = target.substr(mark + 1);
  request.remote_address = "192.0.2.7";
  if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + std::string(token));
  return request;
}

Answer World::send(http::Request request) {
  http::Response response = impl_->api.handle(request);
  Answer answer{.status = response.status, .headers = std::move(response.headers), .body = nullptr};
  const std::string_view text =
      response.static_body.empty() ? std::string_view(response.body) : response.static_body;
  if (text.empty()) return answer;
  answer.body = json::parse(text);
  const std::string problems =
      impl_->checker.check(http::to_string(request.method), request.path, answer.status, answer.body);
  EXPECT_EQ(problems, "") << text;
  return answer;
}

Answer World::get(std::string_view target, std::string_view token) {
  return send(request(http::Method::kGet, target, token));
}

namespace {
http::Request with_body(http::Request request, const json::value& body) {
  request.headers.emplace_back("content-type", "application/json");
  request.body = json::serialize(body);
  return request;
}
}  // namespace

Answer World::post(std::string_view target, const json::value& body, std::string_view token) {
  return send(with_body(request(http::Method::kPost, target, token), body));
}

Answer World::post(std::string_view target, std::string_view token) {
  return send(request(http::Method::kPost, target, token));
}

Answer World::put(std::string_view target, const json::value& body, std::string_view token) {
  return send(with_body(request(http::Method::kPut, target, token), body));
}

Answer World::remove(std::string_view target, std::string_view token) {
  return send(request(http::Method::kDelete, target, token));
}

std::string World::register_user(std::string_view email) {
  const Answer answer =
      post("/api/auth/register",
           json::object{{"email", email}, {"password", "correct horse"}, {"name", "Somebody"}});
  EXPECT_EQ(answer.status, 201) << json::serialize(answer.body);
  return answer.text("/token");
}

std::string World::create_instance(std::string_view token, std::string_view name) {
  const Answer answer = post("/api/instances", json::object{{"name", name}}, token);
  EXPECT_EQ(answer.status, 201) << json::serialize(answer.body);
  return answer.text("/instance/id");
}

void World::await_status(std::string_view token, std::string_view id, std::string_view status) {
  const std::string target = "/api/instances/" + std::string(id) + "/status";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (;;) {
    const Answer answer = get(target, token);
    if (answer.text("/status/databaseStatus") == status &&
        answer.text("/status/realTimeStatus/connectionState") == status) {
      return;
    }
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "not " << status << " but " << json::serialize(answer.body);
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void World::play(std::string_view id, const whatsapp::Simulation& scene) {
  const Status played = impl_->engine.play(id, scene);
  EXPECT_TRUE(played) << played.error().message;
}

void World::link(std::string_view token, std::string_view id) {
  EXPECT_EQ(post("/api/instances/" + std::string(id) + "/connect", token).status, 200);
  await_status(token, id, "QR_REQUIRED");
  play(id, {.action = Scene::kScan});
  await_status(token, id, "CONNECTED");
}

manager::Accounts& World::accounts() {
  return impl_->accounts;
}
Api& World::api() {
  return impl_->api;
}

}  // namespace patchbay::rest
