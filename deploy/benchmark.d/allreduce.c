// Open MPI's all-reduce: one call after the other, for a second per size. Rank 0 prints a line of JSON per
// size: milliseconds per call, the best and the median of runs of at least 5 ms. Arguments: sizes in bytes.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int i = 1; i < argc; i++) {
        long bytes = atol(argv[i]), count = bytes / 4;
        float *x = malloc(count * sizeof(float));
        double *times = malloc(1000 * sizeof(double));
        int runs = 0, calls = 1;
        for (long k = 0; k < count; k++) x[k] = 0;
        for (int k = 0; k < 3; k++) MPI_Allreduce(MPI_IN_PLACE, x, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        double start = MPI_Wtime();
        for (int goes_on = 1; goes_on && runs < 1000;) {
            double begin = MPI_Wtime();
            for (int k = 0; k < calls; k++)
                MPI_Allreduce(MPI_IN_PLACE, x, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
            double end = MPI_Wtime();
            times[runs++] = (end - begin) / calls;
            int word[2] = {end - start < 1 || runs < 3, end - begin < 0.005 ? calls * 2 : calls};
            if (word[1] != calls) runs--;  // too short to measure
            MPI_Bcast(word, 2, MPI_INT, 0, MPI_COMM_WORLD);
            goes_on = word[0], calls = word[1];
            if (runs < 0) runs = 0;
        }
        qsort(times, runs, sizeof(double), ascending);
        if (rank == 0)
            printf("{\"workers\": %d, \"bytes\": %ld, \"ms_best\": %.6f, \"ms_median\": %.6f}\n", size, bytes,
                   1e3 * times[0], 1e3 * times[runs / 2]), fflush(stdout);
        free(x);
        free(times);
    }
    MPI_Finalize();
}
