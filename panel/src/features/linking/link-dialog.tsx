"use client";

import { useState, type ComponentType, type ReactNode } from "react";
import { Tabs } from "radix-ui";
import type { InstanceDetail } from "@/api/types";
import { cn } from "@/lib/cn";
import { Dialog } from "@/ui/dialog";
import { LinkingNotice } from "./notice";
import { CompareStep, PasskeyStep } from "./passkey-step";
import { CodeStep, PhoneForm } from "./phone-step";
import { QrStep } from "./qr-step";
import type { LinkingPart, LinkingStep } from "./use-link-dialog";

export interface LinkingAidProps {
  instance: InstanceDetail;
  part: LinkingPart;
}

export interface LinkDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  instance: InstanceDetail;
  step: LinkingStep | null;
  /** Below what needs a phone: something that helps. */
  aid?: ComponentType<LinkingAidProps>;
}

const WORDS: Record<LinkingStep, { title: string; description: string }> = {
  qr: {
    title: "Link a phone",
    description: "By a QR code that the phone scans, or by a code that you type into it.",
  },
  code: { title: "Link a phone", description: "Type this code into WhatsApp on the phone." },
  passkey: {
    title: "This account demands its passkey",
    description:
      "The phone accepted, but WhatsApp links a device to this account only after its passkey was used on WhatsApp's own site. A person has to do that in a browser.",
  },
  compare: { title: "Compare the codes", description: "The passkey was accepted. The phone shows a code, too." },
};

/** Everything that a person does to link a phone, one step at a time. */
export function LinkDialog({ open, onOpenChange, instance, step, aid: Aid }: LinkDialogProps) {
  // Kept while the dialog fades, so that its text does not vanish first.
  const [shown, setShown] = useState<LinkingStep>(step ?? "qr");
  if (step && step !== shown) setShown(step);
  return (
    <Dialog open={open} onOpenChange={onOpenChange} {...WORDS[shown]} className="max-w-md">
      <Step step={shown} instance={instance} aid={Aid} />
      {shown !== "qr" && Aid && <Aid key={shown} instance={instance} part={shown} />}
      <details className="mt-5 text-sm text-muted">
        <summary className="cursor-pointer hover:text-ink">Before you link an account</summary>
        <div className="mt-2 space-y-2">
          <LinkingNotice />
        </div>
      </details>
    </Dialog>
  );
}

type StepProps = Pick<LinkDialogProps, "instance" | "aid">;

function Step({ step, instance, aid }: StepProps & { step: LinkingStep }) {
  const { linking } = instance;
  switch (step) {
    case "passkey":
      return linking?.passkey && <PasskeyStep instanceId={instance.id} passkey={linking.passkey} />;
    case "compare":
      return (
        linking?.passkey?.verificationCode && (
          <CompareStep code={linking.passkey.verificationCode} expiry={linking.passkey.expiry} />
        )
      );
    case "code":
      return linking?.pairCode && <CodeStep code={linking.pairCode} expiry={linking.pairCodeExpiry} />;
    case "qr":
      return <Choice instance={instance} aid={aid} />;
  }
}

/** The two ways to begin. */
function Choice({ instance, aid: Aid }: StepProps) {
  return (
    <Tabs.Root defaultValue="qr">
      <Tabs.List aria-label="How to link" className="mb-5 grid grid-cols-2 gap-1 rounded-lg bg-raised p-1">
        <Way value="qr">QR code</Way>
        <Way value="phone">Link with phone number</Way>
      </Tabs.List>
      <Tabs.Content value="qr" tabIndex={-1}>
        <QrStep instance={instance} />
        <p className="mt-4 text-center text-sm text-muted">
          On the phone, open WhatsApp, then Settings, Linked devices, Link a device, and scan this code.
        </p>
        {Aid && <Aid instance={instance} part="qr" />}
      </Tabs.Content>
      <Tabs.Content value="phone" tabIndex={-1}>
        <PhoneForm instance={instance} />
        {Aid && <Aid instance={instance} part="number" />}
      </Tabs.Content>
    </Tabs.Root>
  );
}

function Way({ value, children }: { value: string; children: ReactNode }) {
  return (
    <Tabs.Trigger
      value={value}
      className={cn(
        "rounded-md px-3 py-1.5 text-sm font-medium text-muted transition-colors hover:text-ink",
        "data-[state=active]:bg-surface data-[state=active]:text-ink data-[state=active]:shadow-card",
      )}
    >
      {children}
    </Tabs.Trigger>
  );
}
