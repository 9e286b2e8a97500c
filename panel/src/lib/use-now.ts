import { useEffect, useState } from "react";
import { serverNow } from "./server-clock";

/** The server's time in milliseconds, renewed every second while `active`. */
export function useNow(active = true): number {
  const [now, setNow] = useState(() => serverNow());
  useEffect(() => {
    if (!active) return;
    const tick = () => setNow(serverNow());
    const first = setTimeout(tick);
    const timer = setInterval(tick, 1000);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [active]);
  return now;
}
