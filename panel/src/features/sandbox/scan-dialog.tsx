"use client";

import { useState, type FormEvent } from "react";
import { useInstanceList } from "@/features/instances/api";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { TextAreaField } from "@/ui/field";

export interface ScanDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Of the phone that scans. */
  number: string;
  busy: boolean;
  error: string | null;
  onScan: (qr: string) => void;
}

export function ScanDialog(props: ScanDialogProps) {
  return (
    <Dialog
      open={props.open}
      onOpenChange={props.onOpenChange}
      title={`Scan with +${props.number}`}
      description="Choose an instance that shows a QR code, or paste the text of one."
    >
      <ScanForm {...props} />
    </Dialog>
  );
}

function ScanForm({ busy, error, onScan }: ScanDialogProps) {
  const [text, setText] = useState("");
  const list = useInstanceList({ page: 1, search: "", status: "QR_REQUIRED" });
  const waiting = list.data?.instances.filter(({ linking }) => linking?.qrText) ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) onScan(text.trim());
  };
  return (
    <div className="space-y-5">
      {error && <InlineError>{error}</InlineError>}
      <section aria-label="Instances that show a QR code">
        {waiting.length === 0 ? (
          <p className="text-sm text-muted">No instance shows a QR code now. Connect one first.</p>
        ) : (
          <ul className="divide-y divide-line">
            {waiting.map(({ id, name, linking }) => (
              <li key={id} className="flex items-center gap-3 py-2">
                <span className="min-w-0 flex-1 truncate font-medium">{name}</span>
                <Button
                  size="small"
                  variant="primary"
                  busy={busy}
                  aria-label={`Scan the code of ${name}`}
                  onClick={() => onScan(linking!.qrText!)}
                >
                  Scan
                </Button>
              </li>
            ))}
          </ul>
        )}
      </section>
      <form onSubmit={submit} className="space-y-3">
        <TextAreaField
          label="Text of a QR code"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <div className="flex justify-end">
          <Button type="submit" busy={busy} disabled={!text.trim()}>
            Scan the text
          </Button>
        </div>
      </form>
    </div>
  );
}
