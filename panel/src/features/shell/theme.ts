// Light, dark, or as the system says. The attribute on <html> is set before the first paint by THEME_SCRIPT and kept
// by the functions here.

export type Theme = "system" | "light" | "dark";

const KEY = "patchbay.theme";

/** Runs in <head>, before anything is painted. */
export const THEME_SCRIPT = `(function(){try{var t=localStorage.getItem("${KEY}")}catch(e){}
document.documentElement.dataset.theme=t==="dark"||t==="light"?t:matchMedia("(prefers-color-scheme: dark)").matches?"dark":"light"})()`;

const listeners = new Set<() => void>();

export function readTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function writeTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
  apply();
}

export function subscribeTheme(listener: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  if (listeners.size === 0) {
    system.addEventListener("change", apply);
    window.addEventListener("storage", apply);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    system.removeEventListener("change", apply);
    window.removeEventListener("storage", apply);
  };
}

function apply(): void {
  const theme = readTheme();
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = theme === "system" ? (dark ? "dark" : "light") : theme;
  for (const listener of [...listeners]) listener();
}
