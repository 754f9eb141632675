# The operator's image: one static binary, no shell, not root.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
# Modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN go mod download
COPY main.go ./
COPY api/ api/
COPY config/ config/
COPY controllers/ controllers/
COPY internal/ internal/
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -trimpath -ldflags="-s -w" -o /runbook-operator .

FROM gcr.io/distroless/static:nonroot
COPY --from=build /runbook-operator /runbook-operator
# The numeric identity of nonroot: runAsNonRoot cannot check a name.
USER 65532:65532
ENTRYPOINT ["/runbook-operator"]
