"use client";

import { useState, type FormEvent, type ReactNode } from "react";
import {
  Ban,
  Ellipsis,
  Lock,
  PlugZap,
  ScanLine,
  Shuffle,
  Timer,
  Trash2,
  Unlink,
  Wifi,
  WifiOff,
} from "lucide-react";
import type { InstanceListItem } from "@/api/types";
import { useInstanceList } from "@/features/instances/api";
import { cn } from "@/lib/cn";
import { Button, IconButton } from "@/ui/button";
import { Card } from "@/ui/card";
import { InlineError } from "@/ui/feedback";
import { TextField } from "@/ui/field";
import { Menu, MenuItem, MenuSeparator } from "@/ui/menu";
import { useAnswerForInstance, useDeletePhone, usePhoneAction } from "./api";
import { ScanDialog } from "./scan-dialog";
import type { SandboxPhone } from "./types";

const TEMPORARY_BAN_SECONDS = 60;

/** One pretended phone and what it can do. */
export function PhoneCard({ phone }: { phone: SandboxPhone }) {
  const act = usePhoneAction(phone.number);
  const remove = useDeletePhone();
  const answer = useAnswerForInstance(phone.number);
  const [scanning, setScanning] = useState(false);
  const fine = phone.state === "ok";
  const error = act.error ?? remove.error ?? answer.error;
  return (
    <Card
      title={`+${phone.number}`}
      description={[phone.pushName, phone.businessName].filter(Boolean).join(", ") || undefined}
      action={
        <div className="flex items-center gap-2">
          <Button size="small" variant="primary" onClick={() => setScanning(true)} disabled={!phone.online}>
            <ScanLine aria-hidden />
            Scan
          </Button>
          <Menu
            trigger={
              <IconButton label={`More for +${phone.number}`} variant="secondary">
                <Ellipsis aria-hidden />
              </IconButton>
            }
          >
            {phone.online ? (
              <MenuItem icon={WifiOff} onSelect={() => act.mutate({ action: "offline" })}>
                Go offline
              </MenuItem>
            ) : (
              <MenuItem icon={Wifi} onSelect={() => act.mutate({ action: "online" })}>
                Go online
              </MenuItem>
            )}
            <MenuItem icon={Shuffle} onSelect={() => act.mutate({ action: "take-over" })}>
              Take its links over elsewhere
            </MenuItem>
            <MenuItem icon={PlugZap} onSelect={() => act.mutate({ action: "drop" })}>
              Drop its connections
            </MenuItem>
            <MenuSeparator />
            {fine ? (
              <>
                <MenuItem icon={Ban} onSelect={() => act.mutate({ action: "ban", body: { kind: "ban" } })}>
                  Ban the account
                </MenuItem>
                <MenuItem
                  icon={Timer}
                  onSelect={() =>
                    act.mutate({ action: "ban", body: { kind: "temporary", seconds: TEMPORARY_BAN_SECONDS } })
                  }
                >
                  Ban it for a minute
                </MenuItem>
                <MenuItem icon={Lock} onSelect={() => act.mutate({ action: "ban", body: { kind: "lock" } })}>
                  Lock the account
                </MenuItem>
              </>
            ) : (
              <MenuItem icon={Ban} onSelect={() => act.mutate({ action: "unban" })}>
                Lift the ban
              </MenuItem>
            )}
            <MenuSeparator />
            <MenuItem icon={Trash2} danger onSelect={() => remove.mutate(phone.number)}>
              Delete phone
            </MenuItem>
          </Menu>
        </div>
      }
    >
      <p className="flex flex-wrap gap-2">
        <Tag look={phone.online ? "good" : "bad"}>{phone.online ? "Online" : "Offline"}</Tag>
        {!fine && <Tag look="bad">Account {phone.state}</Tag>}
        {phone.passkey && <Tag>Demands its passkey</Tag>}
        {phone.lastPairing !== "none" && <Tag>Last pairing: {phone.lastPairing}</Tag>}
      </p>
      {error && (
        <div className="mt-3">
          <InlineError>{error.message}</InlineError>
        </div>
      )}
      {phone.verificationCode && (
        <section aria-label="Passkey" className="mt-4 rounded-xl bg-amber-soft p-4 text-sm text-amber">
          <p>
            The phone shows <strong className="font-mono">{phone.verificationCode}</strong>. Is it the code of the
            instance?
          </p>
          <div className="mt-3 flex flex-wrap gap-2">
            <Button
              size="small"
              variant="primary"
              onClick={() => act.mutate({ action: "passkey", body: { approve: true } })}
            >
              Yes, link it
            </Button>
            <Button size="small" onClick={() => act.mutate({ action: "passkey", body: { approve: false } })}>
              No, refuse
            </Button>
          </div>
        </section>
      )}
      {phone.passkeyOptions && (
        <PasskeyHelp busy={answer.isPending} onAnswer={(instance) => answer.mutate(instance)} />
      )}
      <CodeForm busy={act.isPending} onCode={(code) => act.mutate({ action: "code", body: { code } })} />
      <h3 className="mt-5 text-sm font-semibold">Linked devices</h3>
      {phone.devices.length === 0 ? (
        <p className="mt-1 text-sm text-muted">None.</p>
      ) : (
        <ul className="mt-2 divide-y divide-line text-sm">
          {phone.devices.map((device) => (
            <li key={device.number} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
              <span className="min-w-0 flex-1 break-words">
                Device {device.number}
                <span className="text-muted"> · {[device.os, device.platform].filter(Boolean).join(", ")}</span>
              </span>
              <Tag look={device.connected ? "good" : undefined}>{device.connected ? "Connected" : "Away"}</Tag>
              <Button
                size="small"
                aria-label={`Unlink device ${device.number} of +${phone.number}`}
                onClick={() => act.mutate({ action: "unlink", body: { device: device.number } })}
              >
                <Unlink aria-hidden />
                Unlink
              </Button>
            </li>
          ))}
        </ul>
      )}
      <ScanDialog
        open={scanning}
        onOpenChange={setScanning}
        number={phone.number}
        busy={act.isPending}
        error={act.error?.message ?? null}
        onScan={(qr) => act.mutate({ action: "scan", body: { qr } }, { onSuccess: () => setScanning(false) })}
      />
    </Card>
  );
}

