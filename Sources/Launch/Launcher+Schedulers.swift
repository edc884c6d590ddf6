import Transport

// The launchers that are schedulers: Slurm's srun, and the indexed Jobs of Kubernetes.
extension Launcher {
    /// Steps from this number on are no steps of srun: the batch script, an interactive shell.
    private static let firstPseudoStep = 0xffff_fff0
    private static let anyNumber = 0...Int(UInt32.max)

    /// The step of `srun`. Outside of a step SLURM_PROCID is 0 and means nothing.
    static func slurm(_ variables: Variables) throws(LaunchError) -> Launcher? {
        guard let step = try variables.first("SLURM_STEP_ID", "SLURM_STEPID", range: anyNumber),
            step.value < firstPseudoStep, let rank = try variables.integer("SLURM_PROCID")
        else { return nil }
        var launcher = Launcher(name: "Slurm", rank: rank)
        launcher.ranks = try variables.first(
            "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", range: 1...Launch.mostRanks)
        launcher.ranksOfNode = try slurmTasks(variables)
        if let list = variables.text("SLURM_STEP_NODELIST") {
            launcher.host = Found(try SlurmNodeList(list.value).first, list.source)
        }
        if let job = try variables.first("SLURM_JOB_ID", "SLURM_JOBID", range: anyNumber) {
            launcher.lastingName = "slurm-\(job.value)"
            launcher.rendezvous = Rendezvous("slurm-\(job.value).\(step.value)").map {
                Found($0, "\(job.source) and \(step.source)")
            }
        }
        launcher.coresOfNode = try variables.integer("SLURM_CPUS_ON_NODE", 1...Launch.mostRanks)?.value
        launcher.coresOfRank = try variables.integer("SLURM_CPUS_PER_TASK", 1...Launch.mostRanks)?.value
        return launcher
    }

    private static func slurmTasks(_ variables: Variables) throws(LaunchError) -> Found<Int>? {
        let node = try variables.integer("SLURM_NODEID")?.value ?? 0
        for name in ["SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"] {
            guard let text = variables.text(name) else { continue }
            guard let counts = SlurmTaskCounts(text.value) else {
                throw LaunchError(
                    "\(name) is `\(printable(text.value, limit: 60))`, which is no list of tasks such as"
                        + " `2(x3),1`; give the number of compute threads with --lanes, and unset it")
            }
            return counts[node].map { Found($0, name) }
        }
        return nil
    }

    /// A batch script has a rank, 0, on one node, though it is not what `srun` starts everywhere.
    static func refuseBatchScript(_ variables: Variables) throws(LaunchError) {
        guard variables.text("SLURM_JOB_ID") != nil else { return }
        throw LaunchError(
            "this is a job of Slurm, and the line was not started by srun, which gives each task its rank;"
                + " write: srun --kill-on-bad-exit=0 dist-train run CONFIG --everywhere")
    }

    /// A pod of a Job whose completion mode is Indexed. Its host name is JOB-INDEX, and with a subdomain it
    /// has a name that the others can look up.
    static func pod(_ variables: Variables, _ surroundings: Surroundings) throws(LaunchError) -> Launcher? {
        guard let rank = try variables.integer("JOB_COMPLETION_INDEX") else { return nil }
        var launcher = Launcher(name: "Kubernetes", rank: rank)
        launcher.ranksOfNode = Found(1, "a pod")
        launcher.hostAdvice =
            "give the pods of this Job a `subdomain`, the name of a headless Service, so that they find each"
            + " other by name; or name rank 0's host with --join HOST"
        let suffix = "-\(rank.value)"
        let label = surroundings.hostName.prefix { $0 != "." }
        guard label.hasSuffix(suffix), label.count > suffix.count else { return launcher }
        let job = label.dropLast(suffix.count)
        launcher.rendezvous = Rendezvous(of: "job", String(job)).map { Found($0, "the host name") }
        launcher.lastingName = String(job)
        let full = surroundings.fullHostName
        if full.hasPrefix(label + ".") {
            launcher.supposedHost = Found(job + "-0" + full.dropFirst(label.count), "the host name")
        }
        return launcher
    }
}
