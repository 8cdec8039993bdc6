# The bridge, as docs/running.md describes it under "In a container". The image holds Node and the compiled bridge: no
# packages, no sources, no settings. test/tooling/containers.test.ts checks this file and runs what it describes.

FROM node:20.20-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# esbuild's install script only replaces its launcher; no other package has one.
RUN npm ci --omit=dev --ignore-scripts
COPY convex ./convex
COPY bridges ./bridges
COPY scripts/bundle.mjs scripts/compile.mjs scripts/container.ts ./scripts/
RUN node scripts/bundle.mjs dist

FROM node:20.20-slim
# The same folder as above: the compiled program looks for settings files where it was compiled.
WORKDIR /app
ENV HEALTH_PORT=9464
COPY --from=build /app/dist ./dist
USER node
# The endpoint listens on the container's own loopback. It answers 503 while Convex is away, so a restart does not help.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HEALTH_PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The options of `npm start`. Node is the first process, so that it receives SIGTERM.
CMD ["node", "--max-semi-space-size=4", "--heap-growing-percent=75", "dist/container.mjs"]
