// For tests only: a blocking WebSocket client. Not for production code; one thread.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "net/test_client.h"

namespace patchbay::websocket::test {

struct Frame {
  int first_byte = 0;  // with the bits beside the opcode
  int opcode = 0;
  std::string payload;
};

class WebSocketClient {
 public:
  WebSocketClient(uint16_t port, std::string_view target)
      : WebSocketClient(net::test::TcpClient(port), target) {}
  // On a connection that is there already; `early` goes out in one piece with the request.
  // `headers` are whole lines.
  WebSocketClient(net::test::TcpClient tcp, std::string_view target, std::string_view early = {},
                  std::string_view headers = {})
      : tcp_(std::move(tcp)) {
    tcp_.send(request(target, headers).append(early));
    if (const auto answer = tcp_.read_answer(); answer.status != 101)
      throw std::runtime_error("no upgrade: " + std::to_string(answer.status) + " " + answer.body);
  }
  static std::string request(std::string_view target, std::string_view headers = {}) {
    return "GET " + std::string(target) +
           " HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
           std::string(headers) + "\r\n";
  }
  // A masked frame, as clients send them.
  static std::string frame(int opcode, std::string_view payload, bool fin = true) {
    std::string bytes;
    bytes += static_cast<char>((fin ? 0x80 : 0) | opcode);
    if (payload.size() < 126) {
      bytes += static_cast<char>(0x80 | payload.size());
    } else {
      const int width = payload.size() < 0x10000 ? 2 : 8;
      bytes += static_cast<char>(0x80 | (width == 2 ? 126 : 127));
      for (int i = width - 1; i >= 0; --i) bytes += static_cast<char>(payload.size() >> (8 * i));
    }
    constexpr std::string_view kKey = "mask";
    bytes += kKey;
    for (size_t i = 0; i < payload.size(); ++i) bytes += static_cast<char>(payload[i] ^ kKey[i % 4]);
    return bytes;
  }

  net::test::TcpClient& tcp() { return tcp_; }
  void send_text(std::string_view text) { tcp_.send(frame(1, text)); }
  void send_binary(std::string_view bytes) { tcp_.send(frame(2, bytes)); }
  Frame read_frame() {
    const std::string head = tcp_.read_exactly(2);
    uint64_t size = static_cast<uint8_t>(head[1]) & 0x7f;
    if (size >= 126)
      for (const char c : tcp_.read_exactly(std::exchange(size, 0) == 126 ? 2 : 8))
        size = size << 8 | static_cast<uint8_t>(c);
    return {.first_byte = static_cast<uint8_t>(head[0]),
            .opcode = head[0] & 0x0f,
            .payload = tcp_.read_exactly(size)};
  }
  std::string read_message() {
    Frame frame = read_frame();
    if (frame.opcode != 1 && frame.opcode != 2) throw std::runtime_error("a control frame came");
    return std::move(frame.payload);
  }
  // The code of the close frame that must come next.
  int read_close() {
    const Frame frame = read_frame();
    if (frame.opcode != 8) throw std::runtime_error("no close frame but: " + frame.payload);
    if (frame.payload.size() < 2) return 1005;
    return static_cast<uint8_t>(frame.payload[0]) << 8 | static_cast<uint8_t>(frame.payload[1]);
  }

 private:
  net::test::TcpClient tcp_;
};

}  // namespace patchbay::websocket::test
