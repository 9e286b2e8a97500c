// What an API key may do, as one flat list of flags for forms and back.
import type { ApiKeyPermissions } from "@/api/types";

export const PERMISSIONS = [
  { flag: "messages.send", label: "Send messages" },
  { flag: "messages.receive", label: "Receive messages" },
  { flag: "contacts.check", label: "Check contacts" },
  { flag: "instance.info", label: "Read the instance's state" },
  { flag: "instance.stats", label: "Read statistics" },
  { flag: "webhook.configure", label: "Configure the webhook" },
] as const;

export type PermissionFlag = (typeof PERMISSIONS)[number]["flag"];

type Nested = Record<string, Record<string, boolean>>;

export function toFlags(permissions: ApiKeyPermissions): PermissionFlag[] {
  return PERMISSIONS.map(({ flag }) => flag).filter((flag) => {
    const [category, name] = flag.split(".") as [string, string];
    return (permissions as Nested)[category]?.[name] === true;
  });
}

export function toPermissions(flags: readonly string[]): ApiKeyPermissions {
  const permissions: Nested = {};
  for (const { flag } of PERMISSIONS) {
    const [category, name] = flag.split(".") as [string, string];
    (permissions[category] ??= {})[name] = flags.includes(flag);
  }
  return permissions as unknown as ApiKeyPermissions;
}
