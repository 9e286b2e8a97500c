"use client";

import { useId, useState } from "react";
import Link from "next/link";
import { FlaskConical, Smartphone } from "lucide-react";
import { usePairCodeNumber } from "@/features/instances/api";
import type { LinkingAidProps } from "@/features/linking/link-dialog";
import type { LinkingPart } from "@/features/linking/use-link-dialog";
import { cn } from "@/lib/cn";
import { ROUTES } from "@/lib/routes";
import { Button } from "@/ui/button";
import { controlClass } from "@/ui/field";
import { InlineError } from "@/ui/feedback";
import { usePhonePart, usePhones } from "./api";

const LABELS: Record<LinkingPart, string> = {
  qr: "Scan with a sandbox phone",
  number: "Get a code for a sandbox phone",
  code: "Type it into the sandbox phone",
  passkey: "Answer with the sandbox phone's passkey",
  compare: "Confirm on the sandbox phone",
};

/** Has a phone of the sandbox do what linking asks of a phone. */
export function LinkingAid({ instance, part }: LinkingAidProps) {
  const play = usePhonePart(instance);
  const codeNumber = usePairCodeNumber(instance.id);
  const able = (usePhones().data ?? []).filter(({ online, state }) => online && state === "ok");
  const [chosen, setChosen] = useState<string>();
  const selectId = useId();
  const begins = part === "qr" || part === "number";
  const number = begins ? (chosen ?? able.find(({ devices }) => devices.length === 0)?.number ?? "") : codeNumber;
  return (
    <section aria-label="Sandbox" className="mt-5 space-y-3 rounded-xl bg-amber-soft p-4 text-sm text-amber">
      <p>
        <FlaskConical aria-hidden className="mr-1.5 inline size-4 -translate-y-px" />
        <strong className="font-semibold">Sandbox:</strong> only its own phones can be linked.
      </p>
      {begins && able.length > 0 && (
        <div className="flex items-center gap-2">
          <label htmlFor={selectId}>Phone</label>
          <select
            id={selectId}
            className={cn(controlClass, "h-9")}
            value={number}
            onChange={(event) => setChosen(event.target.value)}
          >
            {able.map((phone) => (
              <option key={phone.number} value={phone.number}>
                +{phone.number} · {phone.pushName}
              </option>
            ))}
            <option value="">A new phone</option>
          </select>
        </div>
      )}
      {part === "code" && !codeNumber ? (
        <p>
          Type the code into the phone of its number on the page{" "}
          <Link href={ROUTES.sandbox} className="font-medium underline">
            Sandbox
          </Link>
          .
        </p>
      ) : (
        <Button
          variant="primary"
          className="w-full"
          busy={play.isPending}
          onClick={() => play.mutate({ part, number: number || undefined })}
        >
          <Smartphone aria-hidden />
          {LABELS[part]}
        </Button>
      )}
      {play.error && <InlineError>{play.error.message}</InlineError>}
    </section>
  );
}
