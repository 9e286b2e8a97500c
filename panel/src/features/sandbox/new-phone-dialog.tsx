"use client";

import { useState, type FormEvent } from "react";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { CheckboxField, TextField } from "@/ui/field";
import { useCreatePhone } from "./api";

export interface NewPhoneDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

export function NewPhoneDialog({ open, onOpenChange }: NewPhoneDialogProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="New phone" description="A pretended WhatsApp account.">
      <NewPhoneForm onCreated={() => onOpenChange(false)} />
    </Dialog>
  );
}

function NewPhoneForm({ onCreated }: { onCreated: () => void }) {
  const create = useCreatePhone();
  const [number, setNumber] = useState("");
  const [pushName, setPushName] = useState("");
  const [passkey, setPasskey] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(
      { number: number.replace(/\D/g, "") || undefined, pushName: pushName.trim() || undefined, passkey },
      { onSuccess: onCreated },
    );
  };
  return (
    <form onSubmit={submit} noValidate className="space-y-4">
      {create.error && <InlineError>{create.error.message}</InlineError>}
      <TextField
        label="Number (optional)"
        type="tel"
        autoComplete="off"
        hint="With the country code; one is made up otherwise."
        value={number}
        onChange={(event) => setNumber(event.target.value)}
      />
      <TextField
        label="Name (optional)"
        autoComplete="off"
        hint="As others see it."
        value={pushName}
        onChange={(event) => setPushName(event.target.value)}
      />
      <CheckboxField
        label="Demands its passkey"
        hint="Linking a device needs the passkey step."
        checked={passkey}
        onChange={(event) => setPasskey(event.target.checked)}
      />
      <div className="flex justify-end pt-2">
        <Button type="submit" variant="primary" busy={create.isPending}>
          Create phone
        </Button>
      </div>
    </form>
  );
}
