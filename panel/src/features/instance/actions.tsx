"use client";

import { useState, type ReactNode } from "react";
import { Ellipsis, LogOut, Power, RotateCw, Trash2, Unplug } from "lucide-react";
import type { InstanceDetail } from "@/api/types";
import type { InstanceAction } from "@/features/instances/api";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { Menu, MenuItem, MenuSeparator } from "@/ui/menu";

type Asked = Exclude<InstanceAction, "connect"> | "delete";

const QUESTIONS: Record<Asked, { title: string; text: ReactNode; confirm: string; danger: boolean }> = {
  disconnect: {
    title: "Disconnect this instance?",
    text: "It stays disconnected until you connect it again. The link to the phone is kept, so no new QR code is needed.",
    confirm: "Disconnect",
    danger: false,
  },
  restart: {
    title: "Restart this instance?",
    text: "The connection is closed and opened again. Messages cannot be sent for a moment.",
    confirm: "Restart",
    danger: false,
  },
  logout: {
    title: "Log this instance out of WhatsApp?",
    text: "The phone is unlinked and the credentials are deleted, with the messages that wait here. If WhatsApp cannot be reached, the device stays listed on the phone: remove it there. The next connect starts with a new QR code.",
    confirm: "Log out",
    danger: true,
  },
  delete: {
    title: "Delete this instance?",
    text: "It is logged out of WhatsApp, and its API keys and events are deleted. If WhatsApp cannot be reached, the device stays listed on the phone: remove it there. This cannot be undone.",
    confirm: "Delete instance",
    danger: true,
  },
};

export interface ActionsProps {
  instance: InstanceDetail;
  /** What is being done now. */
  pending: InstanceAction | "delete" | null;
  error: string | null;
  onConnect: () => void;
  /** Resolves to whether it worked. */
  onConfirmed: (action: Asked) => Promise<boolean>;
  /** The question was opened or closed: what failed before is forgotten. */
  onReset: () => void;
}

export function Actions({ instance, pending, error, onConnect, onConfirmed, onReset }: ActionsProps) {
  const [asked, setAsked] = useState<Asked | null>(null);
  // Kept while the dialog fades, so that its text does not vanish first.
  const [shown, setShown] = useState<Asked>("disconnect");
  const ask = (action: Asked) => {
    onReset();
    setShown(action);
    setAsked(action);
  };
  const resting = instance.status === "DISCONNECTED" || instance.status === "ERROR";
  const { title, text, confirm, danger } = QUESTIONS[shown];
  return (
    <div className="flex items-center gap-2">
      {resting ? (
        <Button variant="primary" busy={pending === "connect"} disabled={!instance.isActive} onClick={onConnect}>
          <Power aria-hidden />
          Connect
        </Button>
      ) : (
        <Button onClick={() => ask("disconnect")}>
          <Unplug aria-hidden />
          Disconnect
        </Button>
      )}
      <Menu
        trigger={
          <Button aria-label="More actions" title="More actions" size="icon">
            <Ellipsis aria-hidden />
          </Button>
        }
      >
        <MenuItem icon={RotateCw} onSelect={() => ask("restart")} disabled={instance.status === "DISCONNECTED"}>
          Restart
        </MenuItem>
        <MenuItem icon={LogOut} onSelect={() => ask("logout")}>
          Log out of WhatsApp
        </MenuItem>
        <MenuSeparator />
        <MenuItem icon={Trash2} danger onSelect={() => ask("delete")}>
          Delete instance
        </MenuItem>
      </Menu>
      <ConfirmDialog
        open={asked !== null}
        onOpenChange={(open) => !open && setAsked(null)}
        title={title}
        confirmLabel={confirm}
        danger={danger}
        busy={pending !== null}
        error={error}
        onConfirm={async () => {
          if (asked && (await onConfirmed(asked))) setAsked(null);
        }}
      >
        {text}
      </ConfirmDialog>
    </div>
  );
}
