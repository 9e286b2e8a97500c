"use client";

import { useId, useState, type FormEvent } from "react";
import { X } from "lucide-react";
import { Button, IconButton } from "@/ui/button";
import { Card } from "@/ui/card";
import { InlineError } from "@/ui/feedback";
import { controlClass, TextField } from "@/ui/field";
import { cn } from "@/lib/cn";
import { useAddFault, useFaults, useRemoveFault } from "./api";
import { ANONYMOUS_FAULTS, FAULTS, type NewFault, type SandboxFault, type SandboxPhone } from "./types";

const NUMBERS = {
  code: { label: "Code", start: "503" },
  delayMs: { label: "Milliseconds", start: "1000" },
  bytes: { label: "Bytes a piece", start: "100" },
  afterFrames: { label: "After so many frames", start: "0" },
};

/** What shall go wrong with the coming connections. */
export function FaultsCard({ phones }: { phones: SandboxPhone[] }) {
  const faults = useFaults();
  const remove = useRemoveFault();
  return (
    <Card title="Faults" description="What goes wrong with the coming connections.">
      <FaultForm phones={phones} />
      {remove.error && (
        <div className="mt-3">
          <InlineError>{remove.error.message}</InlineError>
        </div>
      )}
      {(faults.data?.length ?? 0) > 0 && (
        <ul aria-label="Faults" className="mt-4 divide-y divide-line text-sm">
          {faults.data?.map((fault) => (
            <li key={fault.id} className="flex items-center gap-2 py-1.5">
              <span className="min-w-0 flex-1 break-words">
                {labelOf(fault.kind)}
                <span className="text-muted"> · {describe(fault)}</span>
              </span>
              <IconButton label={`Remove: ${labelOf(fault.kind)}`} onClick={() => remove.mutate(fault.id)}>
                <X aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function FaultForm({ phones }: { phones: SandboxPhone[] }) {
  const add = useAddFault();
  const kindId = useId();
  const phoneId = useId();
  const [kind, setKind] = useState("drop");
  const [phone, setPhone] = useState("");
  const [count, setCount] = useState("1");
  const [value, setValue] = useState("");
  const takes = FAULTS.find((fault) => fault.kind === kind)?.takes;
  const anonymous = ANONYMOUS_FAULTS.includes(kind);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const fault: NewFault = { kind, count: count.trim() === "" ? null : Number(count) };
    if (phone && !anonymous) fault.phone = phone;
    if (takes) fault[takes] = Number(value || NUMBERS[takes].start);
    add.mutate(fault);
  };
  return (
    <form onSubmit={submit} noValidate className="space-y-3">
      {add.error && <InlineError>{add.error.message}</InlineError>}
      <div>
        <label htmlFor={kindId} className="mb-1.5 block text-sm font-medium">
          Fault
        </label>
        <select
          id={kindId}
          className={cn(controlClass, "h-10")}
          value={kind}
          onChange={(event) => {
            setKind(event.target.value);
            setValue("");
          }}
        >
          {FAULTS.map((fault) => (
            <option key={fault.kind} value={fault.kind}>
              {fault.label}
            </option>
          ))}
        </select>
      </div>
      {!anonymous && (
        <div>
          <label htmlFor={phoneId} className="mb-1.5 block text-sm font-medium">
            For
          </label>
          <select
            id={phoneId}
            className={cn(controlClass, "h-10")}
            value={phone}
            onChange={(event) => setPhone(event.target.value)}
          >
            <option value="">Everybody</option>
            {phones.map(({ number }) => (
              <option key={number} value={number}>
                +{number}
              </option>
            ))}
          </select>
        </div>
      )}
      <div className="grid grid-cols-2 gap-3">
        <TextField
          label="Connections"
          type="number"
          min={1}
          placeholder="all"
          value={count}
          onChange={(event) => setCount(event.target.value)}
        />
        {takes && (
          <TextField
            label={NUMBERS[takes].label}
            type="number"
            min={0}
            placeholder={NUMBERS[takes].start}
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
        )}
      </div>
      <Button type="submit" className="w-full" busy={add.isPending}>
        Add fault
      </Button>
    </form>
  );
}

function labelOf(kind: string): string {
  return FAULTS.find((fault) => fault.kind === kind)?.label ?? kind;
}

function describe({ phone, count, used, code, delayMs, bytes, afterFrames }: SandboxFault): string {
  return [
    phone ? `+${phone}` : "everybody",
    count === null ? "every connection" : `${count} ${count === 1 ? "connection" : "connections"}`,
    code !== undefined && `code ${code}`,
    delayMs !== undefined && `${delayMs} ms`,
    bytes !== undefined && `${bytes} bytes`,
    afterFrames !== undefined && `after ${afterFrames} frames`,
    used > 0 && `used ${used} times`,
  ]
    .filter(Boolean)
    .join(", ");
}
