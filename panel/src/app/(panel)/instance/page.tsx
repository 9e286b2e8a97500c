import type { Metadata } from "next";
import { Suspense } from "react";
import { InstancePage } from "@/features/instance/instance-page";

export const metadata: Metadata = { title: "Instance" };

export default function Page() {
  // Only the browser knows the query of the address.
  return (
    <Suspense>
      <InstancePage />
    </Suspense>
  );
}
