FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc LICENSE ./
COPY tools/node/package.json tools/node/
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-workspaces

FROM node:24-slim
ENV NODE_ENV=production
COPY --from=build /build/package.json /build/LICENSE /opt/millrace/
COPY --from=build /build/node_modules /opt/millrace/node_modules
COPY --from=build /build/dist /opt/millrace/dist
RUN ln -s /opt/millrace/dist/cli/main.js /usr/local/bin/millrace && mkdir /jobs && chown node:node /jobs
# Jobs are mounted here; `.millrace` beside them keeps the state, so it belongs on a volume.
WORKDIR /jobs
USER node
# The exec form: the process itself is PID 1 and gets SIGTERM, on which it drains.
ENTRYPOINT ["node", "/opt/millrace/dist/cli/main.js"]
CMD ["--help"]
