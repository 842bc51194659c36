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

for name in access_key secret_key nats_setup {nats,minio}_{ingest,shards,training,inference,cli}; do
  [[ -e $name ]] || od -An -N20 -tx1 /dev/urandom | tr -d ' \n' | keep "$name"
done

# NATS shows a certificate for the names by which it is reached. Who signed it is known to everyone on the bus; the key
# that did so signs once and is not kept, so that nobody can sign for another. To have new ones, remove these three.
if ! [[ -e nats_ca && -e nats_certificate && -e nats_key ]]; then
  made=$(mktemp -d ./.made-XXXXXX)
  trap 'rm -rf "$made"' EXIT
  # It tells of its progress where others tell of errors.
  quietly() { "$@" 2>"$made/told" || { cat "$made/told" >&2; return 1; }; }
  new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -batch)
  # A configuration of our own: that of the machine may have any extension in it.
  quietly openssl req -x509 -days 3650 -subj '/CN=Blue Waters ML' "${new_key[@]}" -keyout "$made/ca_key" -out "$made/ca" \
    -extensions ca -config - <<-AUTHORITY
	[req]
	distinguished_name = subject
	[subject]
	[ca]
	basicConstraints = critical, CA:TRUE, pathlen:0
	keyUsage = critical, keyCertSign
	subjectKeyIdentifier = hash
	AUTHORITY
  quietly openssl req -new -subj '/CN=nats' "${new_key[@]}" -keyout "$made/key" -out "$made/request"
  quietly openssl x509 -req -days 3650 -in "$made/request" -CA "$made/ca" -CAkey "$made/ca_key" -set_serial 1 \
    -out "$made/certificate" -extfile - <<-SERVER
	basicConstraints = critical, CA:FALSE
	extendedKeyUsage = serverAuth
	subjectAltName = DNS:nats, DNS:localhost, IP:127.0.0.1
	SERVER
  for name in ca certificate key; do keep "nats_$name" <"$made/$name"; done
fi

# What follows prints subjects of NATS, a line each.

# What tables $@ and events are read by: readers without a name, which the server forgets and nothing is taken by. What they
# read is made by the user setup alone: who makes a stream says where it gets its messages, and where it tells of them.
readers() {
  local stream
  printf '%s\n' '$JS.API.INFO' '$JS.API.STREAM.INFO.*'
  for stream in bluewaters-events "${@/#/KV_bluewaters-}"; do
    printf '$JS.API.%s\n' "DIRECT.GET.$stream.>" CONSUMER.CREATE".$stream" CONSUMER.{INFO,MSG.NEXT,DELETE}".$stream.*"
  done
}

# What the queues $@ are worked by, each a consumer that the user setup has made.
queues() {
  local name
  for name in "${@//./-}"; do
    printf '%s\n' "\$JS.API.CONSUMER."{INFO,MSG.NEXT}".bluewaters-work.$name" "\$JS.ACK.bluewaters-work.$name.>"
  done
}

# What the tables $@ are written by.
tables() { printf '$KV.bluewaters-%s.>\n' "$@"; }

# An account for the user $1, who may publish to the subjects on standard input, hear the answers to what it asks, and serve
# the commands $2 to the command line. What it may say is what its account imports, as the server sends an answer to
# wherever the asker says, also where the asker may not publish: whatever that is, it comes no further than the account.
account() {
  local name=$1 serves=${2-} subjects
  mapfile -t subjects
  cat <<-ACCOUNT
	  $name {
	    users: [{
	      user: $name, password: "$(cat "nats_$name")"
	      permissions: {
	        publish: { allow: [
	$(printf '          "%s"\n' "${subjects[@]}")
	        ] }
	        subscribe: { allow: ["_INBOX.$name.>"${serves:+, \"$serves\"}] }
	        allow_responses: true
	      }
	    }]
	    imports: [
	$(for subject in "${subjects[@]}"; do import "$name" "$subject"; done)
	    ]
	    ${serves:+exports: [{ service: \"$serves\", accounts: [cli] \}]}
	  }
	ACCOUNT
}

# Commands are imported from who serves them, all else from what JetStream keeps.
import() {
  local from=state
  [[ $2 != bw.command.* ]] || from=$(cut -d. -f3 <<<"$2")
  [[ $from == "$1" ]] || printf '      { service: { account: %s, subject: "%s" } }\n' "$from" "$2"
}

# Each tells of its own work and takes none but that; work comes from the command, and units of ingest from ingest.
keep nats_server <<CONFIGURATION
tls { cert_file: "/run/secrets/nats_certificate", key_file: "/run/secrets/nats_key", timeout: 5 }
http: "127.0.0.1:8222"
accounts {
  state {
    jetstream: enabled
    users: [{ user: setup, password: "$(cat nats_setup)" }]
    exports: [
      { service: "\$JS.API.>", response_type: stream }
$(printf '      { service: "%s" }\n' '$JS.ACK.>' '$KV.>' 'bw.event.>' 'bw.work.>')
    ]
  }
$({
  printf '%s\n' 'bw.event.ingest.>' bw.work.ingest.v1.synset
  tables indexes jobs told
  readers indexes jobs told
  queues ingest.v1.{index,synset}
} | account ingest)
$({
  echo 'bw.event.shards.>'
  tables datasets jobs told
  readers datasets jobs told
  queues shards.v1.build
} | account shards)
$({
  # Its page steers runs, and ranks of its runs are ranks of the coordinator.
  printf '%s\n' 'bw.event.training.>' 'bw.command.training.>'
  tables runs models jobs coordinated coordinator told
  readers runs models jobs coordinated coordinator indexes datasets told
  queues training.v2.train training.v1.{import,evaluate,export}
} | account training 'bw.command.training.>')
$({
  echo 'bw.event.inference.>'
  tables served-models told
  readers served-models told
} | account inference 'bw.command.inference.>')
$({
  printf '%s\n' 'bw.work.>' 'bw.command.training.>' 'bw.command.inference.>'
  tables jobs
  readers indexes datasets runs models served-models coordinated coordinator jobs
} | account cli)
}
CONFIGURATION
