import Launch
import Testing

/// The part of a process in a training that was started everywhere: an environment and options go in, the
/// part or a sentence comes out.
@Suite struct LaunchTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let name: String
        /// `NAME=VALUE`, separated by blanks.
        let variables: String
        var hostName = "node7"
        var fullHostName = "node7"
        var options = Launch.Options()
        /// The facts as the log has them, without the lanes.
        let origins: [String]

        var testDescription: String { name }
    }

    private static func options(_ change: (inout Launch.Options) -> Void) -> Launch.Options {
        var options = Launch.Options()
        change(&options)
        return options
    }

    /// 16 cores, and the loopback addresses that the tables use.
    static func surroundings(
        _ variables: String, hostName: String = "node7", fullHostName: String = "node7", available: Int = 16,
        machine: Int = 16, quota: Double? = nil
    ) -> Surroundings {
        let pairs = variables.split(separator: " ").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), String(parts[1]))
        }
        let table = Dictionary(uniqueKeysWithValues: pairs)
        return Surroundings(
            variable: { table[$0] }, hostName: hostName, fullHostName: fullHostName,
            isLoopback: { ["localhost", "127.0.0.1", "::1", "node7"].contains($0) }, available: available,
            machine: machine, quota: quota)
    }

    private static let slurm =
        "SLURM_JOB_ID=123 SLURM_STEP_ID=4 SLURM_PROCID=2 SLURM_NODEID=1 SLURM_STEP_NUM_TASKS=4"
        + " SLURM_STEP_NODELIST=n[008-010,20] SLURM_STEP_TASKS_PER_NODE=2,1(x2)"
    private static let openMPI =
        "OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_LOCAL_SIZE=2 PMIX_RANK=3"
        + " PMIX_NAMESPACE=919011329"
    private static let hydra = "PMI_RANK=1 PMI_SIZE=2 MPI_LOCALNRANKS=2 MPI_LOCALRANKID=1"

    static let found = [
        Example(
            name: "by hand, rank 0", variables: "", options: options { $0.rank = 0 },
            origins: ["rank 0 (--rank)", "rank 0 listens on port 7070 (the usual port)"]),
        Example(
            name: "by hand, another rank, IPv6", variables: "",
            options: options {
                $0.rank = 2
                $0.host = "fd00::5"
                $0.port = 7071
            },
            origins: ["rank 2 (--rank)", "rank 0 is on fd00::5 (--join), port 7071 (the command line)"]),
        Example(
            name: "by hand with a name", variables: "",
            options: options {
                $0.rank = 1
                $0.host = "node1"
                $0.rendezvous = Rendezvous("mine")
            },
            origins: [
                "rank 1 (--rank)", "rank 0 is on node1 (--join), a port from 25040 to 25047 (the rendezvous)",
                "the job is mine (--rendezvous)",
            ]),
        Example(
            name: "--rank comes before a scheduler's variables", variables: slurm + " MASTER_ADDR=node1",
            options: options { $0.rank = 7 },
            origins: ["rank 7 (--rank)", "rank 0 is on node1 (MASTER_ADDR), port 7070 (the usual port)"]),
        Example(
            name: "MASTER_ADDR of rank 0 may be a loopback address", variables: "MASTER_ADDR=localhost",
            options: options { $0.rank = 0 },
            origins: ["rank 0 (--rank)", "rank 0 is on localhost (MASTER_ADDR), port 7070 (the usual port)"]),
        Example(
            name: "MASTER_ADDR may be this machine's own name, whatever address that has",
            variables: "MASTER_ADDR=node7", options: options { $0.rank = 1 },
            origins: ["rank 1 (--rank)", "rank 0 is on node7 (MASTER_ADDR), port 7070 (the usual port)"]),
        Example(
            name: "srun", variables: slurm,
            origins: [
                "rank 2 of 4 (SLURM_PROCID)",
                "rank 0 is on n008 (SLURM_STEP_NODELIST), a port from 26808 to 26815 (the rendezvous)",
                "the job is slurm-123.4 (SLURM_JOB_ID and SLURM_STEP_ID)",
            ]),
        Example(
            name: "srun comes before MASTER_ADDR", variables: slurm + " MASTER_ADDR=other",
            origins: [
                "rank 2 of 4 (SLURM_PROCID)",
                "rank 0 is on n008 (SLURM_STEP_NODELIST), a port from 26808 to 26815 (the rendezvous)",
                "the job is slurm-123.4 (SLURM_JOB_ID and SLURM_STEP_ID)",
            ]),
        Example(
            name: "srun, and --join and --rendezvous all the same", variables: slurm,
            options: options {
                $0.host = "10.0.0.9"
                $0.rendezvous = Rendezvous("mine")
            },
            origins: [
                "rank 2 of 4 (SLURM_PROCID)",
                "rank 0 is on 10.0.0.9 (--join), a port from 25040 to 25047 (the rendezvous)",
                "the job is mine (--rendezvous)",
            ]),
        Example(
            name: "srun --mpi=pmi2", variables: slurm + " PMI_RANK=2 PMI_SIZE=4",
            origins: [
                "rank 2 of 4 (SLURM_PROCID)",
                "rank 0 is on n008 (SLURM_STEP_NODELIST), a port from 26808 to 26815 (the rendezvous)",
                "the job is slurm-123.4 (SLURM_JOB_ID and SLURM_STEP_ID)",
            ]),
        Example(
            name: "srun on one node",
            variables: "SLURM_JOB_ID=5 SLURM_STEP_ID=0 SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2"
                + " SLURM_STEP_NODELIST=n1 SLURM_STEP_TASKS_PER_NODE=2",
            origins: [
                "rank 1 of 2 (SLURM_PROCID)",
                "rank 0 is on 127.0.0.1 (all ranks are on this node), a port from 24096 to 24103"
                    + " (the rendezvous)", "the job is slurm-5.0 (SLURM_JOB_ID and SLURM_STEP_ID)",
            ]),
        Example(
            name: "Open MPI on several nodes", variables: openMPI + " MASTER_ADDR=node1",
            origins: [
                "rank 3 of 4 (OMPI_COMM_WORLD_RANK)",
                "rank 0 is on node1 (MASTER_ADDR), a port from 23272 to 23279 (the rendezvous)",
                "the job is openmpi-919011329 (PMIX_NAMESPACE)",
            ]),
        Example(
            name: "Open MPI, whose daemons srun starts on the other nodes",
            variables: openMPI + " MASTER_ADDR=node1 SLURM_JOB_ID=9 SLURM_STEP_ID=0 SLURM_PROCID=0"
                + " SLURM_STEP_NUM_TASKS=1 SLURM_STEP_TASKS_PER_NODE=1 SLURM_STEP_NODELIST=n2",
            origins: [
                "rank 3 of 4 (OMPI_COMM_WORLD_RANK)",
                "rank 0 is on node1 (MASTER_ADDR), a port from 23272 to 23279 (the rendezvous)",
                "the job is openmpi-919011329 (PMIX_NAMESPACE)",
            ]),
        Example(
            name: "MPICH on one node", variables: hydra + " MASTER_ADDR=127.0.0.1",
            origins: [
                "rank 1 of 2 (PMI_RANK)",
                "rank 0 is on 127.0.0.1 (all ranks are on this node), port 7070 (the usual port)",
            ]),
        Example(
            name: "MPICH in a batch script of Slurm", variables: hydra + " SLURM_JOB_ID=9 SLURM_PROCID=0",
            origins: [
                "rank 1 of 2 (PMI_RANK)",
                "rank 0 is on 127.0.0.1 (all ranks are on this node), port 7070 (the usual port)",
            ]),
        Example(
            name: "PMIx alone", variables: "PMIX_RANK=0 PMIX_NAMESPACE=prterun-node1-4711@1",
            origins: [
                "rank 0 (PMIX_RANK)", "rank 0 listens on a port from 23400 to 23407 (the rendezvous)",
                "the job is pmix-prterun-node1-4711@1 (PMIX_NAMESPACE)",
            ]),
        Example(
            name: "an indexed Job", variables: "JOB_COMPLETION_INDEX=12", hostName: "digits-12",
            fullHostName: "digits-12.workers.default.svc.cluster.local",
            origins: [
                "rank 12 (JOB_COMPLETION_INDEX)",
                "rank 0 is on digits-0.workers.default.svc.cluster.local (the host name), a port from 25864"
                    + " to 25871 (the rendezvous)", "the job is job-digits (the host name)",
            ]),
        Example(
            name: "an indexed Job with the full name as its host name", variables: "JOB_COMPLETION_INDEX=1",
            hostName: "a-1.w.ns.svc", fullHostName: "a-1.w.ns.svc",
            options: options { $0.rendezvous = Rendezvous("5a-uid") },
            origins: [
                "rank 1 (JOB_COMPLETION_INDEX)",
                "rank 0 is on a-0.w.ns.svc (the host name), a port from 22240 to 22247 (the rendezvous)",
                "the job is 5a-uid (--rendezvous)",
            ]),
        Example(
            name: "an indexed Job whose Service is named", variables: "JOB_COMPLETION_INDEX=1",
            hostName: "a-1", options: options { $0.host = "a-0.w" },
            origins: [
                "rank 1 (JOB_COMPLETION_INDEX)",
                "rank 0 is on a-0.w (--join), a port from 25872 to 25879 (the rendezvous)",
                "the job is job-a (the host name)",
            ]),
        Example(
            name: "empty variables are none", variables: "PMI_RANK= SLURM_STEP_ID= JOB_COMPLETION_INDEX=",
            options: options { $0.rank = 0 },
            origins: ["rank 0 (--rank)", "rank 0 listens on port 7070 (the usual port)"]),
    ]

    @Test(arguments: found) func theFactsAndTheirOrigins(example: Example) throws {
        let launch = try Launch(
            example.options,
            Self.surroundings(
                example.variables, hostName: example.hostName, fullHostName: example.fullHostName))
        #expect(launch.origins.filter { !$0.contains("lane") } == example.origins)
    }

    /// Variables, `--rank`, and words of the sentence.
    static let refused: [(variables: String, rank: Int?, words: [String])] = [
        ("", nil, ["--everywhere needs a rank", "--rank 0", "--join HOST"]),
        ("", 1, ["rank 1 does not know where rank 0 is", "--join HOST", "MASTER_ADDR"]),
        ("MASTER_ADDR=localhost", 1, ["rank 1 does not know where rank 0 is"]),
        ("SLURM_JOB_ID=7 SLURM_PROCID=0", nil, ["not started by srun", "write: srun ", "--everywhere"]),
        (
            "SLURM_JOB_ID=7 SLURM_PROCID=0 SLURM_STEP_ID=4294967291 SLURM_STEP_NODELIST=n1", nil,
            ["not started by srun"]
        ),
        ("PMI_RANK=x", nil, ["PMI_RANK is `x`", "whole number from 0"]),
        ("PMIX_RANK=-1", nil, ["PMIX_RANK is `-1`"]),
        (
            "OMPI_COMM_WORLD_RANK=4 OMPI_COMM_WORLD_SIZE=4", nil,
            ["is 4, but OMPI_COMM_WORLD_SIZE is 4", "count from 0"]
        ),
        (slurm + " SLURM_CPUS_ON_NODE=0", nil, ["SLURM_CPUS_ON_NODE is `0`"]),
        (openMPI + " PMI_RANK=2", nil, ["two ranks", "PMI_RANK is 2", "PMIX_RANK is 3"]),
        (
            "OMPI_COMM_WORLD_RANK=1 PMI_RANK=0 MPI_LOCALNRANKS=2", nil,
            ["two ranks", "OMPI_COMM_WORLD_RANK is 1", "PMI_RANK is 0", "Open MPI and MPICH"]
        ),
        ("PMI_RANK=1 PMIX_RANK=2", nil, ["two ranks", "PMI_RANK is 1", "PMIX_RANK is 2"]),
        ("PMI_RANK=1 JOB_COMPLETION_INDEX=2", nil, ["two ranks", "JOB_COMPLETION_INDEX is 2"]),
        (slurm + " JOB_COMPLETION_INDEX=0", nil, ["two ranks", "Slurm and Kubernetes"]),
        // mpirun started by several tasks of srun on one node.
        (
            "SLURM_JOB_ID=1 SLURM_STEP_ID=0 SLURM_PROCID=1 SLURM_STEP_TASKS_PER_NODE=2" + " "
                + "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_SIZE=2", nil,
            ["two ranks", "Open MPI and Slurm both start it"]
        ),
        (openMPI, nil, ["rank 3 does not know where rank 0 is", "--join HOST"]),
        (openMPI + " MASTER_ADDR=127.0.0.1", nil, ["rank 3 does not know where rank 0 is"]),
        ("JOB_COMPLETION_INDEX=1", nil, ["rank 1 does not know", "`subdomain`", "headless Service"]),
        ("SLURM_JOB_ID=1 SLURM_STEP_ID=0 SLURM_PROCID=1 SLURM_STEP_NODELIST=n[", nil, ["no list of nodes"]),
        (
            "SLURM_JOB_ID=1 SLURM_STEP_ID=0 SLURM_PROCID=1 SLURM_STEP_TASKS_PER_NODE=2(x", nil,
            ["no list of tasks"]
        ),
    ]

    @Test(arguments: refused.indices) func whatIsMissingIsSaid(index: Int) throws {
        let (variables, rank, words) = Self.refused[index]
        let error = #expect(throws: LaunchError.self) {
            try Launch(Self.options { $0.rank = rank }, Self.surroundings(variables))
        }
        for word in words {
            #expect(error?.description.contains(word) == true, "`\(word)` in: \(error.map { "\($0)" } ?? "")")
        }
    }

    /// A line that is given again finds its run directory again: names that change with each start are not in
    /// it.
    @Test(arguments: [
        (slurm, "slurm-123"), (openMPI + " MASTER_ADDR=a", nil), (hydra, nil),
        ("JOB_COMPLETION_INDEX=0", "digits"),
    ])
    func theLastingName(variables: String, name: String?) throws {
        let launch = try Launch(
            Launch.Options(), Self.surroundings(variables, hostName: "digits-0", fullHostName: "digits-0"))
        #expect(launch.lastingName == name)
    }
}
