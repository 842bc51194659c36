#!/usr/bin/env bash
# Builds the images of the four services and of the command, tagged with the version of the repository, and prints their
# sizes. `containers/build.sh [TARGET…]`; TENSORFLOW=gpu makes `VERSION-gpu`, of all but blue-waters. PLATFORM=linux/arm64,
# or linux/amd64, makes `VERSION-arm64` for that processor; on another one the system has to know an emulator for it.
set -euo pipefail
cd "$(dirname "$0")/.."

variant=${TENSORFLOW:-cpu}
platform=${PLATFORM:-}
processor=${platform#linux/}
targets=("$@")
if ((${#targets[@]} == 0)); then
  targets=(ingest shards training inference cli)
  # What its GPUs could run is older than everything else in it, and its processors are x64.
  [[ $variant != cpu || ${processor:-$(docker version --format '{{.Server.Arch}}')} == arm64 ]] || targets+=(blue-waters)
fi
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
tag=$version
[[ $variant == cpu ]] || tag=$version-$variant
[[ -z $processor ]] || tag=$tag-$processor

arguments=(--file containers/Dockerfile --build-arg "TENSORFLOW=$variant" --build-arg "VERSION=$version")
if revision=$(git rev-parse HEAD 2>/dev/null); then
  arguments+=(--label "org.opencontainers.image.revision=$revision")
fi
[[ -z $platform ]] || arguments+=(--platform "$platform")
# A stand-in (stand-in-images.sh) is made here, and so has no digest that it could be pinned by. An engine keeps one
# image by a name, so that one for arm64 has its own.
node=$(sed -n 's/^ARG NODE_IMAGE=\(.*\)@.*/\1/p' containers/Dockerfile)
[[ $processor != arm64 ]] || node=arm64v8/$node
for base in "NODE_IMAGE=$node" UBUNTU_IMAGE=ubuntu:16.04; do
  label=$(docker image inspect --format '{{index .Config.Labels "bluewaters.stand-in"}}' "${base#*=}" 2>/dev/null || true)
  if [[ $label =~ ^[0-9a-f]+$ ]]; then arguments+=(--build-arg "$base"); fi
done
# The builder of old is in every engine; the new one is a plug-in of its own.
docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for target in "${targets[@]}"; do
  docker build "${arguments[@]}" --target "$target" --tag "bluewaters/$target:$tag" . >"$log" 2>&1 ||
    { tail -n 40 "$log" >&2; exit 1; }
  bytes=$(docker image inspect --format '{{.Size}}' "bluewaters/$target:$tag")
  echo "bluewaters/$target:$tag $((bytes / 1000000)) MB"
done
