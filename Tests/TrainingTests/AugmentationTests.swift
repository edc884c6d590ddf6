import Datasets
import Jobs
import NeuralNetwork
import TestSupport
import Testing
import Training

@Suite(.serialized) struct AugmentationTests {
    private func job(_ augmentation: Augmentation?) -> Job {
        var job = ExactnessTests.job(batch: 97, microbatches: 6, optimizer: ExactnessTests.adam)
        (job.data.augmentation, job.maxSteps) = (augmentation, 25)  // into the second epoch
        return job
    }

    private var everything: Augmentation {
        var all = Augmentation()
        (all.cropPadding, all.horizontalFlip, all.verticalFlip, all.rotation) = (
            .init(1, 1), 0.5, 0.1, -10...10
        )
        (all.translation, all.scale, all.stretch, all.shear) = (.init(0.1, 0.1), 0.9...1.1, 0.9...1.1, -5...5)
        (all.brightness, all.contrast, all.fill) = (0.2, 0.2, .mean)
        return all
    }

    /// The number of members and lanes, and where a microbatch is computed, change no bit.
    @Test func membersAndLanes() throws {
        let job = job(everything)
        let data = try DecodedData(reading: job.data)
        let training = LocalTraining(plan: try TrainingPlan(job, data.facts), data: data)
        let quiet = try training.run(members: 1, lanes: 1)
        for members in [1, 3, 5] {
            for lanes in 1...3 {
                let result = try training.run(members: members, lanes: lanes)
                #expect(result.snapshot == quiet.snapshot, "members \(members), lanes \(lanes)")
                #expect(result.reports == quiet.reports)
                #expect(result.evaluations == quiet.evaluations)
            }
        }
        #expect(try training.run(members: 3, lanes: 2, cuts: [0, 1, 5, 6]).snapshot == quiet.snapshot)
        let plain = LocalTraining(plan: try TrainingPlan(self.job(nil), data.facts), data: data)
        #expect(try plain.run(members: 1, lanes: 1).snapshot != quiet.snapshot)
    }

    /// Flipping every image during training equals flipping the training set beforehand. Validation sees the
    /// original images.
    @Test func certainFlipsAreAFlippedTrainingSet() throws {
        var flip = Augmentation()
        (flip.horizontalFlip, flip.verticalFlip) = (1, 1)
        let data = try DecodedData(reading: job(nil).data)
        var pixels = [Float](repeating: 0, count: data.train.count * 64)
        data.train.gather(
            Array(0..<data.train.count)[...], normalization: Normalization(.none, of: data.train),
            into: &pixels)
        let flipped = stride(from: 0, to: pixels.count, by: 64).flatMap { pixels[$0..<$0 + 64].reversed() }
            .map { UInt8($0) }
        let before = DecodedData(
            train: try Dataset.make(
                bytes: flipped, sampleShape: [8, 8, 1], labels: Array(data.train.labels),
                classNames: data.train.classNames ?? []),
            validation: data.validation, test: nil, normalization: data.normalization)
        let expected = try LocalTraining(plan: try TrainingPlan(job(nil), data.facts), data: before).run(
            members: 1, lanes: 1)
        let result = try LocalTraining(plan: try TrainingPlan(job(flip), data.facts), data: data).run(
            members: 2, lanes: 2)
        #expect(result.snapshot == expected.snapshot)
        #expect(result.reports == expected.reports)
        #expect(result.evaluations == expected.evaluations)
    }

    // MARK: - Config

