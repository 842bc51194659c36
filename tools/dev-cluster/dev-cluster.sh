#!/usr/bin/env bash
# A Cray on one host, to try batch jobs on: Slurm with virtual nodes nid00001 and so on, and in front of it qsub, qstat,
# qdel, qrerun and aprun. Everything is on loopback and in one folder; needs slurm-wlm, munge and Node.
#
#   tools/dev-cluster/dev-cluster.sh start     then: source FOLDER/env.sh
#   tools/dev-cluster/dev-cluster.sh status
#   tools/dev-cluster/dev-cluster.sh fail nid00003     its power is cut: nothing on it answers any more
#   tools/dev-cluster/dev-cluster.sh repair nid00003   it was started again
#   tools/dev-cluster/dev-cluster.sh stop      ends jobs and daemons, by their own process ids, and removes the folder
#
#   DEV_CLUSTER        the folder; default: dev-cluster below TMPDIR
#   DEV_CLUSTER_XE     nodes without a GPU, first in number; default: 1
#   DEV_CLUSTER_XK     nodes that pass for ones with a GPU; default: 3
#   DEV_CLUSTER_CORES  cores that each node pretends to have; default: 16
#   DEV_CLUSTER_PORT   the first port of as many as there are nodes, and one; default: 17000
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${DEV_CLUSTER:-${TMPDIR:-/tmp}/dev-cluster}
xe=${DEV_CLUSTER_XE:-1} xk=${DEV_CLUSTER_XK:-3} cores=${DEV_CLUSTER_CORES:-16} port=${DEV_CLUSTER_PORT:-17000}
export SLURM_CONF=$folder/slurm.conf

nid() { printf 'nid%05d' "$1"; }

# A process id file whose process runs.
is_alive() { [[ -s $1 ]] && [[ $(ps -o stat= -p "$(< "$1")") == [!Z]* ]]; }

is_over() { ! is_alive "$1"; }

# within SECONDS COMMAND…: repeats it until it succeeds.
within() {
  local tenths=$(($1 * 10))
  shift
  until "$@" > /dev/null 2>&1; do
    if ((tenths-- == 0)); then return 1; fi
    sleep 0.1
  done
}

need() {
  command -v "$1" > /dev/null || { echo "$1 is missing; on Debian: apt-get install $2" >&2 && exit 1; }
}

node_lines() {
  local n kind
  for ((n = 1; n <= xe + xk; n++)); do
    if ((n <= xe)); then kind=xe; else kind=xk; fi
    echo "NodeName=$(nid "$n") NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$((port + n)) CPUs=$cores Feature=$kind"
  done
}

# Nodes go to one job at a time, as on the Cray. A job that was put back into the queue has to wait for the life of a
# credential, hence its 10 s. A queue is a partition; Shifter is a licence, so that a job can ask for it.
write_configuration() {
  cat > "$SLURM_CONF" << CONF
ClusterName=dev
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=10
CredType=cred/munge
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=1,sched_interval=5,bf_interval=5
SlurmdParameters=config_overrides
SlurmdTimeout=20
MpiDefault=pmi2
SwitchType=switch/none
ReturnToService=2
KillWait=10
Licenses=shifter:999,shifter16:999
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
TmpFS=$folder
$(node_lines)
PartitionName=normal Nodes=ALL Default=YES MaxTime=48:00:00 OverSubscribe=EXCLUSIVE
PartitionName=debug Nodes=ALL MaxTime=00:30:00 OverSubscribe=EXCLUSIVE
PartitionName=high Nodes=ALL PriorityTier=10 MaxTime=48:00:00 OverSubscribe=EXCLUSIVE
CONF
}

