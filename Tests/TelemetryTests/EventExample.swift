import Telemetry

/// An event with the text that people and programs get of it.
struct EventExample: Sendable, CustomStringConvertible {
    let event: RunEvent
    let level: LogLevel
    let sentence: String
    /// The fields, as the members of a JSON object.
    let fields: String

    init(_ event: RunEvent, _ sentence: String, _ fields: String = "") {
        self.init(event, .info, sentence, fields)
    }

    init(_ event: RunEvent, _ level: LogLevel, _ sentence: String, _ fields: String = "") {
        self.event = event
        self.level = level
        self.sentence = sentence
        self.fields = fields
    }

    var description: String { sentence }

    /// Two or three examples of each event, the first of which is in the documentation.
    static let all =
        beginnings + endings + trainings + checkpoints + workers + networks + records + generations + audits
        + others
        + sessions

    static let one = WorkerName(1, name: "node1/4711", address: "10.0.0.6")
    static let two = WorkerName(2, name: "node2/815", address: "10.0.0.7")
    /// A worker of which nothing but the number is known.
    static let nine = WorkerName(9)
}

extension EventExample {
    fileprivate static let beginnings = [
        EventExample(.run(.readingData), "reading the data"),
        EventExample(
            .run(
                .launched(
                    rank: 2, ranks: 4, host: "n008", firstPort: 26_808, lastPort: 26_815,
                    rendezvous: "slurm-123.4", lanes: 8,
                    origins: ["rank 2 of 4 (SLURM_PROCID)", "rank 0 is on n008 (SLURM_STEP_NODELIST)"])),
            "rank 2 of 4 (SLURM_PROCID); rank 0 is on n008 (SLURM_STEP_NODELIST)",
            #""rank":2,"ranks":4,"host":"n008","first_port":26808,"last_port":26815,"#
                + #""rendezvous":"slurm-123.4","lanes":8,"#
                + #""origins":["rank 2 of 4 (SLURM_PROCID)","rank 0 is on n008 (SLURM_STEP_NODELIST)"]"#),
        EventExample(
            .run(
                .launched(
                    rank: 0, ranks: nil, host: nil, firstPort: 7070, lastPort: 7070, rendezvous: nil,
                    lanes: nil, origins: ["rank 0 (--rank)"])), "rank 0 (--rank)",
            #""rank":0,"ranks":null,"host":null,"first_port":7070,"last_port":7070,"rendezvous":null,"#
                + #""lanes":null,"origins":["rank 0 (--rank)"]"#),
        EventExample(
            .run(.awaitingToken(file: "/home/bob/.config/dist-train/token", seconds: 300)),
            "there is no token in /home/bob/.config/dist-train/token yet; waiting for it for 5 min 00 s",
            #""file":"/home/bob/.config/dist-train/token","seconds":300.0"#),
        EventExample(
            .run(.pageListening(address: "http://127.0.0.1:40123/", linkFile: "runs/mnist-1/page")),
            "the page of this run is at http://127.0.0.1:40123/; the link with its key is in"
                + " runs/mnist-1/page",
            #""address":"http://127.0.0.1:40123/","link_file":"runs/mnist-1/page""#),
        EventExample(
            .run(.pageUnencrypted(address: "http://10.0.0.5:7071/")), .warning,
            "the page at http://10.0.0.5:7071/ is plain HTTP: whoever is on the network can read it, and its"
                + " key; on a network that is not yours, leave out --page and use a tunnel (`ssh -L`)",
            #""address":"http://10.0.0.5:7071/""#),
        EventExample(
            .run(.pageFailed(address: "127.0.0.1:80", reason: "no permission")), .warning,
            "the page cannot be served at 127.0.0.1:80: no permission; the run goes on without it. Name"
                + " another address with --page, or leave it out with --no-page",
            #""address":"127.0.0.1:80","reason":"no permission""#),
        EventExample(
            .run(.weightNamesUnwrapped(file: "x.safetensors", parts: ["_orig_mod.", "module."])), .info,
            "the names in x.safetensors count without `_orig_mod.` and `module.`, which a wrapper of the"
                + " network wrote",
            #""file":"x.safetensors","parts":["_orig_mod.","module."]"#),
        EventExample(
            .run(
                .dataNote(
                    kind: "row_number", text: "column `id` of `a.csv` counts the rows",
                    cure: "leave it out: ignore: [\"id\"]")), .warning,
            "column `id` of `a.csv` counts the rows; leave it out: ignore: [\"id\"]",
            #""kind":"row_number","text":"column `id` of `a.csv` counts the rows","#
                + #""cure":"leave it out: ignore: [\"id\"]""#),
        EventExample(
            .run(.dataNote(kind: "dropped_rows", text: "3 rows are left out", cure: nil)),
            "3 rows are left out", #""kind":"dropped_rows","text":"3 rows are left out","cure":null"#),
        EventExample(
            .run(
                .dataRead(
                    train: 1_437, validation: 360, test: 0,
                    summary: "1,437 samples for training, 360 for validation; 64 features")),
            "data: 1,437 samples for training, 360 for validation; 64 features",
            #""train":1437,"validation":360,"test":0,"#
                + #""summary":"1,437 samples for training, 360 for validation; 64 features""#),
        EventExample(
            .run(.loadingWeights(file: "old/model.safetensors")),
            "loading the weights in old/model.safetensors", #""file":"old/model.safetensors""#),
        EventExample(
            .run(
                .started(
                    name: "mnist", parameters: 101_770, steps: 9_380, epochs: 10, directory: "runs/mnist-1")),
            "mnist: 101,770 parameters, 9,380 steps; run directory runs/mnist-1",
            #""name":"mnist","parameters":101770,"steps":9380,"epochs":10,"run_directory":"runs/mnist-1""#),
        EventExample(
            .run(.started(name: "pca", parameters: 0, steps: 1, epochs: 1, directory: "x")),
            "pca: 1 step; run directory x",
            #""name":"pca","parameters":0,"steps":1,"epochs":1,"run_directory":"x""#),
        EventExample(
            .run(.alreadyFinished(directory: "runs/mnist-1")),
            "the run in runs/mnist-1 has reached its end; this is its result",
            #""run_directory":"runs/mnist-1""#),
        EventExample(
            .run(.resumed(step: 9_000, checkpoint: "runs/mnist-1/checkpoints/step-00009000")),
            "resuming from step 9,000 (runs/mnist-1/checkpoints/step-00009000)",
            #""step":9000,"checkpoint":"runs/mnist-1/checkpoints/step-00009000""#),
        EventExample(
            .run(.listening(host: "0.0.0.0", port: 7070, joinCommand: "dist-train worker --join 10.0.0.5")),
            "listening on 0.0.0.0:7070; a worker joins with:  dist-train worker --join 10.0.0.5",
            #""host":"0.0.0.0","port":7070,"join_command":"dist-train worker --join 10.0.0.5","#
                + #""other_addresses":[]"#
        ),
        EventExample(
            .run(.listening(host: "::1", port: 80, joinCommand: "j", others: ["10.0.0.5", "10.0.1.5"])),
            "listening on [::1]:80; a worker joins with:  j  (or 10.0.0.5, 10.0.1.5)",
            #""host":"::1","port":80,"join_command":"j","other_addresses":["10.0.0.5","10.0.1.5"]"#),
        EventExample(
            .run(.doubtful(reason: "`bn` normalises one value per channel")), .warning,
            "`bn` normalises one value per channel", #""reason":"`bn` normalises one value per channel""#),
        EventExample(
            .run(.tokenKept(file: "runs/mnist-1/token")),
            "no home directory can be written to, so the token is in `runs/mnist-1/token`; workers take it"
                + " with --token-file or DIST_TRAIN_TOKEN", #""file":"runs/mnist-1/token""#),
        EventExample(
            .run(.encryptionOff), .warning,
            "--plaintext: nothing that goes over the network is encrypted; whoever is on it can read the data"
                + " and change the model without being noticed"),
    ]

    fileprivate static let endings = [
        EventExample(
            .ending(.reportWritten(path: "a/report.html", leftOut: [])), "report: a/report.html",
            #""path":"a/report.html","left_out":[]"#),
        EventExample(
            .ending(.reportWritten(path: "r", leftOut: ["samples: the time was over"])),
            "report: r; left out: samples: the time was over",
            #""path":"r","left_out":["samples: the time was over"]"#),
        EventExample(
            .ending(.reportFailed(reason: "no room", directory: "my run")), .warning,
            "there is no report: no room; make it with:  dist-train report 'my run'",
            #""reason":"no room","directory":"my run""#),
        EventExample(
            .ending(.boundaryGivenUp(step: 9_000)), .warning,
            "the step at hand takes too long (--grace): stopping with the snapshot of step 9,000; what came"
                + " after it is computed again",
            #""step":9000"#),
        EventExample(
            .ending(.stopRequested), "stopping after this step; a second signal ends the process at once"),
        EventExample(
            .ending(
                .stopped(step: 4_500, steps: 9_380, resumeCommand: "dist-train run mnist.json5 --resume")),
            "stopped after step 4,500 of 9,380; resume with:  dist-train run mnist.json5 --resume",
            #""step":4500,"steps":9380,"resume_command":"dist-train run mnist.json5 --resume""#),
        EventExample(
            .ending(
                .failed(
                    reason: "the loss became NaN in step 2", checkpoint: nil,
                    resumeCommand: "dist-train run mnist.json5 --resume")), .error,
            "the loss became NaN in step 2\n"
                + "there is no checkpoint yet; start again with:  dist-train run mnist.json5 --resume",
            #""reason":"the loss became NaN in step 2","checkpoint":null,"#
                + #""resume_command":"dist-train run mnist.json5 --resume","retry_command":null"#),
        EventExample(
            .ending(
                .failed(
                    reason: "the loss became NaN in step 2", checkpoint: "c/step-7", resumeCommand: "r",
                    retryCommand: "dist-train run mnist.json5 --set optimizer.adam.learning_rate=0.1")),
            .error,
            "the loss became NaN in step 2\nresuming would fail in the same way. Begin a new run with a lower"
                + " learning rate, from the newest checkpoint c/step-7:  dist-train run mnist.json5 --set"
                + " optimizer.adam.learning_rate=0.1",
            #""reason":"the loss became NaN in step 2","checkpoint":"c/step-7","resume_command":"r","#
                + #""retry_command":"dist-train run mnist.json5 --set optimizer.adam.learning_rate=0.1""#),
        EventExample(
            .ending(.failed(reason: "no worker is left", checkpoint: "c/step-7", resumeCommand: "r")), .error,
            "no worker is left\nthe newest checkpoint is c/step-7; resume with:  r",
            #""reason":"no worker is left","checkpoint":"c/step-7","resume_command":"r","retry_command":null"#
        ),
        EventExample(
            .ending(
                .finished(
                    RunEvent.Finish(
                        steps: 9_380, epochs: 10, workers: 3, recoveries: 1, seconds: 75.5,
                        stateSHA256: "7bd1",
                        isExact: true))), .debug,
            "finished: 9,380 steps (10 epochs) with 3 workers in 1 min 16 s",
            #""steps":9380,"epochs":10,"workers":3,"recoveries":1,"seconds":75.5,"state_sha256":"7bd1","#
                + #""exact":true"#
        ),
        EventExample(
            .ending(
                .finished(
                    RunEvent.Finish(
                        steps: 1, epochs: 1, workers: 1, recoveries: 0, seconds: 0.25, stateSHA256: "a",
                        isExact: false))), .debug,
            "finished: 1 step (1 epoch) with 1 worker in 0.25 s",
            #""steps":1,"epochs":1,"workers":1,"recoveries":0,"seconds":0.25,"state_sha256":"a","#
                + #""exact":false"#
        ),
    ]

    fileprivate static let trainings = [
        EventExample(
            .training(
                .stepFinished(
                    StepSummary(
                        step: 1_500, epoch: 2, samples: 64,
                        values: [NamedValue("loss", 0.125), NamedValue("accuracy", 0.9375)],
                        learningRate: 0.01,
                        seconds: 12.5))), .debug,
            "step 1,500 (epoch 2): loss 0.1250, accuracy 0.9375",
            #""step":1500,"epoch":2,"samples":64,"values":{"loss":0.125,"accuracy":0.9375},"#
                + #""learning_rate":0.01,"seconds":12.5"#),
        EventExample(
            .training(
                .stepFinished(
                    StepSummary(step: 1, epoch: 1, samples: 8, values: [NamedValue("loss", .nan)]))),
            .debug, "step 1 (epoch 1): loss nan",
            #""step":1,"epoch":1,"samples":8,"values":{"loss":null},"learning_rate":null,"seconds":0.0"#),
        EventExample(
            .training(
                .stepLogged(
                    StepSummary(
                        step: 20, epoch: 1, samples: 8, values: [NamedValue("loss", 0.5)], learningRate: 0.1,
                        gradients: [GradientNorms("dense1/weight", l1: 3, l2: 2.5, linf: 2)],
                        deadUnits: [NamedValue("relu1", 0.25)], seconds: 1))), .debug,
            "step 20 (epoch 1): loss 0.5000",
            #""step":20,"epoch":1,"samples":8,"values":{"loss":0.5},"learning_rate":0.1,"#
                + #""gradients":{"dense1/weight":{"l1":3.0,"l2":2.5,"linf":2.0}},"#
                + #""dead_units":{"relu1":0.25},"seconds":1.0"#),
        EventExample(
            .training(
                .epochFinished(
                    EpochSummary(
                        epoch: 2, epochs: 10, step: 1_876,
                        train: [NamedValue("loss", 0.25), NamedValue("accuracy", 0.875)], penalty: 0.125,
                        validation: [NamedValue("loss", 0.5), NamedValue("accuracy", 0.75)],
                        isBest: true, seconds: 15.25))),
            .debug,
            "epoch 2/10  loss 0.2500  accuracy 0.8750  validation loss 0.5000, accuracy 0.7500  15.2 s",
            #""epoch":2,"epochs":10,"step":1876,"train":{"loss":0.25,"accuracy":0.875},"penalty":0.125,"#
                + #""validation":{"loss":0.5,"accuracy":0.75},"stopped_early":false,"best":true,"#
                + #""seconds":15.25"#),
        EventExample(
            .training(
                .epochFinished(
                    EpochSummary(
                        epoch: 3, epochs: 3, step: 9, train: [NamedValue("loss", 2)], stoppedEarly: true,
                        seconds: 1))), .debug, "epoch 3/3  loss 2.0000  1.00 s",
            #""epoch":3,"epochs":3,"step":9,"train":{"loss":2.0},"penalty":null,"#
                + #""validation":null,"stopped_early":true,"best":null,"#
                + #""seconds":1.0"#
        ),
        EventExample(
            .training(
                .evaluationFinished(
                    set: "validation", step: 1_876,
                    values: [NamedValue("loss", 0.5), NamedValue("accuracy", 0.75)])),
            .debug, "validation after step 1,876: loss 0.5000, accuracy 0.7500",
            #""set":"validation","step":1876,"values":{"loss":0.5,"accuracy":0.75}"#),
        EventExample(
            .training(.stoppedEarly(step: 1_800, monitor: "validation.loss", best: 0.0531, bestStep: 1_350)),
            "early stopping: the job ends with step 1,800, because validation.loss has not improved since"
                + " step 1,350"
                + " (0.0531)", #""step":1800,"monitor":"validation.loss","best":0.0531,"best_step":1350"#),
        EventExample(
            .training(.stoppedEarly(step: 9, monitor: "train.loss", best: nil, bestStep: 0)),
            "early stopping: the job ends with step 9, because train.loss has not improved",
            #""step":9,"monitor":"train.loss","best":null,"best_step":0"#),
        EventExample(
            .training(.textSampled(step: 1500, prompt: "ROMEO:", text: "\nWhat, ho!")),
            "after step 1,500 it writes: ROMEO:\nWhat, ho!",
            #""step":1500,"prompt":"ROMEO:","text":"\nWhat, ho!""#),
        EventExample(
            .training(.sampleFailed(step: 1500, reason: "the prompt cannot be read")), .warning,
            "no text was written after step 1,500: the prompt cannot be read",
            #""step":1500,"reason":"the prompt cannot be read""#),
        EventExample(
            .training(.slowestChanged(worker: two, speed: 0.25)), .debug,
            "worker 2 (node2) is slow: 0.25 of the others' speed", #""worker":2,"speed":0.25"#
        ),
        EventExample(
            .training(.slowestChanged(worker: nil, speed: 1)), .debug,
            "no worker is much slower than the others any more", #""worker":null,"speed":1.0"#),
    ]

    fileprivate static let checkpoints = [
        EventExample(
            .checkpoint(.snapshotCompleted(step: 1_200)), .debug, "the snapshot of step 1,200 is complete",
            #""step":1200"#),
        EventExample(.checkpoint(.requested), "a checkpoint was requested"),
        EventExample(
            .checkpoint(.written(step: 1_200, path: "r/checkpoints/step-00001200", isRequested: false)),
            .debug,
            "the checkpoint of step 1,200 is written (r/checkpoints/step-00001200)",
            #""step":1200,"path":"r/checkpoints/step-00001200","requested":false"#),
        EventExample(
            .checkpoint(.written(step: 7, path: "c", isRequested: true)),
            "the checkpoint of step 7 is written (c)",
            #""step":7,"path":"c","requested":true"#),
        EventExample(
            .checkpoint(.failed(step: 1_200, reason: "no space left on the disk")), .error,
            "the checkpoint of step 1,200 could not be written: no space left on the disk. The checkpoints"
                + " before it are intact",
            #""step":1200,"reason":"no space left on the disk""#),
        EventExample(
            .checkpoint(.skipped(reason: "`c/step-9` is damaged")), .warning, "`c/step-9` is damaged",
            #""reason":"`c/step-9` is damaged""#),
        EventExample(
            .checkpoint(.passedOver(count: 1, step: 12)), .warning,
            "writing a checkpoint takes longer than the steps between two: that of step 12 is left out for a"
                + " newer one; raise `checkpoint.every`", #""count":1,"step":12"#),
        EventExample(
            .checkpoint(.passedOver(count: 38, step: 39)), .warning,
            "38 checkpoints were left out, the last one of step 39, because writing one takes longer than the"
                + " steps between two; raise `checkpoint.every`", #""count":38,"step":39"#),
        EventExample(
            .checkpoint(.missing(directory: "runs/mnist-1")), .warning,
            "`runs/mnist-1` has no valid checkpoint: the run starts from its beginning",
            #""run_directory":"runs/mnist-1""#),
    ]

    fileprivate static let workers = [
        EventExample(
            .worker(.joined(two)), "worker 2 (node2) has joined",
            #""worker":2,"name":"node2/815","address":"10.0.0.7""#),
        EventExample(
            .worker(.joined(WorkerName(3, name: "a/1"))), "worker 3 (a) has joined",
            #""worker":3,"name":"a/1","address":"""#),
        EventExample(
            .worker(.ready(two, platform: "x86_64-Zen-f516")), .debug,
            "worker 2 (node2) is ready (x86_64-Zen-f516)",
            #""worker":2,"platform":"x86_64-Zen-f516""#),
        EventExample(
            .worker(.refused(two, reason: "platform A instead of B")), .warning,
            "worker 2 (node2) is refused: its arithmetic differs (platform A instead of B)",
            #""worker":2,"reason":"platform A instead of B""#),
        EventExample(
            .worker(.inexact(two, reason: "platform A instead of B")), .warning,
            "worker 2 (node2) computes other bits (platform A instead of B); the result will"
                + " not be"
                + " exact", #""worker":2,"reason":"platform A instead of B""#),
        EventExample(
            .worker(.spare(two, members: 1, reason: "a batch has 1 microbatch, and each worker needs one")),
            .warning,
            "worker 2 (node2) is a spare and computes nothing: 1 worker takes part, because a"
                + " batch has 1 microbatch, and each worker needs one",
            #""worker":2,"members":1,"reason":"a batch has 1 microbatch, and each worker needs one""#),
        EventExample(
            .worker(.crowded(machine: "node1", workers: 64, cores: 2)), .warning,
            "64 workers share the 2 cores of node1, which is slower than one worker for each core: start 2"
                + " there", #""machine":"node1","workers":64,"cores":2"#),
        EventExample(
            .worker(.paused(two, seconds: 4)), .warning,
            "worker 2 (node2) waits for 4 s, because workers of its machine died again and"
                + " again as"
                + " soon as they took part", #""worker":2,"seconds":4"#),
        EventExample(.worker(.left(two)), "worker 2 (node2) has left", #""worker":2"#),
        EventExample(
            .worker(
                .lost(
                    two, reason: "the connection closed unexpectedly", rank: 1, step: 1_001, phase: "backward"
                )),
            .warning,
            "worker 2 (node2) is lost in step 1,001 (backward): the connection closed"
                + " unexpectedly",
            #""worker":2,"reason":"the connection closed unexpectedly","rank":1,"step":1001,"#
                + #""phase":"backward""#
        ),
        EventExample(
            .worker(.lost(nine, reason: "it hangs", rank: 0, step: 3)), .warning,
            "worker 9 is lost in step 3: it hangs",
            #""worker":9,"reason":"it hangs","rank":0,"step":3,"phase":null"#),
        EventExample(
            .worker(.lost(nine, reason: "it closed its connection")), .warning,
            "worker 9 is lost: it closed its connection",
            #""worker":9,"reason":"it closed its connection","rank":null,"step":null,"phase":null"#),
        EventExample(
            .worker(.missing(ready: 1, needed: 3, paused: 0, hasBegun: false)), .warning,
            "no progress: waiting for 2 more workers (1 of 3 are ready); start them, or restart with a"
                + " smaller"
                + " --min-workers", #""ready":1,"needed":3,"paused":0"#),
        EventExample(
            .worker(.missing(ready: 0, needed: 1, paused: 0, hasBegun: true)), .warning,
            "no progress: waiting for 1 more worker (0 of 1 are ready); start one, and the training"
                + " continues",
            #""ready":0,"needed":1,"paused":0"#),
        EventExample(
            .worker(.missing(ready: 0, needed: 1, paused: 0, hasBegun: false)), .warning,
            "no progress: waiting for 1 more worker (0 of 1 are ready); start one",
            #""ready":0,"needed":1,"paused":0"#),
        EventExample(
            .worker(.missing(ready: 2, needed: 1, paused: 1, hasBegun: true)), .warning,
            "no progress: 1 of 2 workers must wait before they may take part",
            #""ready":2,"needed":1,"paused":1"#),
        EventExample(
            .worker(.missing(ready: 2, needed: 2, paused: 0, hasBegun: false)), .warning,
            "no progress: 2 workers are ready, but too few can reach each other",
            #""ready":2,"needed":2,"paused":0"#),
        EventExample(
            .worker(.observed(observation)), .debug, "2 workers connected; the coordinator occupies 1.4 MiB",
            #""workers":[{"worker":1,"state":"member","rank":0,"microbatches":4,"speed":1.0,"#
                + #""heartbeat_seconds":0.25,"memory_bytes":9000000,"step":18,"phase":"backward"},"#
                + #"{"worker":2,"state":"joining","rank":null,"microbatches":null,"speed":null,"#
                + #""heartbeat_seconds":null,"memory_bytes":null,"step":null,"phase":null}],"#
                + #""memory_bytes":1500000,"sent_bytes":1000,"received_bytes":2000"#),
    ]
}

extension EventExample {
    /// A member and a worker that joins.
    static let observation: Observation = {
        var member = WorkerStatus(one, .member)
        (member.rank, member.microbatches, member.share, member.speed) = (0, 4, 1, 1)
        (member.heartbeat, member.memory, member.received) = (0.25, 9_000_000, 5_000)
        (member.step, member.phase) = (18, "backward")
        return Observation(
            workers: [member, WorkerStatus(two, .joining)], memory: 1_500_000, memoryLimit: 8_000_000,
            sent: 1_000, received: 2_000)
    }()
}
