import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  test: {
    include: ["src/**/*.test.{ts,tsx}"],
    // Component tests ask for jsdom in their first line; everything else runs in plain Node.
    environment: "node",
    restoreMocks: true,
  },
});
