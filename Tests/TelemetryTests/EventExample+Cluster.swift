import Telemetry

extension EventExample {
    static let networks = [
        EventExample(
            .network(.suspected(one, other: two, reason: "Connection reset by peer")),
            "worker 1 (node1) lost its connection to worker 2 (node2):"
                + " Connection reset by peer", #""worker":1,"other":2,"reason":"Connection reset by peer""#),
        EventExample(
            .network(.disconnected(two, other: one, reason: "Connection reset by peer", pauseSeconds: nil)),
            .warning,
            "worker 2 (node2) and worker 1 (node1) lost their connection to"
                + " each other, although both live (Connection reset by peer)",
            #""worker":2,"other":1,"reason":"Connection reset by peer","pause_seconds":null"#),
        EventExample(
            .network(.disconnected(WorkerName(8), other: nine, reason: "x", pauseSeconds: 5)), .warning,
            "worker 8 and worker 9 lost their connection to each other, although both live (x). It is not the"
                + " first time: worker 8 waits for 5 s; check the network between them",
            #""worker":8,"other":9,"reason":"x","pause_seconds":5"#),
        EventExample(
            .network(.unreachable(two, other: one, reason: "no route to host", pauseSeconds: 5)), .warning,
            "worker 2 (node2) and worker 1 (node1) cannot reach each other"
                + " in either direction (no route to host); worker 2 (node2) waits for 5 s:"
                + " open the firewall between them, or give --listen a port that it lets through",
            #""worker":2,"other":1,"reason":"no route to host","pause_seconds":5"#),
        EventExample(
            .network(.stalled(seconds: 10)), .warning,
            "nothing moves: every worker waits for another one, and for 10 s nothing has arrived anywhere",
            #""seconds":10"#),
        EventExample(
            .network(.rejected(reason: "10.0.0.9:41 does not speak dist-train's protocol")), .warning,
            "a connection was refused: 10.0.0.9:41 does not speak dist-train's protocol",
            #""reason":"10.0.0.9:41 does not speak dist-train's protocol""#),
        EventExample(
            .network(
                .rejectedMany(
                    count: 1_041, seconds: 10,
                    kinds: [NamedCount("spoke HTTP", 1_030), NamedCount("had another token", 11)])), .warning,
            "1,041 connections in the last 10 s did not prove that they know the token: 1030 spoke HTTP, 11"
                + " had another token",
            #""count":1041,"seconds":10,"kinds":{"spoke HTTP":1030,"had another token":11}"#),
    ]

    static let records = [
        EventExample(
            .records(
                .waiting(
                    file: "metrics.jsonl", limitBytes: 64 << 20,
                    reason: "cannot write `metrics.jsonl`: no space left on the device")), .warning,
            "cannot write `metrics.jsonl`: no space left on the device. The lines of metrics.jsonl wait in"
                + " memory, up to 64.0 MiB, and are written when there is room; no checkpoint is written"
                + " before them",
            #""file":"metrics.jsonl","limit_bytes":67108864,"#
                + #""reason":"cannot write `metrics.jsonl`: no space left on the device""#),
        EventExample(
            .records(.caughtUp(file: "metrics.jsonl")), "the lines of metrics.jsonl that waited are written",
            #""file":"metrics.jsonl""#),
        EventExample(
            .records(.lost(file: "metrics.jsonl", lines: 12, reason: "no space left on the device")), .error,
            "12 lines of metrics.jsonl could not be written: no space left on the device. A resumed run"
                + " writes those of steps and epochs again",
            #""file":"metrics.jsonl","lines":12,"reason":"no space left on the device""#),
        EventExample(
            .records(.dropping(sink: "metrics.csv", reason: "no space left on the device")), .warning,
            "metrics.csv is incomplete from now on: no space left on the device. The training continues, and"
                + " the records that are dropped are counted",
            #""sink":"metrics.csv","reason":"no space left on the device""#),
        EventExample(
            .records(.dropped(sink: "metrics.csv", count: 3)), .warning,
            "metrics.csv lacks 3 records that could not be written", #""sink":"metrics.csv","count":3"#),
    ]

    static let generations = [
        EventExample(
            .generation(
                .formed(number: 3, workers: [1, 2], step: 706, sentBytes: 233_472, keptBytes: 8_388_608)),
            .debug,
            "generation 3 forms at step 706 with 2 workers; 228.0 KiB of the state are sent, 8.0 MiB are"
                + " where they are needed",
            #""generation":3,"workers":[1,2],"step":706,"sent_bytes":233472,"kept_bytes":8388608"#),
        EventExample(
            .generation(.started(number: 3, workers: 2, step: 1_706)),
            "training with 2 workers from step 1,706 (generation 3)",
            #""generation":3,"workers":2,"step":1706"#),
        EventExample(
            .generation(.started(number: 1, workers: 1, step: 0)),
            "training with 1 worker from step 0 (generation 1)", #""generation":1,"workers":1,"step":0"#),
        EventExample(
            .generation(.ending(number: 3, reason: "worker 9 has joined")),
            "the workers regroup after this step: worker 9 has joined",
            #""generation":3,"reason":"worker 9 has joined""#),
        EventExample(
            .generation(
                .workShared(microbatches: [
                    WorkerShare(one, microbatches: 6), WorkerShare(two, microbatches: 2),
                ])),
            "the work is divided by speed; microbatches per step: worker 1 (node1) 6, worker"
                + " 2"
                + " (node2) 2", #""microbatches":{"1":6,"2":2}"#),
        EventExample(
            .generation(.recoveryStarted(step: 1_706, lostSteps: 60)),
            "going back to step 1,706: 60 steps to compute again", #""step":1706,"lost_steps":60"#),
        EventExample(
            .generation(.recoveryStarted(step: 7, lostSteps: 1)),
            "going back to step 7: 1 step to compute again",
            #""step":7,"lost_steps":1"#),
        EventExample(
            .generation(.recoveryContinued(step: 1_707, seconds: 0.03125)), .debug,
            "step 1,707, the first one after the loss, was done 0.031 s after it",
            #""step":1707,"seconds":0.03125"#),
        EventExample(
            .generation(.recovered(step: 1_766, lostSteps: 60, seconds: 0.75)),
            "recovered in 0.75 s, 60 steps computed again", #""step":1766,"lost_steps":60,"seconds":0.75"#),
        EventExample(
            .generation(.recovered(step: 9, lostSteps: 0, seconds: 0.0625)),
            "recovered in 0.06 s, no step computed again", #""step":9,"lost_steps":0,"seconds":0.0625"#),
    ]

    private static let dispute = AuditDispute(
        worker: one, other: two, step: 1_020, location: "in the gradient of `dense1.weight`")
    private static let disputeText =
        "worker 2 (node2) computed other bits than worker 1 (node1) for the"
        + " same samples in step 1,020 (in the gradient of `dense1.weight`)"
    private static let disputeFields =
        #""worker":1,"other":2,"step":1020,"place":"in the gradient of `dense1.weight`""#

    static let audits = [
        EventExample(
            .audit(.impossible), .warning, "audit: with one worker there is nothing to compare"),
        EventExample(
            .audit(.disputed(dispute)), .warning,
            "audit: \(disputeText); the step is computed again to find out which one is"
                + " wrong", disputeFields),
        EventExample(
            .audit(.abandoned(dispute)), .warning,
            "audit: \(disputeText). The workers have changed since, so that it can no longer be told which"
                + " one was"
                + " wrong", disputeFields),
        EventExample(
            .audit(.convicted(two, step: 1_020, auditedPercent: 5)), .error,
            "audit: worker 2 (node2) computed wrongly in step 1,020 and is dismissed. The"
                + " step is computed again without it. Of its earlier steps, 5.0 % were compared, and are"
                + " right. Test its"
                + " memory and processor", #""worker":2,"step":1020,"audited_percent":5.0"#),
        EventExample(
            .audit(.passed(microbatches: 1_200)),
            "audit: two workers each computed 1,200 microbatches with the same bits",
            #""microbatches":1200"#),
        EventExample(
            .audit(.passed(microbatches: 1)),
            "audit: two workers each computed 1 microbatch with the same bits",
            #""microbatches":1"#),
    ]

    static let others = [
        EventExample(
            .timing(
                .epoch(
                    EpochTimes(
                        epoch: 2,
                        workers: [
                            EpochTimes.Worker(
                                WorkerName(3, name: "node7/4711"), steps: 4,
                                parts: [NamedValue("forward", 0.25), NamedValue("backward", 0.75)],
                                beside: [NamedValue("update", 0.5)])
                        ]))), .debug,
            "times of epoch 2: worker 3 (node7) 250.00 ms per step",
            #""epoch":2,"workers":[{"worker":3,"name":"node7/4711","steps":4,"#
                + #""seconds":{"forward":0.25,"backward":0.75},"beside":{"update":0.5}}]"#),
        EventExample(
            .timing(.steps(table: "worker  steps\n1 a     30")),
            "where the time went, in ms per step:\nworker  steps\n1 a     30",
            #""table":"worker  steps\n1 a     30""#),
        EventExample(
            .timing(.layers(table: "layer   forward\ndense1  0.1")),
            "each layer, in ms per step of a worker, exchanges of statistics included:\nlayer  "
                + " forward\ndense1  0.1",
            #""table":"layer   forward\ndense1  0.1""#),
        EventExample(
            .timing(.traceWritten(path: "trace.json", extent: "steps 1 to 30")),
            "the trace of steps 1 to 30 is in trace.json; open it at https://ui.perfetto.dev or"
                + " chrome://tracing",
            #""path":"trace.json","extent":"steps 1 to 30""#),
        EventExample(
            .timing(.traceFailed(reason: "there is no directory")), .error,
            "the trace could not be written: there is no directory", #""reason":"there is no directory""#),
        EventExample(
            .timing(.missing(epoch: 2, reason: "disk full")), .warning,
            "metrics.jsonl lacks the times of epoch 2: disk full", #""epoch":2,"reason":"disk full""#),
        EventExample(
            .process(
                .ended(
                    process: 4_711, host: nil, status: "was killed by SIGKILL", lastWords: "",
                    restartSeconds: 0)),
            .warning,
            "a worker process of this machine was killed by SIGKILL (if nobody did so by hand, memory has run"
                + " out: `dmesg` says so; take fewer workers, a smaller batch or model, or a higher memory"
                + " limit)",
            #""process":4711,"host":null,"status":"was killed by SIGKILL","last_words":"","#
                + #""restart_seconds":0"#
        ),
        EventExample(
            .process(
                .ended(
                    process: 2, host: nil, status: "ended with status 1", lastWords: "a | b",
                    restartSeconds: nil)),
            .warning, "a worker process of this machine ended with status 1: a | b",
            #""process":2,"host":null,"status":"ended with status 1","last_words":"a | b","#
                + #""restart_seconds":null"#
        ),
        EventExample(
            .process(.ended(process: 2, host: "bob@a", status: "crashed", lastWords: "", restartSeconds: 4)),
            .warning, "the worker on bob@a crashed; another one takes its place in 4 s",
            #""process":2,"host":"bob@a","status":"crashed","last_words":"","restart_seconds":4"#),
        EventExample(
            .process(.replaced(process: 4_712, host: nil)), "another worker process takes its place",
            #""process":4712,"host":null"#),
        EventExample(
            .process(.replaced(process: 4_712, host: "bob@a")),
            "another worker process takes its place on bob@a", #""process":4712,"host":"bob@a""#),
        EventExample(
            .process(.hostStarted(host: "bob@a", copiedBytes: nil)), "a worker runs on bob@a",
            #""host":"bob@a","copied_bytes":null"#),
        EventExample(
            .process(.hostStarted(host: "bob@a", copiedBytes: 32_000_000)),
            "a worker runs on bob@a; the program was copied there, 30.5 MiB",
            #""host":"bob@a","copied_bytes":32000000"#),
        EventExample(
            .process(.hostFailed(host: "a", reason: "it is full", restartSeconds: nil)), .warning,
            "no worker on a: it is full", #""host":"a","reason":"it is full","restart_seconds":null"#),
        EventExample(
            .process(.hostFailed(host: "a", reason: "it is down", restartSeconds: 8)), .warning,
            "no worker on a: it is down; it is tried again in 8 s",
            #""host":"a","reason":"it is down","restart_seconds":8"#),
        EventExample(
            .ensemble(.memberStarted(member: 1, members: 3, seed: 8)), "member 1 of 3 (seed 8)",
            #""member":1,"members":3,"seed":8"#),
        EventExample(
            .ensemble(.memberSkipped(member: 0)), "member 0 is trained already", #""member":0"#),
    ]

    static let sessions = [
        EventExample(
            .session(.fetchingData(set: "train", bytes: 47_040_000)), "fetching 44.9 MiB of train data",
            #""set":"train","bytes":47040000"#),
        EventExample(
            .session(.coreChanged(core: "Haswell", from: "Zen")),
            "starting over with the job's OpenBLAS core Haswell instead of Zen",
            #""core":"Haswell","from":"Zen""#),
        EventExample(
            .session(.ready(worker: 2, platform: "x86_64-Zen-f516")),
            "joined as worker 2, ready",
            #""worker":2,"platform":"x86_64-Zen-f516""#),
        EventExample(
            .session(.training(rank: 0, workers: 2, generation: 4, step: 1_940)),
            "training with 2 workers from step 1,940 (rank 0, generation 4)",
            #""rank":0,"workers":2,"generation":4,"step":1940"#),
        EventExample(
            .session(.regrouping(reason: "worker 9 is lost: it hangs")),
            "the workers regroup: worker 9 is lost: it hangs", #""reason":"worker 9 is lost: it hangs""#),
        EventExample(
            .session(.rejoining(reason: "this member of the ensemble is trained")),
            "this member of the ensemble is trained; joining again",
            #""reason":"this member of the ensemble is trained""#),
        EventExample(
            .session(
                .coordinatorLost(
                    address: "10.0.0.5:7070", reason: "the connection closed unexpectedly", rejoinSeconds: 600
                )),
            .warning,
            "the coordinator at 10.0.0.5:7070 is lost (the connection closed unexpectedly); trying to rejoin"
                + " for 10 min 00 s",
            #""address":"10.0.0.5:7070","reason":"the connection closed unexpectedly","rejoin_seconds":600.0"#
        ),
        EventExample(
            .session(.coordinatorLost(address: "a:1", reason: nil, rejoinSeconds: 0.5)), .warning,
            "the coordinator at a:1 is lost; trying to rejoin for 0.50 s",
            #""address":"a:1","reason":null,"rejoin_seconds":0.5"#),
        EventExample(
            .session(
                .waiting(
                    address: "10.0.0.5:7070", reason: "10.0.0.5:7070 refused the connection", seconds: 300)),
            .warning,
            "10.0.0.5:7070 refused the connection; waiting for the coordinator for 5 min 00 s",
            #""address":"10.0.0.5:7070","reason":"10.0.0.5:7070 refused the connection","seconds":300.0"#),
        EventExample(
            .session(.waiting(address: "a:1", reason: "a:1 refused: this run is over", seconds: .infinity)),
            .warning, "a:1 refused: this run is over; waiting for the coordinator",
            #""address":"a:1","reason":"a:1 refused: this run is over","seconds":null"#),
        EventExample(
            .session(.staying(reason: "the job has reached its end", address: "10.0.0.5:7070")),
            "the job has reached its end; waiting for the next job at 10.0.0.5:7070",
            #""reason":"the job has reached its end","address":"10.0.0.5:7070""#),
        EventExample(
            .session(.spare(reason: "a batch has 1 microbatch")), .warning,
            "this worker is a spare and computes nothing: a batch has 1 microbatch; it takes the place of one"
                + " that is lost", #""reason":"a batch has 1 microbatch""#),
        EventExample(
            .session(.coreKept(core: "Nehalem", wanted: "Zen")), .warning,
            "OPENBLAS_CORETYPE=Nehalem comes before the job's OpenBLAS core Zen: unset it if this worker is"
                + " refused", #""core":"Nehalem","wanted":"Zen""#),
        EventExample(
            .session(.leftWithinStep(seconds: 10)), .warning,
            "the step at hand did not end within 10.0 s (--grace); leaving in the middle of it",
            #""seconds":10.0"#),
        EventExample(
            .session(.finished(reason: "the job has reached its end")), "the job has reached its end",
            #""reason":"the job has reached its end""#),
        EventExample(
            .session(.failed(reason: "this run is over")), .error, "this run is over",
            #""reason":"this run is over""#),
    ]
}
