"use client";

import { useState, type FormEvent } from "react";
import { usePairCode } from "@/features/instances/api";
import type { InstanceDetail } from "@/api/types";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { InlineError } from "@/ui/feedback";
import { TextField } from "@/ui/field";
import { Countdown } from "./countdown";

const USUAL_LIFETIME_MS = 160_000;

/** Asks for the phone's number. The code that comes is another step. */
export function PhoneForm({ instance }: { instance: InstanceDetail }) {
  const request = usePairCode(instance.id);
  const [phone, setPhone] = useState("");
  const [problem, setProblem] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = problemOf(phone);
    setProblem(wrong);
    if (!wrong) request.mutate(phone);
  };
  const refused = request.error?.fields.find(({ field }) => field === "phone");
  return (
    <form onSubmit={submit} noValidate className="space-y-4">
      {request.error && !refused && <InlineError>{request.error.message}</InlineError>}
      <TextField
        label="Phone number"
        type="tel"
        inputMode="tel"
        autoComplete="tel"
        placeholder="+49 170 1234567"
        value={phone}
        onChange={(event) => setPhone(event.target.value)}
        error={problem ?? (refused && `The number ${refused.message}.`)}
        hint="The number of the account to link, with its country code."
      />
      <Button type="submit" variant="primary" className="w-full" busy={request.isPending}>
        Get a code
      </Button>
    </form>
  );
}

/** What the server would refuse, said at once. */
export function problemOf(phone: string): string | undefined {
  const digits = phone.replace(/^\s*\+/, "").replace(/[\s().-]/g, "");
  if (!/^\d*$/.test(digits)) return "Digits only; spaces, dashes and a leading + do not matter.";
  if (digits.startsWith("0")) return "Begin with the country code, not with a zero.";
  if (digits.length < 7 || digits.length > 15) return "A number with its country code has 7 to 15 digits.";
  return undefined;
}

/** The code to type into the phone. */
export function CodeStep({ code, expiry }: { code: string; expiry: string | null }) {
  return (
    <div className="flex flex-col items-center">
      <p className="flex items-center gap-1">
        <output
          aria-label={`Code: ${spelled(code)}`}
          className="rounded-xl border border-line bg-raised px-4 py-3 font-mono text-2xl font-semibold tracking-widest"
        >
          {code}
        </output>
        <CopyButton text={code} what="code" />
      </p>
      <div className="mt-4 w-full max-w-66">
        <Countdown
          expiry={expiry}
          usualLifetimeMs={USUAL_LIFETIME_MS}
          over="This code has run out; connect again for another one."
        />
      </div>
      <ol className="mt-5 w-full list-decimal space-y-1 pl-5 text-sm text-muted">
        <li>On the phone, open WhatsApp, then Settings, Linked devices, Link a device.</li>
        <li>Choose “Link with phone number instead”.</li>
        <li>Type the code in. The phone may also show a message that asks for it.</li>
      </ol>
    </div>
  );
}

/** For screen readers: letter by letter. */
export function spelled(code: string): string {
  return code.replace("-", "").split("").join(" ");
}