/** The instances that wait for a passkey; one click does what a browser would. */
function PasskeyHelp({ busy, onAnswer }: { busy: boolean; onAnswer: (instance: InstanceListItem) => void }) {
  const waiting = useInstanceList({ page: 1, search: "", status: "QR_REQUIRED" }).data?.instances.filter(
    ({ linking }) => linking?.passkey && !linking.passkey.verificationCode,
  );
  return (
    <section aria-label="Passkey" className="mt-4 rounded-xl bg-amber-soft p-4 text-sm text-amber">
      <p>The account&apos;s passkey is asked for.</p>
      <div className="mt-3 flex flex-wrap gap-2">
        {waiting?.map((instance) => (
          <Button key={instance.id} size="small" variant="primary" busy={busy} onClick={() => onAnswer(instance)}>
            Answer for {instance.name}
          </Button>
        ))}
      </div>
    </section>
  );
}

function CodeForm({ busy, onCode }: { busy: boolean; onCode: (code: string) => void }) {
  const [code, setCode] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (code.trim()) onCode(code.trim());
  };
  return (
    <form onSubmit={submit} className="mt-4 flex items-end gap-2">
      <div className="min-w-0 flex-1">
        <TextField
          label="Code of an instance"
          placeholder="XXXX-XXXX"
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
      </div>
      <Button type="submit" className="h-10" busy={busy} disabled={!code.trim()}>
        Type it in
      </Button>
    </form>
  );
}

function Tag({ look, children }: { look?: "good" | "bad"; children: ReactNode }) {
  return (
    <span
      className={cn(
        "inline-flex items-center rounded-md px-2 py-0.5 text-[0.8125rem] font-medium",
        look === "good" ? "bg-green-soft text-green" : look === "bad" ? "bg-danger-soft text-danger" : "bg-raised text-muted",
      )}
    >
      {children}
    </span>
  );
}
