#!/usr/bin/env bash
# Makes the secrets of compose.yaml that are not there yet, and prints none. Each is a file of its own in `secrets/`, which
# git ignores and nobody else on this machine may enter, or in the folder that SECRETS_FOLDER names.
# shellcheck disable=SC2016 # subjects of NATS begin with a dollar
set -euo pipefail
cd "$(dirname "$0")"
folder=${SECRETS_FOLDER:-../secrets}
umask 077
mkdir -p "$folder"
cd "$folder"

# Containers see the files under users of their own: each has to be readable, in a folder that is not.
keep() {
  local made
  made=$(mktemp ./.made-XXXXXX)
  cat >"$made"
  chmod 444 "$made"
  mv -f "$made" "$1"
}

for name in access_key secret_key nats_{ingest,shards,training,inference,cli}; do
  [[ -e $name ]] || od -An -N20 -tx1 /dev/urandom | tr -d ' \n' | keep "$name"
done

# What each may publish: events and state of its own, and that it has told its state. Work comes from the command alone.
user() {
  local publish=$2
  cat <<-USER
	    {
	      user: $1, password: "$(cat "nats_$1")"
	      permissions: { publish: {
	        allow: [$publish, "\$KV.bluewaters-told.>", "\$JS.API.>", "\$JS.ACK.>", "_INBOX.>"]
	        deny: ["\$JS.API.STREAM.DELETE.>", "\$JS.API.STREAM.PURGE.>", "\$JS.API.STREAM.UPDATE.>", "\$JS.API.STREAM.MSG.DELETE.>"${3:-}]
	      } }
	    }
	USER
}

# Who takes no work may not take it from others either.
no_work=', "$JS.API.CONSUMER.*.bluewaters-work.>", "$JS.API.CONSUMER.*.*.bluewaters-work.>"'

keep nats_server <<CONFIGURATION
authorization {
  users: [
$(user ingest '"bw.event.ingest.>", "$KV.bluewaters-indexes.>", "$KV.bluewaters-jobs.>"')
$(user shards '"bw.event.shards.>", "$KV.bluewaters-datasets.>", "$KV.bluewaters-jobs.>"')
$(user training '"bw.event.training.>", "$KV.bluewaters-runs.>", "$KV.bluewaters-models.>", "$KV.bluewaters-jobs.>"')
$(user inference '"bw.event.inference.>", "$KV.bluewaters-served-models.>"' "$no_work")
$(user cli '"bw.work.>", "bw.command.>", "$KV.bluewaters-jobs.>"' "$no_work")
  ]
}
CONFIGURATION
