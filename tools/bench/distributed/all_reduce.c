/*
 * The other side of the all-reduce: MPI_Allreduce in place, and nothing else.
 *
 *   mpiexec -n 2 all_reduce NUMBERS TIMES
 *
 * Rank 0 prints the seconds of each. Declared by hand, with the constants of MPICH's interface, so that no headers are
 * needed.
 */
#include <stdio.h>
#include <stdlib.h>

typedef int Handle;
static const Handle WORLD = 0x44000000, FLOAT = 0x4c00040a, SUM = 0x58000003;
#define IN_PLACE ((void *)-1)

int MPI_Init(int *argc, char ***argv);
int MPI_Comm_rank(Handle comm, int *rank);
int MPI_Barrier(Handle comm);
int MPI_Allreduce(const void *from, void *to, int count, Handle type, Handle operation, Handle comm);
double MPI_Wtime(void);
int MPI_Finalize(void);

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  const int count = atoi(argv[1]), times = atoi(argv[2]);
  float *values = malloc(count * sizeof(float));
  for (int i = 0; i < count; ++i) values[i] = 1e-3f;
  int rank;
  MPI_Comm_rank(WORLD, &rank);
  for (int time = 0; time < times; ++time) {
    MPI_Barrier(WORLD);
    const double start = MPI_Wtime();
    MPI_Allreduce(IN_PLACE, values, count, FLOAT, SUM, WORLD);
    MPI_Barrier(WORLD);
    if (rank == 0) printf("%.6f\n", MPI_Wtime() - start);
  }
  return MPI_Finalize();
}
