/** What a job tries that a Cray would refuse, and what it would let pass. */

/** Says its rank and the sum over all ranks; with a second word it ends as the word says. */
export const HELLO = `#!/usr/bin/env python3
import ctypes, os, sys
mpi = ctypes.CDLL('libmpich.so.12')
mpi.MPI_Init(None, None)
world, integer, total = 0x44000000, 0x4c000405, 0x58000003
rank, ranks, sum = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
mpi.MPI_Comm_rank(world, ctypes.byref(rank))
mpi.MPI_Comm_size(world, ctypes.byref(ranks))
mpi.MPI_Allreduce(ctypes.byref(rank), ctypes.byref(sum), 1, integer, total, world)
print(sys.argv[1], rank.value, 'of', ranks.value, 'sum', sum.value, os.environ['SLURMD_NODENAME'], flush=True)
if 'hasty' in sys.argv: os._exit(0)
mpi.MPI_Finalize()
`;

/** One line for each application: its exit code. */
export const APPLICATIONS = `#!/bin/bash
#PBS -l nodes=1:ppn=8:xe+3:ppn=4:xk
#PBS -N applications -j oe
cd "$PBS_O_WORKDIR"
echo "nodes $PBS_NUM_NODES first $(head -n 1 "$PBS_NODEFILE") lines $(wc -l < "$PBS_NODEFILE") A=$A walltime $PBS_WALLTIME"
aprun -n 1 -N 1 -d 8 ./hello server : -n 3 -N 1 -d 4 -cc none ./hello worker; echo "mpmd $?"
aprun -n 1 -N 1 true : -n 3 -N 1 ./hello worker; echo "bystander $?"
DEV_CLUSTER_INIT_SECONDS=2 aprun -n 1 -N 1 sleep 60 : -n 1 -N 1 ./hello worker; echo "waiting $?"
aprun -n 2 -N 1 ./hello worker hasty; echo "hasty $?"
aprun -n 1 -L 2 ./hello a : -n 1 -L 2 ./hello b; echo "shared $?"
aprun -n 3 -N 1 bash -c 'exit $((ALPS_APP_PE == 1 ? 75 : 0))'; echo "without $?"
aprun -n 2 -N 1 bash -c '((ALPS_APP_PE)) || kill -9 $$; sleep 60'; echo "killed $?"
`;
