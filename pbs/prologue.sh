# Sourced by every job with the job's name: finds the installation, the store and what starts a program on compute nodes.
# Every job may be given by `qsub -v` (or `sbatch --export=ALL,…`):
#
#   BW_HOME    the installation; default: the folder that the job was submitted from
#   STORE      where bytes are kept: a folder on the parallel file system, or minio:http://host:9000/bucket;
#              default: run in that folder
#   LOGS       a folder for a note of what ran where; default: logs in that folder
#   UDI        repo/image:tag for `qsub -l gres=shifter16`: the site puts compute nodes into that image
#   IMAGE      instead of it: repo/image:tag for Shifter's own command; under Slurm a .sif for Apptainer
#   RUNTIME    with IMAGE: shifter or apptainer; default: apptainer under Slurm, else shifter
#   MOUNTS     with IMAGE: folders that are to be seen inside, separated by spaces
#   LAUNCHER   aprun, srun, mpiexec or none; default: srun under Slurm, else aprun where there is one
#   MODULES    modules to load first, separated by spaces
#   DRY_RUN=1  print what would run, and run nothing
#   MARGIN     seconds before the end of the walltime that are kept for the last checkpoint; default: 300
#   RESTARTS   times to start ranks again when one was lost; default: 3
#   COORDINATOR=1  let rank 0 start a coordinator and NATS, found by a file in LOGS
#   SPARES     nodes of the job that stand by, one for each node that a rank is lost on; default: 0
# shellcheck shell=bash

job=${1:?source prologue.sh with the name of the job}
workdir=${PBS_O_WORKDIR:-${SLURM_SUBMIT_DIR:?neither PBS nor Slurm started this script}}
home=${BW_HOME:-$workdir}
STORE=${STORE:-$workdir/run}
LOGS=${LOGS:-$workdir/logs}
# Under PBS, since a stand-in for it may run above Slurm.
if [[ -n ${PBS_O_WORKDIR:-} ]]; then batch=pbs job_id=${PBS_JOBID:-0}; else batch=slurm job_id=${SLURM_JOB_ID:?}; fi
cd "$workdir" || exit
# Ranks speak MPI on a thread of their own; Cray's library wants to know.
export MPICH_MAX_THREAD_SAFETY=multiple

say() { echo "$job: $*"; }

fail() {
  echo "$job: $*" >&2
  exit 1
}

if [[ -n ${MODULES:-} && -z ${DRY_RUN:-} ]]; then
  # shellcheck disable=SC2086 # several
  module load $MODULES || fail "modules cannot be loaded: $MODULES"
fi

# Names of the job's nodes, one a line. PBS_NODEFILE has a node once for each of its cores, and on a Cray its number alone.
nodes() {
  if [[ $batch == slurm ]]; then
    scontrol show hostnames "$SLURM_JOB_NODELIST"
  elif [[ -n ${PBS_NODEFILE:-} ]]; then
    awk '!seen[$0]++ { printf ($0 ~ /^[0-9]+$/ ? "nid%05d\n" : "%s\n"), $0 }' "$PBS_NODEFILE"
  else
    hostname
  fi
}

# Nodes of the job that a rank was lost on.
lost=()

# Names of those that are to train, one a line: as many whatever was lost, until there are no spare nodes any more.
usable() {
  local all
  all=$(nodes)
  grep -vxF -f <(printf '%s\n' "${lost[@]:-}") <<< "$all" | sed -n "1,$(($(wc -l <<< "$all") - ${SPARES:-0}))p"
}

# Sets `command` to what runs bluewaters with the arguments after the first on that many nodes, one process each. Job
# scripts of a Cray run on a service node: only aprun reaches a compute node, and without -d and -cc none a program is
# held on one core. Of srun: a rank that ends ahead of the others, having stopped in good order, must not take them along.
compose() {
  local count=$1 cores=${PBS_NUM_PPN:-${SLURM_CPUS_ON_NODE:-1}} names place=()
  shift
  # Not by head: it would end before it has read the names of a large job, and whoever writes them with it.
  names=$(usable | sed -n "1,${count}p")
  command=()
  case $(launcher) in
    srun)
      if [[ -n ${SPARES:-} ]]; then place=("--nodelist=$(paste -sd, <<< "$names")"); fi
      command+=(srun "--nodes=$count" "--ntasks=$count" "--cpus-per-task=$cores" "--mpi=${SRUN_MPI:-pmi2}" --wait=60 ${place[@]+"${place[@]}"})
      ;;
    aprun)
      if [[ -n ${SPARES:-} ]]; then place=(-L "$(paste -sd, <<< "$names" | sed 's/nid0*//g')"); fi
      command+=(aprun -b -n "$count" -N 1 -d "$cores" -cc none ${place[@]+"${place[@]}"} --)
      ;;
    mpiexec) command+=(mpiexec -n "$count" -ppn 1 -hosts "$(paste -sd, <<< "$names")") ;;
    none) if ((count > 1)); then fail "$count nodes, but no launcher that reaches them"; fi ;;
    *) fail "LAUNCHER=$LAUNCHER is not known; as in LAUNCHER=aprun" ;;
  esac
  enter_container
  command+=("$program" "$@")
}

