"use client";

import { useState, type FormEvent } from "react";
import type { Passkey } from "@/api/types";
import { useAnswerPasskey } from "@/features/instances/api";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { InlineError } from "@/ui/feedback";
import { TextAreaField } from "@/ui/field";
import { Countdown } from "./countdown";
import { passkeySnippet, readAssertion } from "./passkey-snippet";
import { spelled } from "./phone-step";

const USUAL_LIFETIME_MS = 300_000;

/** The account demands its passkey: what a person has to do in a browser, and the place for its answer. */
export function PasskeyStep({ instanceId, passkey }: { instanceId: string; passkey: Passkey }) {
  const answer = useAnswerPasskey(instanceId);
  const [pasted, setPasted] = useState("");
  const [problem, setProblem] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const assertion = readAssertion(pasted);
    setProblem(assertion ? undefined : "Paste the whole line that the console printed; it begins with a brace.");
    if (assertion) answer.mutate(assertion);
  };
  return (
    <form onSubmit={submit} noValidate className="space-y-4 text-sm">
      <Countdown expiry={passkey.expiry} usualLifetimeMs={USUAL_LIFETIME_MS} over="The time for the passkey is over." />
      <ol className="list-decimal space-y-3 pl-5">
        <li>
          Open <code className="font-mono">https://web.whatsapp.com</code> in a current browser that can use the
          account&apos;s passkey, for example with the phone nearby. You need not sign in there.
        </li>
        <li>
          Open the developer tools (F12), choose the console, and run this there:
          <Snippet text={passkeySnippet(passkey.options)} label="Code to run" what="code to run" />
        </li>
        <li>Click on the page, and confirm with the passkey.</li>
        <li>Copy the line that the console prints, and paste it here.</li>
      </ol>
      <TextAreaField
        label="What the console printed"
        value={pasted}
        onChange={(event) => setPasted(event.target.value)}
        error={problem}
        autoComplete="off"
        spellCheck={false}
        placeholder={'{"id":"…","response":{…}}'}
      />
      {answer.error && <InlineError>{answer.error.message}</InlineError>}
      <Button type="submit" variant="primary" className="w-full" busy={answer.isPending}>
        Hand it in
      </Button>
      <details className="text-muted">
        <summary className="cursor-pointer hover:text-ink">For your own tools: the request itself</summary>
        <Snippet text={JSON.stringify(passkey.options, null, 2)} label="Request options" what="request options" />
      </details>
    </form>
  );
}

function Snippet({ text, label, what }: { text: string; label: string; what: string }) {
  return (
    <div className="mt-2 flex items-start gap-1">
      <pre
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keyboard
        tabIndex={0}
        role="group"
        aria-label={label}
        className="max-h-40 min-w-0 flex-1 overflow-auto rounded-lg border border-line bg-raised p-3 font-mono text-xs whitespace-pre-wrap break-all"
      >
        {text}
      </pre>
      <CopyButton text={text} what={what} />
    </div>
  );
}

/** The passkey was accepted; a person compares the codes and confirms on the phone. */
export function CompareStep({ code, expiry }: { code: string; expiry: string }) {
  return (
    <div className="flex flex-col items-center">
      <output
        aria-label={`Verification code: ${spelled(code)}`}
        className="rounded-xl border border-line bg-raised px-4 py-3 font-mono text-2xl font-semibold tracking-widest"
      >
        {code}
      </output>
      <p className="mt-4 text-sm text-muted">
        Confirm on the phone if it shows the same code. If it shows another one, refuse there: somebody else may be
        trying to link.
      </p>
      <div className="mt-4 w-full max-w-66">
        <Countdown expiry={expiry} usualLifetimeMs={USUAL_LIFETIME_MS} over="The time to confirm is over." />
      </div>
    </div>
  );
}
