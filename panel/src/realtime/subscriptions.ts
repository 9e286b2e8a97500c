// Who on the page wants which instance: several parts may want the same one, the server hears of it once.

export type SubscriptionState =
  | "waiting" // not sent yet, or sent and not answered
  | "confirmed"
  | "unanswered" // sent; the server acknowledges nothing
  | "refused";

interface Entry {
  users: number;
  state: SubscriptionState;
}

export class Subscriptions {
  private readonly entries = new Map<string, Entry>();

  /** Returns whether it is the first use. */
  add(instanceId: string): boolean {
    const entry = this.entries.get(instanceId);
    if (entry) {
      entry.users += 1;
      return false;
    }
    this.entries.set(instanceId, { users: 1, state: "waiting" });
    return true;
  }

  /** Returns whether it was the last use. */
  remove(instanceId: string): boolean {
    const entry = this.entries.get(instanceId);
    if (!entry) return false;
    entry.users -= 1;
    if (entry.users > 0) return false;
    this.entries.delete(instanceId);
    return true;
  }

  has(instanceId: string): boolean {
    return this.entries.has(instanceId);
  }

  ids(): string[] {
    return [...this.entries.keys()];
  }

  setState(instanceId: string, state: SubscriptionState): void {
    const entry = this.entries.get(instanceId);
    if (entry) entry.state = state;
  }

  /** After the connection was lost nothing is subscribed any more. */
  reset(): void {
    for (const entry of this.entries.values()) entry.state = "waiting";
  }

  clear(): void {
    this.entries.clear();
  }

  list(): { instanceId: string; state: SubscriptionState }[] {
    return [...this.entries].map(([instanceId, { state }]) => ({ instanceId, state }));
  }
}
