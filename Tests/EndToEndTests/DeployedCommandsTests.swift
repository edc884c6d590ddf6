import System
import TestSupport
import Testing

/// The program accepts all that the units, scripts and manifests of `deploy` say to it.
@Suite struct DeployedCommandsTests {
    private static let folders = ["systemd", "container", "kubernetes"]

    /// The files that say something, by their paths below the project's directory.
    private static func files() throws -> [String] {
        let inFolders = try folders.filter { Directory.isDirectory(ProjectFiles.path("deploy/\($0)")) }
            .flatMap { folder in
                try Directory.list(ProjectFiles.path("deploy/\(folder)")).map { "deploy/\(folder)/\($0)" }
            }
        let scripts = try Directory.list(ProjectFiles.path("deploy")).filter {
            $0.hasSuffix(".sbatch") || $0.hasSuffix(".sh")
        }
        return (inFolders + scripts.map { "deploy/\($0)" }).filter {
            !Directory.isDirectory(ProjectFiles.path($0)) && !$0.hasSuffix(".md")
        }
        .sorted()
    }

    private static func commands(of file: String) throws -> DeployedCommands {
        DeployedCommands(text: try ProjectFiles.text(file), isManifest: file.hasSuffix(".yaml"))
    }

    private static func check(
        _ words: [String], _ variables: [String: String] = [:], in directory: String
    ) throws -> Program.Finished {
        try Program.run(["--check"] + words, in: directory, variables)
    }

    @Test func allAreAccepted() async throws {
        try await onThread {
            let directory = try TemporaryDirectory()
            for file in try Self.files() {
                for words in try Self.commands(of: file).commands {
                    let run = try Self.check(words, in: directory.path)
                    #expect(
                        run.status == .exited(0) && run.output == "ok\n",
                        "\(file): \(words.joined(separator: " ")): \(run.errors)")
                }
            }
            #expect(try Directory.list(directory.path) == [], "a check makes no files")
        }
    }

    @Test func allVariablesAreKnown() async throws {
        try await onThread {
            let directory = try TemporaryDirectory()
            for file in try Self.files() {
                for (name, value) in try Self.commands(of: file).variables {
                    let run = try Self.check(["doctor"], [name: value ?? ""], in: directory.path)
                    #expect(!run.errors.contains("there is no variable"), "\(file): \(run.errors)")
                    #expect(run.status == .exited(0) || value == nil, "\(file): \(run.errors)")
                }
            }
        }
    }

    /// Every unit, script and folder of manifests says something, and of that everything is read: one letter
    /// too many in any option is found.
    @Test func noMistakeIsOverlooked() async throws {
        try await onThread {
            let directory = try TemporaryDirectory()
            var speaking: Set<String> = []
            for file in try Self.files() {
                for words in try Self.commands(of: file).commands {
                    speaking.formUnion([file, Path.directory(of: file)])
                    for (index, word) in words.enumerated() where word.hasPrefix("--") {
                        var mistyped = words
                        let name = word.prefix { $0 != "=" }
                        mistyped[index] = name + "e" + word.dropFirst(name.count)
                        let run = try Self.check(mistyped, in: directory.path)
                        #expect(run.status == .exited(64), "\(file): \(mistyped)")
                        #expect(run.errors.contains("has no option \(name)e"), "\(file): \(run.errors)")
                    }
                }
            }
            let silent = try Self.files().filter { $0.hasSuffix(".service") || $0.hasSuffix(".sbatch") }
                .filter { !speaking.contains($0) }
            #expect(silent == [], "no command of dist-train is found there")
            #expect(speaking.isSuperset(of: ["deploy/container/compose.yaml", "deploy/kubernetes"]))
        }
    }

    @Test func scriptsAndUnitsAreTakenApart() {
        let script = DeployedCommands(
            text: #"""
                #!/bin/bash
                # dist-train run in-a-comment
                program=/opt/dist-train; config=${1:-job.json5}   # dist-train run behind-one
                export DIST_TRAIN_TOKEN_FILE="token" DIST_TRAIN_TOKEN=$secret
                cp build/dist-train "$there/dist-train" && dist-train --version
                srun --wait=0 "$program" run "$config" --grace "$seconds" --run-dir "runs/$(date)/${X}" \
                    --name 'a b' "${options[@]}" $MORE >log 2>&1 && /usr/bin/dist-train doctor | tail
                echo "dist-train run no command"
                """#, isManifest: false)
        #expect(
            script.commands == [
                [
                    "run", "job.json5", "--grace", "1", "--run-dir", "runs/1/1", "--name", "a b",
                ],
                ["doctor"],
            ])
        #expect(script.variables.map(\.name) == ["DIST_TRAIN_TOKEN_FILE", "DIST_TRAIN_TOKEN"])
        #expect(script.variables.map(\.value) == ["token", nil])
        let unit = DeployedCommands(
            text: """
                [Service]
                Environment=DIST_TRAIN_SHARED_MEMORY=0
                ExecStartPre=-/usr/bin/true
                ExecStart=/usr/bin/dist-train worker --join %i \\
                    --keep $WORKER_OPTIONS
                """, isManifest: false)
        #expect(unit.commands == [["worker", "--join", "%i", "--keep"]])
        #expect(unit.variables.map(\.value) == ["0"])
    }

    @Test func manifestsAreTakenApart() {
        let manifest = DeployedCommands(
            text: """
                containers:
                  - name: a
                    args: [coordinator, "/etc/dist-train/job.json5",
                      --resume=auto]
                    env:
                      - name: DIST_TRAIN_TOKEN_FILE
                        value: /token
                      - name: DIST_TRAIN_TOKEN
                        valueFrom: {secretKeyRef: {name: token}}
                  - args:   # of the worker
                      - worker
                      # why
                      - --join
                      - "${HOST:-coordinator}"   # the service
                    healthcheck:
                      test: ["CMD", "/usr/bin/dist-train", "doctor"]
                """, isManifest: true)
        #expect(
            manifest.commands == [
                ["coordinator", "/etc/dist-train/job.json5", "--resume=auto"],
                ["worker", "--join", "coordinator"], ["doctor"],
            ])
        #expect(manifest.variables.map(\.value) == ["/token", nil])
    }
}
