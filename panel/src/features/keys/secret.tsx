"use client";

import { useState } from "react";
import { Eye, EyeOff } from "lucide-react";
import { IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";

export function mask(secret: string): string {
  return `${secret.slice(0, 7)}${"•".repeat(12)}${secret.slice(-4)}`;
}

/** A key in clear only on demand. `secret` is null when the server keeps it to itself. */
export function Secret({ secret }: { secret: string | null }) {
  const [shown, setShown] = useState(false);
  if (secret === null) return <p className="text-sm text-muted">Not shown: this server masks its keys.</p>;
  return (
    <div className="flex items-center gap-0.5">
      <code className="min-w-0 flex-1 rounded-lg bg-raised px-3 py-2 font-mono text-[0.8125rem] break-all">
        {shown ? secret : mask(secret)}
      </code>
      <IconButton label={shown ? "Hide API key" : "Show API key"} onClick={() => setShown(!shown)}>
        {shown ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
      </IconButton>
      <CopyButton text={secret} what="API key" />
    </div>
  );
}
