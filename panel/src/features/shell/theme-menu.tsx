"use client";

import { useSyncExternalStore } from "react";
import { Monitor, Moon, Sun } from "lucide-react";
import { IconButton } from "@/ui/button";
import { Menu, MenuChoice } from "@/ui/menu";
import { readTheme, subscribeTheme, writeTheme, type Theme } from "./theme";

const CHOICES = [
  { value: "system" as const, label: "As the system", icon: Monitor },
  { value: "light" as const, label: "Light", icon: Sun },
  { value: "dark" as const, label: "Dark", icon: Moon },
];

export function ThemeMenu() {
  const theme = useSyncExternalStore<Theme>(subscribeTheme, readTheme, () => "system");
  const Icon = CHOICES.find(({ value }) => value === theme)?.icon ?? Monitor;
  return (
    <Menu
      trigger={
        <IconButton label="Theme">
          <Icon aria-hidden />
        </IconButton>
      }
    >
      <MenuChoice label="Theme" value={theme} onChange={writeTheme} choices={CHOICES} />
    </Menu>
  );
}
