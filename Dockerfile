# The commands in an image of their own: docker build -t vitc . && docker run --rm -v "$PWD:/data" vitc vitrun plan.bin photo.jpg
# What tools/make_rootfs.sh tries without a daemon.
FROM swift:6.3-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 \
    libprotobuf-c-dev zlib1g-dev libspng-dev libwebp-dev libjpeg-dev libgif-dev libtiff-dev pkg-config
WORKDIR /source
COPY . .
RUN swift build -c release --disable-local-rpath && tools/install.sh --prefix /usr/local

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends libprotobuf-c1 zlib1g libspng0 libwebp7 libjpeg62-turbo libgif7 libtiff6 libstdc++6 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local/bin/vitc /usr/local/bin/vitrun /usr/local/bin/
COPY --from=build /usr/local/lib/libvitc.so.0 /usr/local/lib/libvitrun.so.0 /usr/local/lib/
RUN ldconfig && useradd --create-home vitc
USER vitc
WORKDIR /data
