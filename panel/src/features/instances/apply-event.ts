// What an event changes in an instance that was read by REST. Pure. An event older than what REST already told
// (lower `seq`) changes nothing.
import type { Instance, InstanceListItem, Linking } from "@/api/types";
import type { RealtimeEventName, RealtimeEvents } from "@/realtime";

type Live = Instance & Partial<Pick<InstanceListItem, "realTimeStatus">>;

export function applyEvent<T extends Live, Name extends RealtimeEventName>(
  instance: T,
  name: Name,
  payload: RealtimeEvents[Name],
): T {
  if (payload.instanceId !== instance.id) return instance;
  if (payload.seq !== undefined && payload.seq < instance.lastSeq) return instance;
  const lastSeq = payload.seq ?? instance.lastSeq;
  switch (name) {
    case "instance:status:changed":
      return { ...instance, ...statusPart(instance, payload as RealtimeEvents["instance:status:changed"]), lastSeq };
    case "instance:qr:generated":
      return { ...instance, ...qrPart(instance, payload as RealtimeEvents["instance:qr:generated"]), lastSeq };
    case "instance:pair-code:generated": {
      const { pairCode, expiry } = payload as RealtimeEvents["instance:pair-code:generated"];
      return {
        ...instance,
        ...codePart({ method: "code", pairCode: pairCode ?? null, pairCodeExpiry: expiry ?? null }),
        lastSeq,
      };
    }
    case "instance:passkey:required": {
      const { options, expiry } = payload as RealtimeEvents["instance:passkey:required"];
      const passkey = options && expiry ? { options, expiry, verificationCode: null } : null;
      return { ...instance, ...codePart({ method: "passkey", passkey }), lastSeq };
    }
    case "instance:passkey:code": {
      const { verificationCode, expiry } = payload as RealtimeEvents["instance:passkey:code"];
      const options = instance.linking?.passkey?.options ?? {};
      const passkey = expiry ? { options, expiry, verificationCode: verificationCode ?? null } : null;
      return { ...instance, ...codePart({ method: "passkey", passkey }), lastSeq };
    }
    case "instance:connected": {
      const { phone, displayName } = payload as RealtimeEvents["instance:connected"];
      return {
        ...instance,
        phone: phone ?? instance.phone,
        displayName: displayName ?? instance.displayName,
        lastSeq,
      };
    }
    case "instance:error": {
      const { error, timestamp } = payload as RealtimeEvents["instance:error"];
      return {
        ...instance,
        lastError: error ?? instance.lastError,
        lastErrorAt: timestamp ?? instance.lastErrorAt,
        lastSeq,
      };
    }
    default:
      return { ...instance, lastSeq };
  }
}

function statusPart(instance: Live, event: RealtimeEvents["instance:status:changed"]): Partial<Live> {
  const { newStatus, oldStatus, metadata = {}, reason, nextStep, timestamp } = event;
  const changed = newStatus !== instance.status || (oldStatus != null && oldStatus !== newStatus);
  const showsCode = newStatus === "QR_REQUIRED";
  return {
    status: newStatus,
    reason: reason ?? instance.reason,
    nextStep: nextStep ?? instance.nextStep,
    statusSince: changed ? (timestamp ?? instance.statusSince) : instance.statusSince,
    phone: metadata.phone ?? instance.phone,
    displayName: metadata.displayName ?? instance.displayName,
    lastConnectedAt: metadata.lastConnectedAt ?? instance.lastConnectedAt,
    qrCode: showsCode ? instance.qrCode : null,
    qrCodeExpiry: showsCode ? instance.qrCodeExpiry : null,
    linking: showsCode ? instance.linking : null,
    realTimeStatus: instance.realTimeStatus && {
      ...instance.realTimeStatus,
      connectionState: newStatus,
      isConnected: newStatus === "CONNECTED",
    },
  };
}

const NOTHING_SHOWN: Omit<Linking, "method"> = {
  qrText: null,
  qrExpiry: null,
  pairCode: null,
  pairCodeExpiry: null,
  passkey: null,
};

// One way to link at a time: what is on show replaces what was.
function codePart(shown: Partial<Linking> & Pick<Linking, "method">): Partial<Live> {
  return { status: "QR_REQUIRED", qrCode: null, qrCodeExpiry: null, linking: { ...NOTHING_SHOWN, ...shown } };
}

// A code means that the instance waits for a scan, also for a backend that does not say so first.
function qrPart(instance: Live, event: RealtimeEvents["instance:qr:generated"]): Partial<Live> {
  return {
    status: "QR_REQUIRED",
    qrCode: event.qrCode ?? event.qrText ?? null,
    qrCodeExpiry: event.expiry ?? null,
    linking: { ...NOTHING_SHOWN, method: "qr", qrText: event.qrText ?? null, qrExpiry: event.expiry ?? null },
    realTimeStatus: instance.realTimeStatus && {
      ...instance.realTimeStatus,
      connectionState: "QR_REQUIRED",
      qrAttempts: event.attempt ?? instance.realTimeStatus.qrAttempts,
      maxQRAttempts: event.maxAttempts ?? instance.realTimeStatus.maxQRAttempts,
    },
  };
}
