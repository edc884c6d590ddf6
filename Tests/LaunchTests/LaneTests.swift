import Launch
import Testing

/// The compute threads of a rank, on nodes with 16 cores.
@Suite struct LaneTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let variables: String
        /// The cores of the affinity mask.
        var available = 16
        /// The cores of the machine, or of the cpuset.
        var machine = 16
        var quota: Double?
        let lanes: Int?
    }

    private static let four =
        "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=8 OMPI_COMM_WORLD_LOCAL_SIZE=4"
    private static let hydra = "PMI_RANK=0 PMI_SIZE=8 MPI_LOCALNRANKS=4"
    private static let slurm =
        "SLURM_JOB_ID=1 SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=8 SLURM_STEP_NODELIST=n[1-2]"
        + " SLURM_STEP_TASKS_PER_NODE=4(x2)"

    static let examples = [
        Example(testDescription: "by hand: as the coordinator counts the workers", variables: "", lanes: nil),
        Example(testDescription: "mpirun without binding", variables: four, lanes: 4),
        Example(testDescription: "mpirun --bind-to core", variables: four, available: 1, lanes: 1),
        Example(testDescription: "mpirun --map-by slot:PE=4", variables: four, available: 4, lanes: 4),
        Example(
            testDescription: "mpirun --bind-to socket: two ranks share one of two", variables: four,
            available: 8,
            lanes: 4),
        Example(
            testDescription: "fewer cores than ranks", variables: four, available: 2, machine: 2, lanes: 1),
        Example(
            testDescription: "in a container with a cpuset", variables: four, available: 8, machine: 8,
            lanes: 2),
        Example(
            testDescription: "in a container with a quota that all share", variables: four, quota: 8, lanes: 2
        ),
        Example(testDescription: "a small quota", variables: four, quota: 1.5, lanes: 1),
        Example(testDescription: "mpiexec of MPICH", variables: hydra, lanes: 4),
        Example(testDescription: "mpiexec -bind-to core:2", variables: hydra, available: 2, lanes: 2),
        Example(
            testDescription: "srun binds each task", variables: slurm + " SLURM_CPUS_ON_NODE=16",
            available: 4,
            lanes: 4),
        Example(
            testDescription: "srun without binding, on a part of the node",
            variables: slurm + " SLURM_CPUS_ON_NODE=8", lanes: 2),
        Example(
            testDescription: "srun -c 2 without binding, on the whole node",
            variables: slurm + " SLURM_CPUS_ON_NODE=16 SLURM_CPUS_PER_TASK=2", lanes: 2),
        Example(
            testDescription: "srun -c 6 with fewer cores than that",
            variables: slurm
                + " SLURM_CPUS_ON_NODE=16 SLURM_CPUS_PER_TASK=6", available: 6, lanes: 4),
        Example(
            testDescription: "srun on the second node, which has one task",
            variables: "SLURM_JOB_ID=1 SLURM_STEP_ID=0 SLURM_PROCID=2 SLURM_NODEID=1 SLURM_STEP_NUM_TASKS=3"
                + " SLURM_STEP_NODELIST=n[1-2] SLURM_STEP_TASKS_PER_NODE=2,1 SLURM_CPUS_ON_NODE=16",
            lanes: 16),
        Example(
            testDescription: "a pod has its own quota", variables: "JOB_COMPLETION_INDEX=0", quota: 3,
            lanes: 3),
    ]

    @Test(arguments: examples) func lanes(example: Example) throws {
        var options = Launch.Options()
        if example.variables.isEmpty { options.rank = 0 }
        let surroundings = LaunchTests.surroundings(
            example.variables, available: example.available, machine: example.machine, quota: example.quota)
        #expect(try Launch(options, surroundings).lanes?.value == example.lanes)
        options.lanes = 5
        #expect(try Launch(options, surroundings).lanes == Found(5, "--lanes"))
    }
}
