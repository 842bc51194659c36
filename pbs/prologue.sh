# Sourced by every job: finds the installation, the store and the launcher. Set STORE or BW_HOME with qsub -v.
# shellcheck shell=bash disable=SC2034 # the jobs use what is set here

home="${BW_HOME:-$PBS_O_WORKDIR}"
BLUEWATERS="$home/tools/cli/bin/bluewaters.mjs"
STORE="${STORE:-$PBS_O_WORKDIR/run}"

# Job scripts run on a service node of Blue Waters; only aprun reaches a compute node. Without -cc none a program is
# held on one core.
if command -v aprun > /dev/null; then
  LAUNCH="aprun -b -n 1 -N 1 -d ${PBS_NUM_PPN:-16} -cc none --"
else
  LAUNCH=""
fi
cd "$PBS_O_WORKDIR" || exit
