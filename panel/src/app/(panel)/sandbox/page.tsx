import type { Metadata } from "next";
import { SandboxPage } from "@/features/sandbox/sandbox-page";

export const metadata: Metadata = { title: "Sandbox" };

export default function Page() {
  return <SandboxPage />;
}
