"use client";

import { ErrorState } from "@/ui/feedback";

export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <main className="grid min-h-dvh place-items-center">
      <ErrorState title="This page has failed" error={error} onRetry={reset} />
    </main>
  );
}
