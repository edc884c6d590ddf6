import System
import Transport

/// The part of this process in a training that the same command line starts everywhere: its rank, where rank
/// 0 is, and what it may use of its node. It follows from options and from variables that launchers set.
///
///     let launch = try Launch(Launch.Options(), .ofThisProcess())   // under `srun -n 4`
///     launch.rank.value          // 2
///     launch.origins             // "rank 2 of 4 (SLURM_PROCID)", "rank 0 is on n001 …", …
package struct Launch: Equatable, Sendable {
    package static let mostRanks = 1_000_000

    /// The facts that the command line gives.
    package struct Options: Equatable, Sendable {
        package var rank: Int?
        /// Rank 0's host.
        package var host: String?
        /// Rank 0's port.
        package var port: UInt16?
        package var rendezvous: Rendezvous?
        package var lanes: Int?

        package init() {}
    }

    package let rank: Found<Int>
    /// Nil: it is not known, and nobody needs it.
    package let ranks: Found<Int>?
    /// Rank 0's host. Nil on rank 0, if the host is not known.
    package let host: Found<String>?
    /// The ports at which rank 0 may listen.
    package let ports: Found<ClosedRange<UInt16>>
    package let rendezvous: Found<Rendezvous>?
    /// The part of the usual run directory's name that is the same when the same line is given again.
    package let lastingName: String?
    /// Compute threads. Nil: the ranks on this node are not known, so that workers share its cores as the
    /// coordinator counts them.
    package let lanes: Found<Int>?

    /// - Throws: `LaunchError` if the rank or rank 0's host cannot be told, or variables contradict each
    ///   other.
    package init(_ options: Options, _ surroundings: Surroundings) throws(LaunchError) {
        // Whoever gives a rank launches by hand, and variables of a scheduler around that mean nothing.
        let given = options.rank.map { Launcher(name: "the command line", rank: Found($0, "--rank")) }
        let launcher = if let given { given } else { try Launcher.found(in: surroundings) }
        guard let launcher else {
            throw LaunchError(
                "--everywhere needs a rank, and no variable of Slurm (srun), Open MPI, MPICH or an Indexed"
                    + " Job of Kubernetes gives one: write --rank 0 on one node, --rank 1, 2, … on the"
                    + " others, and --join HOST, with rank 0's host, on all")
        }
        if let ranks = launcher.ranks, launcher.rank.value >= ranks.value {
            throw LaunchError(
                "\(launcher.rank.source) is \(launcher.rank.value), but \(ranks.source) is \(ranks.value),"
                    + " and ranks count from 0; correct the one that is wrong, or give --rank R and"
                    + " --join HOST")
        }
        rank = launcher.rank
        ranks = launcher.ranks
        host = try Self.host(options, launcher, surroundings)
        rendezvous = options.rendezvous.map { Found($0, "--rendezvous") } ?? launcher.rendezvous
        ports = Self.ports(options, rendezvous)
        lastingName = options.rendezvous?.name ?? launcher.lastingName
        lanes = options.lanes.map { Found($0, "--lanes") } ?? Self.lanes(launcher, surroundings)
    }

    private static func host(_ options: Options, _ launcher: Launcher, _ surroundings: Surroundings)
        throws(LaunchError) -> Found<String>?
    {
        if let host = options.host { return Found(host, "--join") }
        if let ranks = launcher.ranks, let ofNode = launcher.ranksOfNode, ranks.value == ofNode.value {
            return Found("127.0.0.1", "all ranks are on this node")
        }
        if let host = launcher.host { return host }
        if let master = Variables(read: surroundings.variable).text("MASTER_ADDR"),
            launcher.rank.value == 0 || surroundings.isName(master.value)
                || !surroundings.isLoopback(master.value)
        {
            return master
        }
        if let host = launcher.supposedHost { return host }
        guard launcher.rank.value == 0 else {
            throw LaunchError(
                "rank \(launcher.rank.value) does not know where rank 0 is: \(launcher.hostAdvice)")
        }
        return nil
    }

    private static func ports(_ options: Options, _ rendezvous: Found<Rendezvous>?) -> Found<
        ClosedRange<UInt16>
    > {
        if let port = options.port { return Found(port...port, "the command line") }
        guard let rendezvous else {
            return Found(Endpoint.coordinatorPort...Endpoint.coordinatorPort, "the usual port")
        }
        return Found(rendezvous.value.ports, "the rendezvous")
    }

    /// The cores of this rank: the smallest of
    ///
    /// * its affinity mask, which may be its own (`mpirun --bind-to core`, srun's CPU binding) or that of all
    ///   ranks of the node;
    /// * the cores of the node, as Slurm, the cpuset or the machine has them, divided by the ranks on it: a
    ///   mask that all ranks share is divided, and one that is smaller than this share is the rank's own;
    /// * SLURM_CPUS_PER_TASK;
    /// * the control group's processor time, divided by the ranks of the node.
    private static func lanes(_ launcher: Launcher, _ surroundings: Surroundings) -> Found<Int>? {
        guard let ranks = launcher.ranksOfNode else { return nil }
        let share = max(1, (launcher.coresOfNode ?? surroundings.machine) / ranks.value)
        let cores = min(surroundings.available, share, launcher.coresOfRank ?? .max)
        let quota = surroundings.quota.map { $0 / Double(ranks.value) }
        let cause = "\(TextFormat.count(ranks.value, "rank")) on this node"
        return Found(Processor.cores(available: cores, limit: quota), cause)
    }
}
