"use client";

import { useEffect, type ReactNode } from "react";
import { useRouter } from "next/navigation";
import { safeReturnPath } from "@/lib/routes";
import { Logo } from "@/ui/logo";
import { Footer } from "@/features/shell/footer";
import { SandboxBanner } from "@/features/shell/sandbox-banner";
import { ThemeMenu } from "@/features/shell/theme-menu";
import { useSession } from "./use-session";

/** Frame of the login and register pages; whoever is signed in goes on to where they wanted to be. */
export function SignedOutPage({ title, footer, children }: { title: string; footer: ReactNode; children: ReactNode }) {
  const router = useRouter();
  const signedIn = Boolean(useSession()?.session);
  useEffect(() => {
    if (signedIn) router.replace(safeReturnPath(new URLSearchParams(window.location.search).get("next")));
  }, [signedIn, router]);
  return (
    <div className="flex min-h-dvh flex-col">
      <SandboxBanner />
      <div className="flex justify-end px-4 pt-4">
        <ThemeMenu />
      </div>
      <main className="mx-auto flex w-full max-w-sm flex-1 flex-col justify-center px-5 py-10">
        <Logo className="mb-8 self-center text-xl" />
        <div className="rounded-2xl border border-line bg-surface p-6 shadow-card">
          <h1 className="mb-5 text-xl font-semibold tracking-tight">{title}</h1>
          {children}
        </div>
        <p className="mt-6 text-center text-sm text-muted">{footer}</p>
      </main>
      <Footer />
    </div>
  );
}
