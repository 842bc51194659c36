#!/usr/bin/env bash
# Gives a Docker engine the images that tests and Dockerfiles name, where no image registry answers: stand-ins with the
# same names, made of Debian's and Ubuntu's packages, Node.js as npm carries it, and the server programs that set-up gets.
# They are labelled bluewaters.stand-in, and an image without that label is never touched. Of servers, which compose.yaml
# names by digest, a stand-in has the name without it: what is printed says so to `docker compose`, as a file `.env`.
#
#   stand-in-images.sh            all that the tests ask for, for x64
#   stand-in-images.sh arm64      what images for arm64 are built on, under the names that Docker's library has for them;
#                                 the system has to know an emulator (Debian: qemu-user-static with binfmt-support)
#
# Needs root (for debootstrap), docker, and a Docker engine at DOCKER_HOST. Kept in set-up's cache folder as one file.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cache=${BLUEWATERS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bluewaters}

# The image of a server, by its variable.
image_of() { sed -n "s/^ *image: \${$1:-\(.*\)}\$/\1/p" "$root/containers/compose.yaml"; }
processor=${1:-amd64}
debian=debian:bookworm-slim
node=$(sed -n 's/^ARG NODE_IMAGE=\(.*\)@.*/\1/p' "$root/containers/Dockerfile")
if [[ $processor == arm64 ]]; then
  debian=arm64v8/$debian
  node=arm64v8/$node
  images=("$debian" "$node")
  servers=()
else
  ubuntu=ubuntu:16.04
  servers=(NATS_IMAGE MINIO_IMAGE PROMETHEUS_IMAGE)
  nats=$(image_of NATS_IMAGE)
  minio=$(image_of MINIO_IMAGE)
  prometheus=$(image_of PROMETHEUS_IMAGE)
  images=("$debian" "$node" "$ubuntu" "$nats" "$minio" "$prometheus")
fi

# Other inputs, other stand-ins.
key=$(cat "$0" "$root/tools/setup/src/pins.mjs" <(printf '%s\n' "${images[@]}") | sha256sum | cut -c1-12)
label=bluewaters.stand-in

say() { echo "stand-in images: $*" >&2; }

made_with() { docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null; }

is_stand_in() { [[ $(made_with "${1%@*}") == "$key" ]]; }

# True for an image that is public, or a stand-in of this key.
is_good() {
  local made
  if made=$(made_with "$1") && [[ -z $made || $made == '<no value>' ]]; then return; fi
  is_stand_in "$1"
}

all_good() {
  local image
  for image in "${images[@]}"; do is_good "$image" || return 1; done
}

pull_all() {
  local image
  for image in "${images[@]}"; do
    is_good "$image" || timeout 300 docker pull --quiet --platform "linux/$processor" "$image" >&2 || return 1
  done
}

# Builds image $1, without its digest, from the Dockerfile on standard input, with the files in folder $2.
build() {
  local name=${1%@*}
  cat >"$2/Dockerfile"
  # The builder of old: it is in every engine, and needs no part that is fetched.
  DOCKER_BUILDKIT=0 docker build --platform "linux/$processor" --label "$label=$key" --tag "$name" "$2" >"$work/build.log" 2>&1 ||
    { tail -n 20 "$work/build.log" >&2; return 1; }
  say "made $name"
}

