# The image of `slipway`: Node and the bundled programs, for a user without rights.
#   docker build -t slipway:v0.1.0 .

# Builds with the Node that comes with the packages, as on every other machine.
FROM node:24-bookworm-slim AS build
WORKDIR /source
COPY . .
RUN npm ci --ignore-scripts --include=dev --include=optional \
  && npm run build \
  && mkdir -p /image/home/argo-rollouts/plugin-bin /image/opt/slipway/bin \
  && cp dist/bin/* /image/opt/slipway/bin/ \
  && cp "$(PATH=node_modules/.bin:$PATH node -p process.execPath)" /image/opt/slipway/node

# The C library that Node and plugins need, and certificates of public authorities: no shell, no package manager.
FROM gcr.io/distroless/cc-debian12
COPY --from=build --chown=0:0 /image/opt/slipway /opt/slipway
COPY --from=build --chown=999:999 /image/home/argo-rollouts /home/argo-rollouts
ENV HOME=/home/argo-rollouts
WORKDIR /home/argo-rollouts
USER 999:999
EXPOSE 8080 8090
ENTRYPOINT ["/opt/slipway/node", "/opt/slipway/bin/slipway"]
CMD ["controller"]
