"use client";

import type { ReactNode } from "react";
import { Button } from "@/ui/button";
import { InlineError } from "@/ui/feedback";

export interface CredentialsFormProps {
  onSubmit: React.FormEventHandler;
  error?: string | null;
  notice?: string | null;
  submitLabel: string;
  busy: boolean;
  children: ReactNode;
}

export function CredentialsForm({ onSubmit, error, notice, submitLabel, busy, children }: CredentialsFormProps) {
  return (
    <form onSubmit={onSubmit} noValidate className="space-y-4">
      {notice && (
        <p role="status" className="rounded-lg bg-amber-soft px-3 py-2 text-sm text-amber">
          {notice}
        </p>
      )}
      {error && <InlineError>{error}</InlineError>}
      {children}
      <Button type="submit" variant="primary" busy={busy} className="h-10 w-full">
        {submitLabel}
      </Button>
    </form>
  );
}
