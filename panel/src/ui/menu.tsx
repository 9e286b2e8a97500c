"use client";

import type { ReactNode } from "react";
import { DropdownMenu } from "radix-ui";
import { Check, type LucideIcon } from "lucide-react";
import { cn } from "@/lib/cn";

const ITEM =
  "flex items-center gap-2.5 rounded-md px-2.5 py-2 text-sm cursor-default select-none outline-none " +
  "data-highlighted:bg-raised data-disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0";

/** `trigger` is a button; the children are items. */
export function Menu({ trigger, children }: { trigger: ReactNode; children: ReactNode }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={6}
          collisionPadding={12}
          className="z-50 min-w-48 rounded-xl bg-overlay p-1.5 shadow-overlay animate-pop"
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export interface MenuItemProps {
  icon: LucideIcon;
  children: ReactNode;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
}

export function MenuItem({ icon: Icon, children, onSelect, danger, disabled }: MenuItemProps) {
  return (
    <DropdownMenu.Item className={cn(ITEM, danger && "text-danger")} onSelect={onSelect} disabled={disabled}>
      <Icon aria-hidden />
      {children}
    </DropdownMenu.Item>
  );
}

export interface MenuChoiceProps<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  choices: { value: T; label: string; icon: LucideIcon }[];
}

export function MenuChoice<T extends string>({ label, value, onChange, choices }: MenuChoiceProps<T>) {
  return (
    <DropdownMenu.RadioGroup value={value} onValueChange={(chosen) => onChange(chosen as T)} aria-label={label}>
      {choices.map(({ value: choice, label: text, icon: Icon }) => (
        <DropdownMenu.RadioItem key={choice} value={choice} className={ITEM}>
          <Icon aria-hidden />
          <span className="flex-1">{text}</span>
          <DropdownMenu.ItemIndicator>
            <Check aria-hidden />
          </DropdownMenu.ItemIndicator>
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <DropdownMenu.Label className="px-2.5 py-2 text-sm">{children}</DropdownMenu.Label>;
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className="my-1.5 h-px bg-line" />;
}
