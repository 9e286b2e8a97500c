// The one list of what the cache holds, and under which names.
import type { InstanceStatus } from "./types";

export interface InstanceListParameters {
  page: number;
  search: string;
  status: InstanceStatus | "";
}

export const queryKeys = {
  version: ["version"],
  usage: ["usage"],
  instances: ["instances"],
  instanceLists: ["instances", "list"],
  instanceList: (parameters: InstanceListParameters) => ["instances", "list", parameters],
  allInstances: ["instances", "all"],
  instanceDetails: ["instances", "detail"],
  instance: (id: string) => ["instances", "detail", id],
  pairCode: (id: string) => ["pair-code", id],
  events: (instanceId: string) => ["events", instanceId],
  sandbox: ["sandbox"],
  sandboxPart: (part: string) => ["sandbox", part],
  apiKeys: (instanceId: string) => ["keys", instanceId],
} as const;
