# One image for every process of camadas; docker-compose.yml says which one a container runs.
#
# Debian's slim image, not Alpine: it is glibc that the tests run on. Not distroless: a shell is worth
# its few megabytes to whoever must look into a container at night.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages are faster copies of what is there in JavaScript, and compilers that others may use.
# `npm ci` refuses a lock without the optional packages of every other system, which is how npm writes
# it where the registry lacks some. `npm install` keeps to the same versions and hashes.
# What only compilers and debuggers read goes, which is a third.
RUN flags='--omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error' \
  && { npm ci $flags || npm install --no-save $flags; } \
  && find node_modules -type f \
    \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
# Owned by root, so that what runs cannot change itself.
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY *.ts ./
COPY domain ./domain
COPY queues ./queues
COPY db ./db
COPY summaries ./summaries
COPY workers ./workers
COPY dashboard ./dashboard
COPY bin ./bin
COPY client/*.ts ./client/
USER node
# No HEALTHCHECK: each process has its own, beside its command. No init: entry.ts minds the signals.
CMD ["node", "workers/main.ts"]
