/// A program that has started the same command line several times, as its variables describe this process.
///
///     launcher   rank                  ranks                 of this node                 job
///     Open MPI   OMPI_COMM_WORLD_RANK  OMPI_COMM_WORLD_SIZE  OMPI_COMM_WORLD_LOCAL_SIZE   PMIX_NAMESPACE
///     MPICH      PMI_RANK              PMI_SIZE              MPI_LOCALNRANKS              none
///     Slurm      SLURM_PROCID          SLURM_STEP_NUM_TASKS  SLURM_STEP_TASKS_PER_NODE    job and step
///     PMIx       PMIX_RANK             none                  none                         PMIX_NAMESPACE
///     Kubernetes JOB_COMPLETION_INDEX  none                  1                            the Job's name
struct Launcher {
    let name: String
    let rank: Found<Int>
    var ranks: Found<Int>?
    /// The ranks on this node.
    var ranksOfNode: Found<Int>?
    /// Rank 0's host, if the launcher names it.
    var host: Found<String>?
    /// Rank 0's host as it follows from the name of this one. MASTER_ADDR comes before it.
    var supposedHost: Found<String>?
    /// The sentence to say if the host is needed and not known.
    var hostAdvice = "name rank 0's host, on every rank: --join HOST, or the variable MASTER_ADDR"
    var rendezvous: Found<Rendezvous>?
    /// A name of the job that is the same when the same line is given again, for its run directory.
    var lastingName: String?
    /// The cores that the launcher gives this node, and each rank.
    var coresOfNode: Int?
    var coresOfRank: Int?
}

extension Launcher {
    /// The innermost launcher: an MPI's may itself have been started by Slurm. Nil if there is none.
    ///
    /// - Throws: `LaunchError` if variables contradict each other or make no sense.
    static func found(in surroundings: Surroundings) throws(LaunchError) -> Launcher? {
        let variables = Variables(read: surroundings.variable)
        let slurm = try slurm(variables)
        let pod = try pod(variables, surroundings)
        let openMPI = try openMPI(variables)
        let mpich = try mpich(variables)
        let managed = try managed(variables)
        try requireAgreement([openMPI, mpich, managed].compactMap(\.self))
        guard let mpi = openMPI ?? mpich ?? managed else {
            if let slurm, let pod { try requireAgreement([slurm, pod]) }
            if slurm == nil, pod == nil { try refuseBatchScript(variables) }
            return slurm ?? pod
        }
        if let pod { try requireAgreement([mpi, pod]) }
        guard let slurm else { return mpi }
        // `srun --mpi=pmi2` and `--mpi=pmix` set variables of PMI too.
        if openMPI == nil, mpich == nil, mpi.rank.value == slurm.rank.value { return slurm }
        // Where an MPI has its daemons started by srun, there is one on each node.
        guard mpi.rank.value == slurm.rank.value || (slurm.ranksOfNode?.value ?? 1) == 1 else {
            throw contradiction(mpi, slurm)
        }
        return mpi
    }

    private static func requireAgreement(_ launchers: [Launcher]) throws(LaunchError) {
        for other in launchers.dropFirst() where other.rank.value != launchers[0].rank.value {
            throw contradiction(launchers[0], other)
        }
    }

    private static func contradiction(_ one: Launcher, _ other: Launcher) -> LaunchError {
        LaunchError(
            "this process has two ranks: \(one.rank.source) is \(one.rank.value), and \(other.rank.source) is"
                + " \(other.rank.value), so \(one.name) and \(other.name) both start it; leave one of them"
                + " out, or give --rank R and --join HOST")
    }

    // MARK: MPI

    private static func openMPI(_ variables: Variables) throws(LaunchError) -> Launcher? {
        guard let rank = try variables.integer("OMPI_COMM_WORLD_RANK") else { return nil }
        var launcher = Launcher(name: "Open MPI", rank: rank)
        launcher.ranks = try variables.integer("OMPI_COMM_WORLD_SIZE", 1...Launch.mostRanks)
        launcher.ranksOfNode = try variables.integer("OMPI_COMM_WORLD_LOCAL_SIZE", 1...Launch.mostRanks)
        launcher.rendezvous = namespace(variables, of: "openmpi", "PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid")
        return launcher
    }

    /// MPICH's Hydra, and what is made of it.
    private static func mpich(_ variables: Variables) throws(LaunchError) -> Launcher? {
        let ofNode = try variables.integer("MPI_LOCALNRANKS", 1...Launch.mostRanks)
        guard let ofNode, let rank = try variables.integer("PMI_RANK") else { return nil }
        var launcher = Launcher(name: "MPICH", rank: rank)
        launcher.ranks = try variables.integer("PMI_SIZE", 1...Launch.mostRanks)
        launcher.ranksOfNode = ofNode
        return launcher
    }

    /// Another process manager that speaks PMI or PMIx.
    private static func managed(_ variables: Variables) throws(LaunchError) -> Launcher? {
        let ranks = [try variables.integer("PMI_RANK"), try variables.integer("PMIX_RANK")].compactMap(\.self)
        guard let rank = ranks.first else { return nil }
        var launcher = Launcher(name: rank.source == "PMI_RANK" ? "PMI" : "PMIx", rank: rank)
        if let other = ranks.dropFirst().first, other.value != rank.value {
            throw contradiction(launcher, Launcher(name: "PMIx", rank: other))
        }
        launcher.ranks = try variables.integer("PMI_SIZE", 1...Launch.mostRanks)
        launcher.rendezvous = namespace(variables, of: "pmix", "PMIX_NAMESPACE")
        return launcher
    }

    private static func namespace(_ variables: Variables, of launcher: String, _ names: String...)
        -> Found<Rendezvous>?
    {
        for name in names {
            if let text = variables.text(name), let name = Rendezvous(of: launcher, text.value) {
                return Found(name, text.source)
            }
        }
        return nil
    }
}
