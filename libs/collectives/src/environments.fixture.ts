/** What launchers set for a rank: of their variables those that say its place and those that might be taken for it. */
import type { Place } from './world.js';

interface LauncherEnvironment {
  readonly name: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly place: Place;
}

/** Recorded where it says so; the others as their documentation has it. */
export const ENVIRONMENTS: readonly LauncherEnvironment[] = [
  {
    name: 'mpiexec of MPICH 4.0.2, recorded',
    environment: {
      PMI_RANK: '1',
      PMI_FD: '8',
      PMI_SIZE: '2',
      MPI_LOCALNRANKS: '2',
      MPI_LOCALRANKID: '1',
      HYDI_CONTROL_FD: '9',
      MPIR_CVAR_CH3_INTERFACE_HOSTNAME: 'vm',
    },
    place: { launcher: 'mpich', rank: 1, size: 2 },
  },
  {
    name: 'mpiexec of Open MPI 4.1.4, recorded',
    environment: {
      OMPI_COMMAND: 'env',
      OMPI_COMM_WORLD_LOCAL_RANK: '1',
      OMPI_COMM_WORLD_LOCAL_SIZE: '2',
      OMPI_COMM_WORLD_NODE_RANK: '1',
      OMPI_COMM_WORLD_RANK: '1',
      OMPI_COMM_WORLD_SIZE: '2',
      OMPI_UNIVERSE_SIZE: '2',
      PMIX_RANK: '1',
    },
    place: { launcher: 'open-mpi', rank: 1, size: 2 },
  },
  {
    name: 'aprun of ALPS, as Cray documents it',
    environment: { ALPS_APP_PE: '7', ALPS_APP_ID: '123456', PBS_JOBID: '5678.bw' },
    place: { launcher: 'alps', rank: 7, size: undefined },
  },
  {
    name: 'srun of Slurm, as its manual has it',
    environment: {
      SLURM_JOB_ID: '42',
      SLURM_NTASKS: '8',
      SLURM_PROCID: '5',
      SLURM_LOCALID: '1',
      SLURM_NODEID: '2',
      SLURM_STEP_ID: '0',
      SLURM_STEP_NUM_TASKS: '6',
      SLURM_STEP_NODELIST: 'nid[001-003]',
    },
    place: { launcher: 'slurm', rank: 5, size: 6 },
  },
  {
    name: 'srun of Slurm with PMI 2, as its manual has it',
    environment: { SLURM_PROCID: '1', SLURM_STEP_NUM_TASKS: '4', PMI_RANK: '1', PMI_SIZE: '4' },
    place: { launcher: 'mpich', rank: 1, size: 4 },
  },
];
