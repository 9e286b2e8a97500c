"use client";

import { useState } from "react";
import { FlaskConical, Plus, Smartphone } from "lucide-react";
import { useServerVersion } from "@/features/shell/server-version";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { EmptyState, ErrorState, LoadingRows } from "@/ui/feedback";
import { PageHeader } from "@/ui/page-header";
import { usePhones } from "./api";
import { FaultsCard } from "./faults-card";
import { NewPhoneDialog } from "./new-phone-dialog";
import { PhoneCard } from "./phone-card";
import { ViolationsCard } from "./violations-card";

/** Pretended phones for the real engine: the other side of WhatsApp, inside this server. */
export function SandboxPage() {
  const version = useServerVersion();
  if (version && !version.sandbox) {
    return (
      <Card flush>
        <EmptyState icon={FlaskConical} title="There is no sandbox on this server">
          Start it with the sandbox to have phones to play with.
        </EmptyState>
      </Card>
    );
  }
  return <Sandbox />;
}

function Sandbox() {
  const phones = usePhones();
  const [creating, setCreating] = useState(false);
  const newPhone = (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      New phone
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Sandbox"
        description="A pretended WhatsApp inside this server, with phones to play with. Nothing here leaves the machine."
        action={newPhone}
      />
      <div className="flex flex-col gap-6 lg:grid lg:grid-cols-[minmax(0,1fr)_22rem] lg:items-start">
        <div className="min-w-0 space-y-6">
          {phones.isPending ? (
            <Card flush>
              <LoadingRows label="Loading the phones" />
            </Card>
          ) : !phones.data ? (
            <Card flush>
              <ErrorState
                title="The sandbox does not answer"
                error={phones.error}
                onRetry={() => phones.refetch()}
              />
            </Card>
          ) : phones.data.length === 0 ? (
            <Card flush>
              <EmptyState icon={Smartphone} title="No phones yet" action={newPhone}>
                A phone scans the QR codes of your instances, and receives what they send.
              </EmptyState>
            </Card>
          ) : (
            phones.data.map((phone) => <PhoneCard key={phone.number} phone={phone} />)
          )}
        </div>
        <div className="min-w-0 space-y-6">
          <FaultsCard phones={phones.data ?? []} />
          <ViolationsCard />
        </div>
      </div>
      <NewPhoneDialog open={creating} onOpenChange={setCreating} />
    </>
  );
}
