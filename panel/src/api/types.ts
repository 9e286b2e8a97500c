// Short names for the shapes of the OpenAPI document that the panel uses.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type User = Schemas["User"];
export type Instance = Schemas["Instance"];
export type InstanceListItem = Schemas["InstanceListItem"];
export type InstanceDetail = Schemas["InstanceDetail"];
export type InstanceStatus = Schemas["InstanceStatus"];
export type InstanceEvent = Schemas["InstanceEvent"];
export type InstanceEventType = Schemas["InstanceEventType"];
export type EventPage = Schemas["EventPage"];
export type NextStep = Schemas["NextStep"];
export type Reason = Schemas["Reason"];
export type Linking = NonNullable<Schemas["Linking"]>;
export type Passkey = NonNullable<Schemas["Passkey"]>;
export type ApiKey = Schemas["ApiKey"];
export type ApiKeyPermissions = Schemas["ApiKeyPermissions"];
export type ServerVersion = Schemas["Version"];
export type Pagination = Schemas["Page"];