# Makes the system in folder $1 as slim as public images are: no pages to read, and nothing kept of what was fetched.
slim() {
  rm -rf "$1"/{var/cache/apt/*,var/lib/apt/lists/*,usr/share/doc/*,usr/share/locale/*,usr/share/man/*}
  printf 'path-exclude /usr/share/%s/*\n' doc locale man >"$1/etc/dpkg/dpkg.cfg.d/slim"
  echo 'DPkg::Post-Invoke {"rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin";};' >"$1/etc/apt/apt.conf.d/slim"
  echo 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";' >>"$1/etc/apt/apt.conf.d/slim"
}

make_debian() {
  say "making $debian with debootstrap, 1 to 5 minutes"
  debootstrap --arch="$processor" --variant=minbase --include=ca-certificates,libstdc++6,libatomic1 bookworm "$work/debian" \
    >"$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log" >&2; return 1; }
  slim "$work/debian"
  # Registries are reached as from here: by the certificates that this machine trusts.
  cp -L /etc/ssl/certs/ca-certificates.crt "$work/debian/etc/ssl/certs/ca-certificates.crt"
  import_root "$work/debian" "$debian" 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt'
  say "made $debian"
}

# Makes the system in folder $1 an image $2 with the variable $3, for `processor`: `docker import` knows the engine's alone.
import_root() {
  local image=$1.image
  mkdir "$image"
  tar -C "$1" -cf "$image/layer.tar" .
  cat >"$image/config.json" <<-JSON
	{ "architecture": "$processor", "os": "linux",
	  "config": { "Env": [${3:+\"$3\",} "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
	              "Labels": { "$label": "$key" } },
	  "rootfs": { "type": "layers", "diff_ids": ["sha256:$(sha256sum <"$image/layer.tar" | cut -d' ' -f1)"] } }
	JSON
  echo "[{ \"Config\": \"config.json\", \"RepoTags\": [\"$2\"], \"Layers\": [\"layer.tar\"] }]" >"$image/manifest.json"
  tar -C "$image" -c config.json layer.tar manifest.json | docker load --quiet >/dev/null
}

# Ubuntu's keys, whose package Debian lacks.
ubuntu_keys=http://archive.ubuntu.com/ubuntu/pool/main/u/ubuntu-keyring/ubuntu-keyring_2012.05.19.1_all.deb
ubuntu_keys_sha256=351250e124bd46c8fc0c64b1f229e68920488e5267d35475a044b8c70d2dd2d9

fetch_ubuntu() {
  /usr/lib/apt/apt-helper download-file "$ubuntu_keys" "$work/keys.deb" "SHA256:$ubuntu_keys_sha256" &&
    dpkg-deb -x "$work/keys.deb" "$work/keys" &&
    debootstrap --variant=minbase --components=main,universe \
      --keyring="$work/keys/usr/share/keyrings/ubuntu-archive-keyring.gpg" \
      xenial "$work/ubuntu" http://archive.ubuntu.com/ubuntu
}

make_ubuntu() {
  say "making $ubuntu with debootstrap, 1 to 4 minutes"
  fetch_ubuntu >"$work/ubuntu.log" 2>&1 || { tail -n 20 "$work/ubuntu.log" >&2; return 1; }
  slim "$work/ubuntu"
  # What the public image has too: fixes that came later.
  printf 'deb http://archive.ubuntu.com/ubuntu xenial-%s main universe\n' updates security \
    >>"$work/ubuntu/etc/apt/sources.list"
  import_root "$work/ubuntu" "$ubuntu"
  say "made $ubuntu"
}

# Writes to $1 what the public images have too: arguments that do not start with a program go to $2.
write_entrypoint() {
  cat >"$1" <<-SCRIPT
	#!/bin/sh
	command -v -- "\${1-}" >/dev/null 2>&1 || set -- $2 "\$@"
	exec "\$@"
	SCRIPT
  chmod 755 "$1"
}

# By processor, the SHA-256 of npm's package with the Node.js that the image is named for: 24.21.0.
declare -A node_sha256=(
  [amd64]=61ecf27ad70afee991b671c28561eb497028294a67d132f9bbaac9ad73f81d3b
  [arm64]=fba3076c16d21e5d814577436bdcb782b9b66bed09c6fa8278298e8933288bbb
)

# Puts into folder $1 the program and the headers, without what they have of OpenSSL for other processors.
unpack_node() {
  local version=${node#*node:}
  local packed
  packed=$work/$(npm pack --silent --pack-destination "$work" "node-linux-${processor/amd64/x64}@${version%%-*}")
  sha256sum --check --quiet <<<"${node_sha256[$processor]}  $packed" >&2
  tar -xzf "$packed" -C "$1" --strip-components=1 package/bin package/include
  find "$1/include/node/openssl/archs" -mindepth 1 -maxdepth 1 ! -name linux-x86_64 ! -name linux-aarch64 -exec rm -rf {} +
}

make_node() {
  local files=$work/node
  mkdir -p "$files/lib"
  unpack_node "$files"
  cp -R "$(npm root --global 2>/dev/null)/npm" "$files/lib/npm"
  write_entrypoint "$files/entrypoint" node
  build "$node" "$files" <<-DOCKERFILE
	FROM $debian
	COPY bin/node entrypoint /usr/local/bin/
	COPY include/node /usr/local/include/node
	COPY lib/npm /usr/local/lib/node_modules/npm
	RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
	 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
	 && groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
	ENTRYPOINT ["entrypoint"]
	CMD ["node"]
	DOCKERFILE
}

# A server image $1 of program $2; $3 are the ports, $4 what its image has for health checks.
make_server() {
  local name=${2##*/}
  local files=$work/$name
  mkdir -p "$files"
  cp "$2" "$files/$name"
  chmod 755 "$files/$name"
  write_entrypoint "$files/entrypoint" "$name"
  build "$1" "$files" <<-DOCKERFILE
	FROM $debian
	RUN apt-get update && apt-get install --yes --no-install-recommends $4 && rm -rf /var/lib/apt/lists/*
	COPY $name entrypoint /usr/local/bin/
	EXPOSE $3
	ENTRYPOINT ["entrypoint"]
	CMD ["$name"]
	DOCKERFILE
}

# Of Debian's package, which is older than the public image.
make_prometheus() {
  local files=$work/prometheus
  mkdir -p "$files"
  write_entrypoint "$files/entrypoint" prometheus
  build "$prometheus" "$files" <<-DOCKERFILE
	FROM $debian
	RUN apt-get update && apt-get install --yes --no-install-recommends prometheus wget && rm -rf /var/lib/apt/lists/*
	COPY entrypoint /usr/local/bin/
	EXPOSE 9090
	ENTRYPOINT ["entrypoint"]
	CMD ["prometheus"]
	DOCKERFILE
}

make_all() {
  work=$(mktemp -d)
  trap 'wait; rm -rf "$work"' EXIT
  if [[ $processor == amd64 ]]; then make_everything; else make_debian && make_node; fi
}

make_everything() {
  local programs=$work/programs
  # Programs are compiled meanwhile, and systems wait for their archives most of the time.
  node "$root/tools/setup/setup.mjs" servers >"$programs" &
  local programs_got=$!
  make_ubuntu &
  local ubuntu_made=$!
  make_debian
  make_node
  make_prometheus
  wait "$programs_got"
  make_server "$nats" "$(sed -n 's/^BLUEWATERS_NATS_SERVER=//p' "$programs")" '4222 6222 8222' wget
  make_server "$minio" "$(sed -n 's/^BLUEWATERS_MINIO=//p' "$programs")" '9000 9001' curl
  wait "$ubuntu_made"
}

keep() {
  mkdir -p "$(dirname "$1")"
  docker save --output "$1.$$" "${images[@]%@*}"
  rm -f "$(dirname "$1")"/"$processor"-*.tar
  mv "$1.$$" "$1"
}

get_all() {
  local kept=$cache/stand-in-images/$processor-$key.tar
  all_good && return
  [[ -f $kept ]] && docker load --quiet --input "$kept" >&2 && all_good && return
  pull_all 2>/dev/null && return
  say 'no image registry answers'
  make_all
  keep "$kept"
}

get_all
for server in "${servers[@]}"; do
  image=$(image_of "$server")
  if is_stand_in "$image"; then echo "$server=${image%@*}"; fi
done
