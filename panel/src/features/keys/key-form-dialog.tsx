"use client";

import { useForm } from "react-hook-form";
import { zodResolver } from "@hookform/resolvers/zod";
import * as z from "zod/mini";
import type { ApiKey } from "@/api/types";
import { applyServerErrors } from "@/lib/form-errors";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { CheckboxField, TextField } from "@/ui/field";
import type { useSaveApiKey } from "./api";
import { PERMISSIONS, toFlags, toPermissions } from "./permissions";

const schema = z.object({
  name: z
    .string()
    .check(z.trim(), z.minLength(1, "Give the key a name."), z.maxLength(100, "At most 100 characters.")),
  flags: z.array(z.string()),
  rateLimit: z
    .number("Enter a number.")
    .check(
      z.multipleOf(1, "Whole numbers only."),
      z.minimum(1, "At least 1."),
      z.maximum(10_000, "At most 10000."),
    ),
  expiresOn: z
    .string()
    .check(z.refine((value) => value === "" || Date.parse(value) > Date.now(), "Choose a time in the future.")),
  isActive: z.boolean(),
});
type Values = z.infer<typeof schema>;

export interface KeyFormDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** The key to change; null for a new one. */
  apiKey: ApiKey | null;
  save: ReturnType<typeof useSaveApiKey>;
  onSaved: () => void;
}

export function KeyFormDialog(props: KeyFormDialogProps) {
  return (
    <Dialog
      open={props.open}
      onOpenChange={(open) => {
        props.save.reset();
        props.onOpenChange(open);
      }}
      title={props.apiKey ? "Edit API key" : "New API key"}
      description="A key lets a program use this instance, and only this one."
    >
      <KeyForm {...props} />
    </Dialog>
  );
}

function KeyForm({ apiKey, save, onSaved }: KeyFormDialogProps) {
  const { register, handleSubmit, setError, formState } = useForm<Values>({
    resolver: zodResolver(schema),
    defaultValues: {
      name: apiKey?.name ?? "",
      flags: apiKey ? toFlags(apiKey.permissions) : ["messages.send", "instance.info"],
      rateLimit: apiKey?.rateLimit ?? 1000,
      expiresOn: apiKey?.expiresAt ? toLocalInput(apiKey.expiresAt) : "",
      isActive: apiKey?.isActive ?? true,
    },
  });
  const { errors } = formState;
  const submit = handleSubmit(({ name, flags, rateLimit, expiresOn, isActive }) =>
    save.mutate(
      {
        name,
        permissions: toPermissions(flags),
        rateLimit,
        isActive,
        expiresAt: expiresOn ? new Date(expiresOn).toISOString() : null,
      },
      { onSuccess: onSaved, onError: (error) => applyServerErrors(error, setError, ["name", "rateLimit"]) },
    ),
  );
  return (
    <form onSubmit={submit} noValidate className="space-y-5">
      {save.error && save.error.fields.length === 0 && <InlineError>{save.error.message}</InlineError>}
      {errors.root && <InlineError>{errors.root.message}</InlineError>}
      <TextField label="Name" autoComplete="off" error={errors.name?.message} {...register("name")} />
      <fieldset>
        <legend className="mb-2 text-sm font-medium">Permissions</legend>
        <div className="grid gap-2.5 sm:grid-cols-2">
          {PERMISSIONS.map(({ flag, label }) => (
            <CheckboxField key={flag} label={label} value={flag} {...register("flags")} />
          ))}
        </div>
      </fieldset>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="Requests an hour"
          type="number"
          inputMode="numeric"
          min={1}
          max={10_000}
          error={errors.rateLimit?.message}
          {...register("rateLimit", { valueAsNumber: true })}
        />
        <TextField
          label="Expires (optional)"
          type="datetime-local"
          error={errors.expiresOn?.message}
          {...register("expiresOn")}
        />
      </div>
      {apiKey && (
        <CheckboxField label="Active" hint="An inactive key is refused until it is active again." {...register("isActive")} />
      )}
      <div className="flex justify-end">
        <Button type="submit" variant="primary" busy={save.isPending}>
          {apiKey ? "Save changes" : "Create API key"}
        </Button>
      </div>
    </form>
  );
}

// What <input type="datetime-local"> takes: the reader's own time, without a zone.
function toLocalInput(iso: string): string {
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
