"use client";

import { useForm } from "react-hook-form";
import { zodResolver } from "@hookform/resolvers/zod";
import * as z from "zod/mini";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { TextAreaField, TextField } from "@/ui/field";
import { applyServerErrors } from "@/lib/form-errors";
import type { NewInstance, useCreateInstance } from "./api";

const schema = z.object({
  name: z
    .string()
    .check(
      z.minLength(3, "At least 3 characters."),
      z.maxLength(50, "At most 50 characters."),
      z.regex(/^[A-Za-z0-9_-]*$/, "Letters, digits, hyphens and underscores only."),
    ),
  displayName: z.string().check(z.maxLength(100, "At most 100 characters.")),
  description: z.string().check(z.maxLength(500, "At most 500 characters.")),
  proxy: z
    .string()
    .check(
      z.maxLength(2048, "At most 2048 characters."),
      z.regex(/^\s*((http|socks5):\/\/.+)?$/, "Begin with http:// or socks5://."),
    ),
});
type Values = z.infer<typeof schema>;

export interface CreateInstanceDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  create: ReturnType<typeof useCreateInstance>;
  onCreated: (id: string) => void;
}

export function CreateInstanceDialog(props: CreateInstanceDialogProps) {
  return (
    <Dialog
      open={props.open}
      onOpenChange={(open) => {
        props.create.reset();
        props.onOpenChange(open);
      }}
      title="New instance"
      description="An instance is one WhatsApp account that you link and control through the API."
    >
      <CreateInstanceForm {...props} />
    </Dialog>
  );
}

function CreateInstanceForm({ create, onCreated }: CreateInstanceDialogProps) {
  const { register, handleSubmit, setError, formState } = useForm<Values>({
    resolver: zodResolver(schema),
    defaultValues: { name: "", displayName: "", description: "", proxy: "" },
  });
  const { errors } = formState;
  const submit = handleSubmit(({ name, displayName, description, proxy }) => {
    const body: NewInstance = {
      name,
      displayName: displayName.trim() || undefined,
      description: description.trim() || undefined,
      proxy: proxy.trim() || undefined,
    };
    create.mutate(body, {
      onSuccess: ({ id }) => onCreated(id),
      onError: (error) => applyServerErrors(error, setError, ["name", "displayName", "description", "proxy"]),
    });
  });
  return (
    <form onSubmit={submit} noValidate className="space-y-4">
      {create.error && create.error.fields.length === 0 && <InlineError>{create.error.message}</InlineError>}
      <TextField
        label="Name"
        placeholder="support-desk"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        hint="Unique in your subscription. 3 to 50 letters, digits, hyphens or underscores."
        error={errors.name?.message}
        {...register("name")}
      />
      <TextField
        label="Display name (optional)"
        autoComplete="off"
        hint="Shown until WhatsApp tells the name of the account."
        error={errors.displayName?.message}
        {...register("displayName")}
      />
      <TextAreaField
        label="Description (optional)"
        error={errors.description?.message}
        {...register("description")}
      />
      <TextField
        label="Proxy (optional)"
        placeholder="socks5://user:password@host:1080"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        hint="WhatsApp is reached through it: http:// (CONNECT) or socks5://. Its password is kept encrypted."
        error={errors.proxy?.message}
        {...register("proxy")}
      />
      <div className="flex justify-end pt-2">
        <Button type="submit" variant="primary" busy={create.isPending}>
          Create instance
        </Button>
      </div>
    </form>
  );
}