# The commands of PBS and ALPS, and a file to source that finds them.
write_front_ends() {
  local name
  mkdir -p "$folder/bin"
  for name in qsub qstat qdel qrerun aprun; do
    printf '#!/bin/sh\nexec node %q "$@"\n' "$here/src/$name.mjs" > "$folder/bin/$name"
    chmod +x "$folder/bin/$name"
  done
  # shellcheck disable=SC2016 # for the file to expand
  printf 'export DEV_CLUSTER=%q SLURM_CONF=%q PATH=%q:$PATH\n' "$folder" "$SLURM_CONF" "$folder/bin" > "$folder/env.sh"
}

start_munge() {
  local munge=$folder/munge
  mkdir -p "$munge"
  chmod 711 "$munge"
  (umask 077 && head -c 1024 /dev/urandom > "$munge/key")
  munged --force --key-file="$munge/key" --socket="$munge/socket" --pid-file="$munge/pid" --log-file="$munge/log" \
    --seed-file="$munge/seed" --num-threads=2 2> /dev/null
  within 5 munge -S "$munge/socket" -n
}

are_ready() { [[ $(sinfo --noheader --Node --partition=normal --format=%T | grep -c '^idle$') == $((xe + xk)) ]]; }

start() {
  local n
  need slurmctld slurm-wlm
  need munged munge
  if [[ -e $folder ]]; then echo "$folder is there already: stop it first" >&2 && exit 1; fi
  mkdir -p "$folder/state"
  trap 'stop' ERR
  write_configuration
  write_front_ends
  start_munge
  slurmctld
  for ((n = 1; n <= xe + xk; n++)); do
    mkdir "$folder/$(nid "$n")"
    slurmd -N "$(nid "$n")"
  done
  within 30 are_ready || { tail -n 5 "$folder"/*.log >&2 && false; }
  trap - ERR
  status
  echo "source $folder/env.sh"
}

# Processes of a node: its daemon and those that start and watch tasks write to its log, tasks know its name.
processes_on() {
  {
    find /proc/[0-9]*/fd -lname "$folder/$1.log"
    comm -12 <(with_variable "SLURMD_NODENAME=$1") <(with_variable "SLURM_CONF=$SLURM_CONF")
  } 2> /dev/null | cut -d / -f 3 | sort -u
}

with_variable() { grep -lzxF "$1" /proc/[0-9]*/environ | sort; }

# Held up and not killed, or the system would close its connections, and others would see at once that it is gone.
fail() {
  local processes
  mapfile -t processes < <(processes_on "$1")
  if ((${#processes[@]} == 0)); then echo "nothing runs on $1" >&2 && exit 1; fi
  kill -STOP "${processes[@]}"
}

repair() {
  remove_from "$1"
  slurmd -N "$1"
}

remove_from() {
  local processes
  mapfile -t processes < <(processes_on "$1")
  if ((${#processes[@]} > 0)); then kill -9 "${processes[@]}" 2> /dev/null || true; fi
}

# To the daemon that wrote its number into a file, which it may remove, and end, at any moment.
signal() {
  local pid
  pid=$(cat "$2" 2> /dev/null) || return 0
  kill "-$1" "$pid" 2> /dev/null || true
}

# Daemons before the keys that they speak by.
stop() {
  local n file files=("$folder"/nid*.pid "$folder/slurmctld.pid" "$folder/munge/pid")
  if is_alive "$folder/slurmctld.pid"; then
    timeout 10 scancel --full --user="$(id -un)" || true
    within 20 is_empty || true
  fi
  for file in "${files[@]}"; do signal TERM "$file"; done
  # What is held up ends once it goes on.
  for file in "${files[@]}"; do signal CONT "$file"; done
  for file in "${files[@]}"; do within 10 is_over "$file" || signal KILL "$file"; done
  for ((n = 1; n <= xe + xk; n++)); do remove_from "$(nid "$n")"; done
  rm -rf "$folder"
}

is_empty() { [[ -z $(squeue --noheader) ]]; }

status() { sinfo --noheader --Node --partition=normal --format='%N %f %c %T'; }

case ${1:-} in
  start | stop | status) "$1" ;;
  fail | repair) "$1" "${2:?which node? as in $1 nid00003}" ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2 && exit 64 ;;
esac
