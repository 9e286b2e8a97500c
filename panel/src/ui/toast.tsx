"use client";

import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
import { Toast } from "radix-ui";
import { CircleAlert, CircleCheck, X } from "lucide-react";

interface Message {
  id: number;
  text: string;
  kind: "success" | "error";
}

type Show = (text: string) => void;
const ToastContext = createContext<{ success: Show; error: Show } | null>(null);

/** Short messages about what just happened; errors stay longer. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [messages, setMessages] = useState<Message[]>([]);
  const add = useCallback((kind: Message["kind"], text: string) => {
    setMessages((before) => [...before, { id: (before.at(-1)?.id ?? 0) + 1, kind, text }].slice(-3));
  }, []);
  const remove = (id: number) => setMessages((before) => before.filter((message) => message.id !== id));
  const value = useMemo(
    () => ({ success: (text: string) => add("success", text), error: (text: string) => add("error", text) }),
    [add],
  );
  return (
    <ToastContext value={value}>
      <Toast.Provider label="Notification">
        {children}
        {messages.map(({ id, kind, text }) => (
          <Toast.Root
            key={id}
            duration={kind === "error" ? 10_000 : 4_000}
            onOpenChange={(open) => !open && remove(id)}
            className="flex items-start gap-3 rounded-xl bg-overlay p-4 shadow-overlay animate-pop"
          >
            {kind === "error" ? (
              <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-danger" />
            ) : (
              <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-green" />
            )}
            <Toast.Description className="min-w-0 flex-1 text-sm break-words">{text}</Toast.Description>
            <Toast.Close aria-label="Dismiss" className="text-muted hover:text-ink">
              <X aria-hidden className="size-4" />
            </Toast.Close>
          </Toast.Root>
        ))}
        <Toast.Viewport className="fixed right-4 bottom-4 z-60 flex w-[calc(100vw-2rem)] max-w-sm flex-col gap-2 outline-none" />
      </Toast.Provider>
    </ToastContext>
  );
}

export function useToast() {
  const context = useContext(ToastContext);
  if (!context) throw new Error("useToast needs a ToastProvider above it");
  return context;
}
