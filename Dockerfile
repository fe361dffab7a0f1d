# The service alone. The build stage is the same ./dev build that a developer runs.
FROM debian:12-slim AS build
WORKDIR /src
# The packages change less often than the sources.
COPY dev ./
RUN ./dev install build
COPY . .
RUN ./dev build && strip --strip-debug -o /dossier build/release/dossier

FROM debian:12-slim
COPY dev /tmp/dev
RUN /tmp/dev install runtime \
  && rm -rf /tmp/dev /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin dossier \
  && install -d -o dossier -g dossier -m 700 /data
COPY --from=build /dossier /usr/local/bin/dossier
USER dossier
WORKDIR /data
VOLUME /data
EXPOSE 8080
# SIGTERM drains: what is in flight is answered first.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["bash", "-c", "\
  exec 3<>/dev/tcp/127.0.0.1/8080 \
  && printf 'GET /health/ready HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 \
  && read -r _ status _ <&3 && [[ $status == 200 ]]"]
# Inside the container every interface, because only published ports reach it.
ENTRYPOINT ["dossier", "serve", "--data-dir", "/data", "--listen", "0.0.0.0:8080"]