launcher() {
  if [[ -n ${LAUNCHER:-} ]]; then
    echo "$LAUNCHER"
  elif [[ $batch == slurm ]]; then
    echo srun
  elif command -v aprun > /dev/null; then
    echo aprun
  else
    echo none
  fi
}

# Appends to `command` what enters the image, and sets `program` to what bluewaters is called there.
enter_container() {
  local folder inside=() runtime=shifter
  program=$home/tools/cli/bin/bluewaters.mjs
  if [[ -n ${UDI:-}${IMAGE:-} ]]; then program=${PROGRAM:-bluewaters}; fi
  if [[ -n ${UDI:-} ]]; then export CRAY_ROOTFS=SHIFTER; fi
  if [[ -z ${IMAGE:-} ]]; then return; fi
  if [[ $batch == slurm ]]; then runtime=apptainer; fi
  if [[ ${RUNTIME:-$runtime} == apptainer ]]; then
    for folder in ${MOUNTS:-$workdir}; do inside+=(--bind "$folder"); done
    command+=(apptainer exec ${SLURM_GPUS_ON_NODE:+--nv} "${inside[@]}" "$IMAGE")
  else
    # Shifter's command comes with a module, where there are modules.
    if [[ -z ${DRY_RUN:-} ]] && declare -F module > /dev/null; then module load shifter; fi
    for folder in ${MOUNTS:-/mnt/a /mnt/b /mnt/c /sw}; do inside+=("--volume=$folder:$folder"); done
    command+=(shifter "--image=docker:$IMAGE" --module=mpich "${inside[@]}" --)
  fi
}

# Variables of a training job that later jobs want to know of.
REMEMBERED=(STORE RUN MODEL DATASET NETWORK RECIPE EPOCHS BATCH THREADS SERVERS SPARES TRAIN_OPTIONS)

# Runs `command`, and notes in the output and in LOGS what ran where, by whose wish. What it says is kept in $1, if given.
run() {
  local line name code=0 note=$LOGS/$job.$job_id
  line=$(printf '%q ' "${command[@]}")
  if [[ -n ${DRY_RUN:-} ]]; then
    echo "$line"
    return
  fi
  mkdir -p "$LOGS"
  {
    echo "# job $job_id on $(usable | paste -sd,) from $(date -u +%FT%TZ)"
    echo "# version $(version), commit $(commit), image ${UDI:-${IMAGE:-none}}"
    for name in "${REMEMBERED[@]}"; do [[ -z ${!name:-} ]] || printf '%s=%q\n' "$name" "${!name}"; done
    echo "# $line"
  } | tee -a "$note"
  if (($# > 0)); then
    # A signal to all of the job must not take away what ranks write their last words to.
    "${command[@]}" 2>&1 | (trap '' TERM INT USR1 && tee "$1") || code=${PIPESTATUS[0]}
  else
    "${command[@]}" || code=$?
  fi
  echo "# ended with $code at $(date -u +%FT%TZ)" | tee -a "$note"
  return "$code"
}

version() { sed -n 's/^ *"version": "\(.*\)",*$/\1/p' "$home/package.json"; }

commit() { git -C "$home" describe --always --dirty 2> /dev/null || echo unknown; }

# Runs bluewaters on the first compute node.
on_one_node() {
  compose 1 "$@"
  run
}

# Runs bluewaters once on each of the job's nodes.
on_all_nodes() {
  compose "$(nodes | wc -l)" "$@"
  run
}

# Refuses what would replace something that the same job made in another way: what is made is told apart by name, and the
# way by the arguments. The same job with the same arguments may go on where it stopped.
#
#   on_one_node_once NAME ARGUMENTS…
on_one_node_once() {
  local made=$LOGS/$1.made way
  shift
  way=$(printf '%q ' "$@")
  if [[ -e $made && $(< "$made") != "$way" ]]; then
    fail "would replace what was made otherwise, by: $(< "$made")(name another DATASET, or remove $made)"
  fi
  if [[ -z ${DRY_RUN:-} ]]; then mkdir -p "$LOGS" && echo "$way" > "$made"; fi
  on_one_node "$@"
}

# Seconds until the walltime ends; nothing where nobody says. Batch systems signal late or never: ranks keep the time.
seconds_left() {
  local left
  if [[ $batch == slurm ]]; then
    left=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%L)
    if [[ $left =~ ^[0-9:-]+$ ]]; then seconds_in "$left"; fi
  elif [[ -n ${PBS_WALLTIME:-} ]]; then
    echo $((PBS_WALLTIME - SECONDS))
  fi
}

# [days-][[hours:]minutes:]seconds
seconds_in() { awk -F'[-:]' '{ for (i = NF; i > 0; i--) sum += $i * (i == NF ? 1 : i == NF - 1 ? 60 : i == NF - 2 ? 3600 : 86400); print sum }' <<< "$1"; }

# Trains DATASET with one rank a node until RUN is done or the walltime ends; then the job goes into the queue again.
# Exit codes of ranks: 1 failed and said why, 75 stopped after a checkpoint; any other means that a rank was lost.
train_on_all_nodes() {
  local code restart before left coordinated margin=${MARGIN:-300} said=$LOGS/$job.$job_id.said
  RUN=${RUN:-$DATASET-${NETWORK:-${RECIPE:-lenet}}}
  before=$(newest_checkpoint)
  if (($(nodes | wc -l) <= ${SPARES:-0})); then fail "SPARES=$SPARES leaves no node to train on"; fi
  for ((restart = 0; ; restart++)); do
    left=$(seconds_left)
    if [[ -n $left ]] && ((left <= margin)); then
      if ((restart > 0)); then submit_again "$before"; fi
      fail "$left s of walltime are left, and MARGIN=$margin s are to be kept"
    fi
    coordinated=()
    if [[ -n ${COORDINATOR:-} ]]; then coordinated=(--start-coordinator --bus "file:$LOGS/$job.$job_id.$restart.bus"); fi
    compose_training ${left:+--stop-after "$((left - margin))"} ${coordinated[@]+"${coordinated[@]}"}
    code=0
    run ${SPARES:+"$said"} || code=$?
    case $code in
      0 | 1) return "$code" ;;
      75) submit_again "$before" ;;
    esac
    if ((restart >= ${RESTARTS:-3})); then fail "ranks were lost $((restart + 1)) times; the last left code $code"; fi
    say "a rank was lost (code $code): starting again from the last checkpoint"
    if [[ -n ${SPARES:-} ]]; then leave_out "$(lost_node "$said")"; fi
  done
}

