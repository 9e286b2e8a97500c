"use client";

import { ChevronDown, LogOut } from "lucide-react";
import type { Session } from "@/features/session/session-store";
import { Button } from "@/ui/button";
import { Menu, MenuItem, MenuLabel, MenuSeparator } from "@/ui/menu";

export function UserMenu({ user, onSignOut }: { user: Session["user"]; onSignOut: () => void }) {
  return (
    <Menu
      trigger={
        <Button variant="ghost" aria-label={`Account of ${user.name}`} className="pl-1.5 pr-2">
          <span
            aria-hidden
            className="grid size-6.5 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent"
          >
            {user.name.charAt(0).toUpperCase()}
          </span>
          <ChevronDown aria-hidden />
        </Button>
      }
    >
      <MenuLabel>
        <span className="block font-medium">{user.name}</span>
        <span className="block text-muted">{user.email}</span>
        <span className="mt-0.5 block text-[0.8125rem] text-muted">
          {user.role === "ADMINISTRATOR" ? "Administrator" : "User"}
        </span>
      </MenuLabel>
      <MenuSeparator />
      <MenuItem icon={LogOut} onSelect={onSignOut}>
        Log out
      </MenuItem>
    </Menu>
  );
}
