import Jobs
import System
import TestSupport
import Testing

/// The manifests of `deploy/kubernetes`.
@Suite struct KubernetesTests {
    private static let folder = "deploy/kubernetes"
    private static let python = Environment.value("PYTHON") ?? "python3"
    private static let kubectl = ["/usr/bin/kubectl", "/usr/local/bin/kubectl"].first(where: File.exists)

    /// Whether PyPI's `kubernetes-validate` is there, which has the schemas of all versions.
    private static let hasSchemas: Bool = {
        let child = try? ChildProcess(
            python, ["-c", "import kubernetes_validate, yaml"], standardOutput: .discard,
            standardError: .discard)
        return child?.wait(seconds: 60) == .exited(0)
    }()

    @Test func theJobIsValid() throws {
        let job = try JobFile.load(
            text: try ProjectFiles.text(Self.folder + "/job.json5"), named: "job.json5")
        let workers = try ProjectFiles.text(Self.folder + "/workers.yaml")
        let count = try #require(
            workers.split(separator: "parallelism: ").dropFirst().first?.prefix { $0.isNumber })
        #expect(workers.contains("completions: \(count)\n"), "each of them is a completion")
        #expect(job.job.microbatches ?? 0 >= Int(count)!, "each worker needs a microbatch")
    }

    @Test(.enabled(if: hasSchemas, "python3 with kubernetes-validate is missing"))
    func schemasAcceptThem() async throws {
        try await onThread {
            let run = try Self.check(ProjectFiles.path(Self.folder))
            #expect(run.status == .exited(0) && run.said.hasSuffix(" 0 faults\n"), "\(run.said)")
            let versions = Int(run.said.split(separator: " ").dropFirst(2).first ?? "") ?? 0
            #expect(versions >= 9, "\(run.said)")
        }
    }

    /// A field that is mistyped or left out, and a name that names nothing, are found.
    @Test(
        .enabled(if: hasSchemas, "python3 with kubernetes-validate is missing"),
        arguments: [
            ("coordinator.yaml", "readOnlyRootFilesystem", "readOnlyRootFilesytem", "unexpected"),
            ("coordinator.yaml", "backoffLimit: 20", "backoffLimit: many", "not of type"),
            ("coordinator.yaml", "port: page", "port: pages", "the probe asks"),
            ("workers.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "as root"),
            ("workers.yaml", "- dist-train\n", "- dist-trein\n", "joins no Service"),
            ("workers.yaml", "mountPath: /data", "mountPath: 5", "not of type"),
            ("service.yaml", "port: 7071", "port: 7072", "other ports"),
            ("kustomization.yaml", "  - network.yaml\n", "", "network.yaml is missing"),
        ]) func mistakesAreFound(_ file: String, _ right: String, _ wrong: String, _ message: String)
        async throws
    {
        try await onThread {
            let directory = try TemporaryDirectory()
            for name in try Directory.list(ProjectFiles.path(Self.folder)) {
                let text = try ProjectFiles.text("\(Self.folder)/\(name)")
                if name == file { try #require(text.contains(right), "\(file) has no \(right)") }
                try directory.write(name, name == file ? text.replacing(right, with: wrong) : text)
            }
            let run = try Self.check(directory.path)
            #expect(run.status == .exited(1) && run.said.contains(message), "\(run.said)")
        }
    }

    /// `kubectl` renders what `kubectl apply -k` sends: with the job, and with the image of the registry.
    @Test(.enabled(if: kubectl != nil, "kubectl is missing")) func kustomizeRenders() async throws {
        try await onThread {
            let child = try ChildProcess(
                try #require(Self.kubectl), ["kustomize", ProjectFiles.path(Self.folder)],
                standardOutput: .capture, standardError: .capture)
            #expect(child.wait(seconds: 60) == .exited(0), "\(child.standardError())")
            let text = child.standardOutput()
            #expect(text.contains("  job.json5: |") && text.contains(#"name: "digits","#))
            #expect(text.split(separator: "image: registry.example/dist-train:").count == 3)
            #expect(text.split(separator: "\n---\n").count == 6)
        }
    }

    private static func check(_ folder: String) throws -> (status: System.ExitStatus?, said: String) {
        let child = try ChildProcess(
            python, [ProjectFiles.path("Tests/Fixtures/kubernetes/check_manifests.py"), folder],
            standardOutput: .capture, standardError: .capture)
        let status = child.wait(seconds: 120)
        return (status, child.standardOutput() + child.standardError())
    }
}
