import type { Metadata } from "next";
import Link from "next/link";
import { ROUTES } from "@/lib/routes";
import { buttonClass } from "@/ui/button";
import { Logo } from "@/ui/logo";

export const metadata: Metadata = { title: "Page not found" };

export default function NotFound() {
  return (
    <main className="grid min-h-dvh place-items-center px-5 py-10 text-center">
      <div>
        <Logo className="mb-8 text-xl" />
        <h1 className="text-2xl font-semibold tracking-tight">There is no such page</h1>
        <p className="mt-2 mb-6 text-muted">The address may be mistyped, or the page has moved.</p>
        <Link href={ROUTES.dashboard} className={buttonClass({ variant: "primary" })}>
          To the dashboard
        </Link>
      </div>
    </main>
  );
}
