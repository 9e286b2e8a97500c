// deps: proto
// Every protobuf message that comes from outside, parsed from arbitrary bytes: the first byte chooses which.
// What parses must serialize, and parse and serialize to the same again.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/adv.pb.h"
#include "proto/client_payload.pb.h"
#include "proto/companion_reg.pb.h"
#include "proto/handshake.pb.h"
#include "proto/signal.pb.h"

namespace proto = patchbay::proto;

namespace {

template <typename Message>
void parse(const void* data, int size) {
  Message message;
  if (!message.ParseFromArray(data, size)) return;
  const std::string bytes = message.SerializeAsString();
  Message again;
  if (!again.ParseFromString(bytes) || again.SerializeAsString() != bytes) std::abort();
}

constexpr std::array kParsers{
    parse<proto::HandshakeMessage>,
    parse<proto::CertChain>,
    parse<proto::CertChain::NoiseCertificate::Details>,
    parse<proto::ClientPayload>,
    parse<proto::DeviceProps>,
    parse<proto::ADVSignedDeviceIdentityHMAC>,
    parse<proto::ADVSignedDeviceIdentity>,
    parse<proto::ADVDeviceIdentity>,
    parse<proto::ADVSignedKeyIndexList>,
    parse<proto::ADVKeyIndexList>,
    parse<proto::CompanionEphemeralIdentity>,
    parse<proto::ProloguePayload>,
    parse<proto::PrimaryEphemeralIdentity>,
    parse<proto::PairingRequest>,
    parse<proto::EncryptedPairingRequest>,
    parse<proto::SignalMessage>,
    parse<proto::PreKeySignalMessage>,
    parse<proto::SenderKeyMessage>,
    parse<proto::SignalSenderKeyDistributionMessage>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  kParsers.at(data[0] % kParsers.size())(data + 1, static_cast<int>(size - 1));
  return 0;
}
