import type { NextConfig } from "next";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

const config: NextConfig = {
  // Plain files in out/, served by the binary: /instances/ is out/instances/index.html.
  output: "export",
  trailingSlash: true,
  images: { unoptimized: true },
  reactStrictMode: true,
  poweredByHeader: false,
  // `npm run typecheck` does it; twice would only cost time.
  typescript: { ignoreBuildErrors: true },
  // A build that failed once, for whatever reason, must not fail for ever after.
  experimental: { turbopackFileSystemCacheForBuild: false },
  // Lock files further up the tree are not ours to look at.
  turbopack: { root: here },
  outputFileTracingRoot: here,
};

export default config;
