#!/usr/bin/env bats
# What PBS' and ALPS' commands ask of Slurm, and what they refuse, with which words: no cluster runs, since stand-ins for
# Slurm's commands write down how they were called. src/front-ends.bats.spec.ts counts these tests with all others.

setup() {
  folder=$(mktemp -d)
  mkdir "$folder/bin"
  local name
  for name in sbatch squeue scancel scontrol srun; do
    # shellcheck disable=SC2016 # for the stand-in to expand
    printf '#!/bin/sh\necho "%s $*" >> %q/calls\ncat %q/answer 2> /dev/null || true\n' "$name" "$folder" "$folder" \
      > "$folder/bin/$name"
    chmod +x "$folder/bin/$name"
  done
  PATH=$folder/bin:$PATH
  unset SLURM_CONF SLURM_JOB_ID __PBS_SEATS
  printf '#!/bin/bash\n#PBS -l walltime=00:10:00\nhostname\n' > "$folder/job.pbs"
  cd "$folder" || return 1
}

teardown() { rm -r "$folder"; }

front_end() { run node "$BATS_TEST_DIRNAME/src/$1.mjs" "${@:2}"; }

# refuses WORDS COMMAND…: it says so in its own name, ends with 1, and asks Slurm for nothing.
refuses() {
  front_end "${@:2}"
  [[ $status == 1 ]]
  [[ $output == "$2: $1" ]]
  [[ ! -e calls ]]
}

# asks PATTERN: Slurm was called once, and like this.
asks() {
  [[ $status == 0 ]]
  # shellcheck disable=SC2053 # a pattern
  [[ $(< calls) == $1 ]]
}

@test "qsub submits what script and options ask for, and prints the job's number" {
  echo 17 > answer
  front_end qsub -l nodes=2:ppn=16:xk -q debug -N first job.pbs
  asks 'sbatch * --job-name=first * --nodes=2 * --constraint=xk --time=10 --partition=debug *'
  [[ $output == 17.bw ]]
}

@test "qsub refuses options that PBS has not, or that lack a value" {
  refuses 'option -Z is not known here' qsub -Z job.pbs
  refuses 'option -l needs a value' qsub -l
  refuses 'option -V takes no value: -Vx' qsub -Vx job.pbs
}

@test "qsub refuses resources that it would pass over, also of the script" {
  refuses 'resource mem=4gb is not known here' qsub -l mem=4gb job.pbs
  refuses 'nodes=2:ppn=many is not understood; as in nodes=4:ppn=16:xk' qsub -l nodes=2:ppn=many job.pbs
  refuses 'walltime=1 day is not understood; as in 12:00:00' qsub -l 'walltime=1 day' job.pbs
  echo '#PBS -l pmem=1gb' > other.pbs
  refuses 'resource pmem=1gb is not known here' qsub other.pbs
}

@test "qsub refuses dependencies that are none, and scripts that are not there or have arguments" {
  refuses '-W depend=12 is not known here; as in -W depend=afterok:12.bw' qsub -W depend=12 job.pbs
  refuses 'a script takes no arguments, variables by -v: 4' qsub job.pbs 4
  front_end qsub none.pbs
  [[ $status == 1 && $output == 'qsub: the script cannot be read: '*none.pbs* && ! -e calls ]]
}

@test "qdel ends jobs by their numbers, and refuses what is no job" {
  front_end qdel 12.bw 13
  asks 'scancel 12 13'
  rm calls
  refuses 'which job?' qdel
  refuses 'unknown job all' qdel 12.bw all
}

@test "qrerun puts jobs back into the queue, and refuses what is no job" {
  front_end qrerun 12.bw
  asks 'scontrol requeue 12'
  rm calls
  refuses 'which job?' qrerun
  refuses 'unknown job -f' qrerun -f
}

@test "qstat says states in PBS' letters" {
  printf '12 PD 0:00 ann normal my job\n13 R 1:02 ann debug other\n' > answer
  front_end qstat
  [[ ${lines[0]} == '12.bw my job ann 0:00 Q normal' ]]
  [[ ${lines[1]} == '13.bw other ann 1:02 R debug' ]]
  asks 'squeue --noheader --format=*'
}

@test "qstat refuses options that it has not, and what is no job" {
  refuses 'option -u is not known here' qstat -u ann
  refuses 'unknown job mine' qstat -f mine
}

@test "aprun refuses to run outside a job" {
  refuses 'not inside a job' aprun -n 1 hostname
}

@test "aprun refuses what ALPS would: no program, no nodes, more than a node's cores, two programs on one" {
  export SLURM_CONF=$folder/slurm.conf SLURM_JOB_ID=12 __PBS_SEATS=nid00001:16,nid00002:16
  refuses 'no program is given' aprun -n 2
  refuses 'option --gpus is not known here' aprun --gpus 1 hostname
  refuses "claim exceeds reservation's node-count: 3 of hostname" aprun -n 3 -N 1 hostname
  refuses "claim exceeds reservation's CPUs: 1 x 17 on nid00001, which has 16" aprun -n 1 -N 1 -d 17 hostname
  refuses 'nid00003 is not a node of this job' aprun -n 1 -L 3 hostname
  refuses 'nid00001 would run two executables: each segment has nodes of its own' \
    aprun -n 1 -L 1 hostname : -n 1 -L 1 date
}

@test "dev-cluster.sh says what it knows, and starts nothing for words that it does not" {
  DEV_CLUSTER=$folder/cluster run "$BATS_TEST_DIRNAME/dev-cluster.sh" begin
  [[ $status == 64 && $output == *'dev-cluster.sh start'* && ! -e cluster ]]
  DEV_CLUSTER=$folder/cluster run "$BATS_TEST_DIRNAME/dev-cluster.sh" fail
  [[ $status != 0 && $output == *'which node? as in fail nid00003'* && ! -e cluster ]]
}