    private static func data(_ augment: String) -> String {
        config(["data": #"{train: {builtin: "digits"}, augment: \#(augment)}"#])
    }

    @Test func everyFieldIsRead() throws {
        let text = """
            {random_crop: {padding: 2}, horizontal_flip: true, vertical_flip: 0.25, rotation: 10, \
            translation: [0.1, 0.2], scale: [0.9, 1.1], stretch: [0.5, 2], shear: [-5, 6], \
            brightness: 0.2, contrast: 0.3, fill: "mean"}
            """
        var expected = Augmentation()
        (expected.cropPadding, expected.horizontalFlip, expected.verticalFlip) = (.init(2, 2), 0.5, 0.25)
        (expected.rotation, expected.translation) = (-10...10, .init(0.1, 0.2))
        (expected.scale, expected.stretch, expected.shear) = (0.9...1.1, 0.5...2, -5...6)
        (expected.brightness, expected.contrast, expected.fill) = (0.2, 0.3, .mean)
        #expect(try load(Self.data(text)).job.data.augmentation == expected)
        #expect(try load(Self.data("{}")).job.data.augmentation == Augmentation())
        #expect(try load(config()).job.data.augmentation == nil)
        for (text, change) in [
            ("{random_crop: {padding: [3, 0]}}", { $0.cropPadding = .init(3, 0) }),
            ("{horizontal_flip: false}", { _ in }),
            ("{translation: 0.5}", { $0.translation = .init(0.5, 0.5) }),
            ("{fill: \"edge\"}", { $0.fill = .edge }),
            ("{fill: -2.5}", { $0.fill = .value(-2.5) }), ("{rotation: [5, 90]}", { $0.rotation = 5...90 }),
            ("{shear: 0}", { _ in }),
        ] as [(String, (inout Augmentation) -> Void)] {
            var expected = Augmentation()
            change(&expected)
            let file = try load(Self.data(text))
            #expect(file.job.data.augmentation == expected, "\(text)")
            #expect(try Job(resolvedText: file.resolved.prettyJSON()) == file.job)
            #expect(try Job(resolvedText: file.resolved.prettyJSON()).resolved == file.resolved)
        }
    }

    @Test func defaultsAreFilledIn() throws {
        let data = try load(Self.data("{rotation: 7}")).resolved["data"]
        #expect(
            data?["augment"]?.compactJSON() == """
                {"random_crop":{"padding":[0,0]},"horizontal_flip":0,"vertical_flip":0,"rotation":[-7,7],\
                "translation":[0,0],\
                "scale":[1,1],"stretch":[1,1],"shear":[0,0],"brightness":0,"contrast":0,"fill":0}
                """)
    }

    @Test(arguments: [
        ("{rotation: [10, -10]}", "`rotation` must be a list with the smaller number first"),
        ("{rotaton: 10}", "did you mean `rotation`?"),
        ("{horizontal_flip: 1.5}", "must be a number from 0 to 1 or true or false"),
        ("{random_crop: 2}", "`random_crop` must be an object, found 2"),
        ("{random_crop: {}}", "missing field `padding`"),
        ("{scale: 0.9}", "`scale` must be a list of 2 (each a number from 0.01 to 100), found 0.9"),
        ("{scale: [0, 1]}", "must be a number from 0.01 to 100, found 0"),
        ("{fill: \"men\"}", "did you mean \"mean\"?"),
        ("{brightness: -1}", "must be a number from 0 to 1000, found -1"),
        ("{shear: [-90, 0]}", "must be a number from -80 to 80"),
    ])
    func mistakes(augment: String, message: String) throws {
        let shown = try complaint(Self.data(augment)) ?? ""
        #expect(shown.contains(message) && shown.contains("data.augment"), "\(shown)")
    }

    /// Tables have no pixels to move; the error shows the position in the config.
    @Test func onlyImagesAreAugmented() throws {
        let file = try load(Self.data("{rotation: 7}"))
        let facts = DataFacts(
            sampleShape: [64], classCount: 10, trainCount: 1000, validationCount: 0, testCount: 0)
        let error = #expect(throws: PlanError.self) { try TrainingPlan(file.job, facts) }
        let shown = "\(file.describe(try #require(error)))"
        #expect(
            shown.contains(
                "error: `augment` needs images, [height, width, channels],"
                    + " and the samples have shape [64]: remove it"
            ))
        #expect(shown.contains("job.json5:3:47   data.augment"), "\(shown)")
    }

    @Test func aChangeIsADifference() throws {
        let (before, now) = (try load(Self.data("{rotation: 7}")), try load(Self.data("{rotation: 8}")))
        #expect(before.identity != now.identity)
        #expect(
            JobResolution.differences(before.resolved, now.resolved).map(\.path) == [
                "data.augment.rotation.0", "data.augment.rotation.1",
            ])
        #expect(!JobResolution.differences(try load(config()).resolved, now.resolved).isEmpty)
    }
}
