"use client";

import { useState, type ReactNode } from "react";
import { QueryClientProvider } from "@tanstack/react-query";
import { newQueryClient } from "@/api/query-client";
import { ToastProvider } from "@/ui/toast";

export function Providers({ children }: { children: ReactNode }) {
  const [cache] = useState(newQueryClient);
  return (
    <QueryClientProvider client={cache}>
      <ToastProvider>{children}</ToastProvider>
    </QueryClientProvider>
  );
}
