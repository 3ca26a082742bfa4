# docker build -t gatepost .
# docker run -p 25:2525 -v gatepost:/var/lib/gatepost gatepost serve --recipients help.example.com
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -trimpath -ldflags="-s -w" -o /gatepost ./cmd/gatepost

FROM debian:bookworm-slim
RUN groupadd --gid 1000 gatepost && \
    useradd --uid 1000 --gid 1000 --create-home --home-dir /var/lib/gatepost \
        --shell /usr/sbin/nologin gatepost
COPY --from=build /gatepost /usr/local/bin/gatepost
# By number, which a cluster that lets in no root can check (runAsNonRoot).
USER 1000:1000
WORKDIR /var/lib/gatepost
VOLUME /var/lib/gatepost
ENV GATEPOST_DB=/var/lib/gatepost/gatepost.db \
    GATEPOST_SMTP_LISTEN=0.0.0.0:2525
EXPOSE 2525
HEALTHCHECK --interval=30s --timeout=5s CMD ["gatepost", "status", "--check"]
ENTRYPOINT ["gatepost"]
CMD ["serve"]
