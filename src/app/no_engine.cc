#include "app/no_engine.h"

namespace patchbay::app {
namespace {

class EndedSession final : public whatsapp::Session {
 public:
  EndedSession(whatsapp::SessionObserver& observer, Executor& executor) {
    end_ = executor.run_after(Milliseconds(0), [&observer] {
      observer.on_closed({.reason = whatsapp::CloseReason::kInternal,
                          .text =
                              "This build has no WhatsApp engine yet. Start the server with --simulation to "
                              "try everything with a simulated phone."});
    });
  }
  void close() override {}
  void log_out() override {}
  void request_pair_code(std::string_view, whatsapp::LinkDone done) override {
    done(fail(ErrorCode::kInvalidOperation, "This build has no WhatsApp engine yet."));
  }
  void answer_passkey(std::string_view, whatsapp::LinkDone done) override {
    done(fail(ErrorCode::kInvalidOperation, "This build has no WhatsApp engine yet."));
  }
  void send_text(std::string_view, std::string_view, whatsapp::SendDone done) override {
    done(fail(ErrorCode::kInstanceNotConnected, "The instance is not connected."));
  }

 private:
  Executor::Timer end_;
};

}  // namespace

std::unique_ptr<whatsapp::Session> NoEngine::open(whatsapp::SessionOptions,
                                                  whatsapp::SessionObserver& observer, Executor& executor) {
  return std::make_unique<EndedSession>(observer, executor);
}

}  // namespace patchbay::app