# The node that is named first where a launcher, or a rank that misses another one, tells of a loss; nothing where none is.
lost_node() {
  sed -n -E -e '/Exited with exit code 76$/d' -e 's/\[NID ([0-9]+)\]/nid\1/p' -e t \
    -e '/^srun: error: |^slurmstepd: error: |ends this generation: |RUNNING AT /p' "$1" |
    grep -owF -f <(usable) | head -n 1 || true
}

# Lets a spare node train in the place of one that was lost.
leave_out() {
  if [[ -z $1 ]]; then
    say 'nobody says which node it was on'
  elif ((${#lost[@]} >= SPARES)); then
    say "it was on $1, and no spare node is left"
  else
    lost+=("$1")
    say "it was on $1: going on without that node, on $(usable | paste -sd,)"
  fi
}

# Sets `command` to training, with the given options and those that the job was given.
compose_training() {
  local count roles=()
  count=$(usable | wc -l)
  if [[ ${SERVERS:-} =~ ^[0-9]+$ ]]; then roles=(--servers "$SERVERS"); elif [[ -n ${SERVERS:-} ]]; then roles=(--layout "$SERVERS"); fi
  # shellcheck disable=SC2086 # TRAIN_OPTIONS holds several
  compose "$count" train --world-size "$count" "$@" \
    --dataset "$DATASET" --run "$RUN" \
    ${MODEL:+--model "$MODEL"} \
    ${NETWORK:+--network "$NETWORK"} \
    ${RECIPE:+--recipe "$RECIPE"} \
    ${EPOCHS:+--epochs "$EPOCHS"} \
    ${BATCH:+--batch "$BATCH"} \
    ${THREADS:+--threads "$THREADS"} \
    ${roles[@]+"${roles[@]}"} \
    ${TRAIN_OPTIONS:-} \
    --store "$STORE"
}

# Sets RUN and what belongs to it as a previous job had them.
recall() {
  local note=$LOGS/$1.$2
  if [[ ! -r $note ]]; then fail "no job left the note $note"; fi
  # shellcheck disable=SC1090 # assignments that `run` wrote
  source "$note"
}

# How to reach a port of the first compute node from elsewhere.
say_tunnel() { say "from your own machine: ssh -L $1:$(nodes | head -n 1):$1 $(hostname), then open http://127.0.0.1:$1/"; }

newest_checkpoint() { cat "$STORE/runs/$RUN/checkpoint_dir/checkpoint" 2> /dev/null || true; }

# Puts this job into the queue once more: under its own number, so that jobs that depend on it go on waiting, or, where
# the site keeps that to its operators, as a new job that follows. Not where there is no checkpoint newer than the given.
submit_again() {
  local script=$home/pbs/$job.pbs twin=$home/pbs/slurm/$job.sbatch
  if [[ $1 == "$(newest_checkpoint)" ]]; then fail 'no step was made within the walltime'; fi
  say 'the walltime ends: going on in the next job'
  if [[ $batch == slurm ]]; then
    scontrol requeue "$job_id" || sbatch --dependency="afterany:$job_id" "$twin"
  else
    qrerun "$job_id" || qsub -V -W "depend=afterany:$job_id" "$script"
  fi
  exit 75
}
