"use client";

import { Activity } from "lucide-react";
import { useNow } from "@/lib/use-now";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { EmptyState, ErrorState, LoadingRows } from "@/ui/feedback";
import { useEarlierEvents, useEventLog } from "./api";
import { EventList } from "./event-list";
import { hasEarlier } from "./event-log";

export function EventsCard({ instanceId }: { instanceId: string }) {
  const log = useEventLog(instanceId);
  const earlier = useEarlierEvents(instanceId);
  const nowMs = useNow();
  return (
    <Card title="Events" description="Numbered, without gaps, as the server keeps them." flush>
      <div className="border-t border-line">
        {log.isPending ? (
          <LoadingRows label="Loading events" />
        ) : !log.data ? (
          <ErrorState title="The events could not be loaded" error={log.error} onRetry={() => log.refetch()} />
        ) : log.data.events.length === 0 ? (
          <EmptyState icon={Activity} title="Nothing has happened yet">
            Connect the instance and watch its events arrive here.
          </EmptyState>
        ) : (
          <>
            <EventList events={log.data.events} nowMs={nowMs} />
            {hasEarlier(log.data) && (
              <div className="border-t border-line p-3 text-center">
                <Button size="small" variant="ghost" busy={earlier.isPending} onClick={() => earlier.mutate()}>
                  Show earlier events
                </Button>
              </div>
            )}
          </>
        )}
      </div>
    </Card>
  );
}
