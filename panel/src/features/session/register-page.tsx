"use client";

import Link from "next/link";
import { useForm } from "react-hook-form";
import { zodResolver } from "@hookform/resolvers/zod";
import * as z from "zod/mini";
import { applyServerErrors } from "@/lib/form-errors";
import { ROUTES } from "@/lib/routes";
import { TextField } from "@/ui/field";
import { useRegister } from "./api";
import { CredentialsForm } from "./credentials-form";
import { SignedOutPage } from "./signed-out-page";

const schema = z.object({
  name: z
    .string()
    .check(z.trim(), z.minLength(2, "At least 2 characters."), z.maxLength(100, "At most 100 characters.")),
  email: z.email("Enter an email address."),
  password: z
    .string()
    .check(z.minLength(6, "At least 6 characters."), z.maxLength(128, "At most 128 characters.")),
});
type Values = z.infer<typeof schema>;

export function RegisterPage() {
  const registration = useRegister();
  const { register, handleSubmit, setError, formState } = useForm<Values>({ resolver: zodResolver(schema) });
  const { errors } = formState;
  const { error } = registration;
  return (
    <SignedOutPage
      title="Create an account"
      footer={
        <>
          Already registered?{" "}
          <Link href={ROUTES.login} className="font-medium text-accent hover:underline">
            Log in
          </Link>
        </>
      }
    >
      <CredentialsForm
        onSubmit={handleSubmit((values) =>
          registration.mutate(values, {
            onError: (refused) => applyServerErrors(refused, setError, ["name", "email", "password"]),
          }),
        )}
        error={error && error.fields.length === 0 ? error.message : errors.root?.message}
        submitLabel="Create account"
        busy={registration.isPending}
      >
        <TextField label="Name" autoComplete="name" error={errors.name?.message} {...register("name")} />
        <TextField
          label="Email"
          type="email"
          autoComplete="username"
          error={errors.email?.message}
          {...register("email")}
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="new-password"
          hint="At least 6 characters. The first account of a server becomes its administrator."
          error={errors.password?.message}
          {...register("password")}
        />
      </CredentialsForm>
    </SignedOutPage>
  );
}
