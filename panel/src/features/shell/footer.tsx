"use client";

import { LinkingNotice } from "@/features/linking/notice";
import { API_URL } from "@/lib/config";
import { useServerVersion } from "./server-version";

export function Footer() {
  const version = useServerVersion();
  return (
    <footer className="mx-auto flex w-full max-w-6xl flex-col gap-1 px-4 pt-10 pb-6 text-[0.8125rem] text-muted sm:flex-row sm:justify-between sm:px-6">
      <div className="min-w-0 max-w-xl">
        <p>Not affiliated with, endorsed by or connected to WhatsApp or Meta.</p>
        <details className="mt-1">
          <summary className="cursor-pointer hover:text-ink">Before you link an account</summary>
          <div className="mt-1 space-y-1">
            <LinkingNotice />
          </div>
        </details>
      </div>
      <p className="flex gap-3">
        <a href={`${API_URL}/api/openapi.json`} className="hover:text-ink hover:underline">
          API description
        </a>
        {version && <span>Patchbay {version.version}</span>}
      </p>
    </footer>
  );
}
