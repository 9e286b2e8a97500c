"use client";

import { useState } from "react";
import Link from "next/link";
import { useForm } from "react-hook-form";
import { zodResolver } from "@hookform/resolvers/zod";
import * as z from "zod/mini";
import { applyServerErrors } from "@/lib/form-errors";
import { ROUTES } from "@/lib/routes";
import { CheckboxField, TextField } from "@/ui/field";
import { useLogin } from "./api";
import { CredentialsForm } from "./credentials-form";
import { SignedOutPage } from "./signed-out-page";
import { useSession } from "./use-session";

const schema = z.object({
  email: z.email("Enter an email address."),
  password: z.string().check(z.minLength(1, "Enter your password.")),
});
type Values = z.infer<typeof schema>;

export function LoginPage() {
  const [persistent, setPersistent] = useState(true);
  const login = useLogin(persistent);
  const expired = useSession()?.expired ?? false;
  const { register, handleSubmit, setError, formState } = useForm<Values>({ resolver: zodResolver(schema) });
  const { errors } = formState;
  return (
    <SignedOutPage
      title="Log in"
      footer={
        <>
          New here?{" "}
          <Link href={ROUTES.register} className="font-medium text-accent hover:underline">
            Create an account
          </Link>
        </>
      }
    >
      <CredentialsForm
        onSubmit={handleSubmit((values) =>
          login.mutate(values, { onError: (error) => applyServerErrors(error, setError, ["email", "password"]) }),
        )}
        notice={expired && !login.error ? "Your session has ended. Log in again." : null}
        error={login.error && login.error.fields.length === 0 ? login.error.message : errors.root?.message}
        submitLabel="Log in"
        busy={login.isPending}
      >
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
          autoComplete="current-password"
          error={errors.password?.message}
          {...register("password")}
        />
        <CheckboxField
          label="Stay logged in on this device"
          checked={persistent}
          onChange={(event) => setPersistent(event.target.checked)}
        />
      </CredentialsForm>
    </SignedOutPage>
  );
}
