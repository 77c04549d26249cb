# The operator's image: docker build --build-arg REVISION=$(git rev-parse HEAD) -t pan-tag-operator:0.1.0 .
# and the simulator's:    docker build --target simulator -t pan-os-simulator:0.1.0 .
# `npm run image` builds both from the last three stages without a container engine: see docs/images.md.

FROM node:24.21.0-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
ARG REVISION=unknown
RUN PANTAG_BUILD_REVISION=$REVISION node scripts/build.ts --simulator

# Node of the version that the tests run on, and no other. What a new version of the operator changes lies above it.
FROM gcr.io/distroless/cc-debian13:nonroot AS runtime
COPY --from=build /usr/local/bin/node /nodejs/bin/
COPY --from=build /usr/local/LICENSE /nodejs/

FROM runtime AS simulator
COPY --from=build /build/dist/pan-os-simulator.js /build/dist/pan-os-simulator.licences.txt /build/dist/pan-os-simulator.cdx.json /app/
COPY --from=build /build/LICENSE /build/NOTICE /app/
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "--permission", "/app/pan-os-simulator.js"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pan-os-simulator" \
      org.opencontainers.image.description="A simulated PAN-OS device for trying out pan-tag-operator" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$REVISION"

FROM runtime
COPY --from=build /build/dist/pan-tag-operator.js /build/dist/pan-tag-operator.js.map /build/dist/pan-tag-operator.licences.txt /build/dist/pan-tag-operator.cdx.json /app/
COPY --from=build /build/LICENSE /build/NOTICE /app/
USER 65532:65532
# The least that works: Node may read its program, the ServiceAccount's token and CA, and about itself for the process
# metrics; it may write nothing, start nothing, load nothing native. The heap follows the container's memory limit; what
# the percentage leaves is for buffers, code and stacks. Small semi-spaces cost a little time and save much memory.
# Half of these threads look up host names. A name that the DNS leaves without an answer takes one for 10 s.
ENV UV_THREADPOOL_SIZE=64
ENTRYPOINT ["/nodejs/bin/node", "--permission", "--allow-fs-read=/var/run/secrets/kubernetes.io/serviceaccount/", "--allow-fs-read=/proc/self/", "--max-old-space-size-percentage=60", "--max-semi-space-size=2", "/app/pan-tag-operator.js"]
CMD ["run"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pan-tag-operator" \
      org.opencontainers.image.description="Keeps the IP-to-tag registrations of Palo Alto Networks firewalls equal to a Kubernetes cluster's Pods" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$REVISION"
