import Metrics
import Runs
import Testing
import dist_train

@Suite struct RequestedMetricsTests {
    @Test(
        arguments: [
            ("f1x", .classes(3), "there is no metric `f1x`: did you mean `f1`?"),
            ("acuracy", .classes(3), "did you mean `accuracy`?"),
            ("rmse", .classes(3), "`rmse` is for values, but the model predicts classes"),
            ("auc", .values(1), "`auc` is for classes, but the model predicts values"),
            ("r_2", .values(1), "there is no metric `r_2`: did you mean `r2`?"),
            ("top_5", .classes(3), "`top_5` is always 1 for 3 classes"),
            ("top_2", .answers(3), "`top_2` needs one class for each sample"),
            ("confusion_matrix", .answers(3), "`confusion_matrix` needs one class for each sample"),
            ("xyzzy", .values(1), "there are r2, mse, rmse, mae, median_error, residual_quantiles, report"),
            (",,", .classes(2), "--metrics names none: there are accuracy, balanced_accuracy"),
        ] as [(String, RecordedPredictions.Kind, String)])
    func wrongNamesAreExplained(text: String, kind: RecordedPredictions.Kind, expected: String) {
        let error = #expect(throws: UsageError.self) {
            _ = try RequestedMetrics(text, for: kind, areProbabilities: true)
        }
        #expect(error?.description.contains(expected) == true, "\(error as Any)")
    }

    @Test func scoresAreNoProbabilities() throws {
        let error = #expect(throws: UsageError.self) {
            _ = try RequestedMetrics("log_loss", for: .classes(3), areProbabilities: false)
        }
        #expect(error?.description.contains("`log_loss` needs probabilities") == true)
        let all = try RequestedMetrics(nil, for: .classes(3), areProbabilities: false)
        let metrics = all.classMetrics(.classes(3), areProbabilities: false)
        #expect(metrics.contains(.rocAUC(.standard)) && !metrics.contains(.logLoss))
    }

    @Test func wordsAreKept() throws {
        let asked = try RequestedMetrics("auc, F1,auc,roc_auc", for: .classes(2), areProbabilities: true)
        #expect(asked.named.map(\.word) == ["auc", "f1", "roc_auc"])
        #expect(
            asked.classMetrics(.classes(2), areProbabilities: true) == [.rocAUC(.standard), .f1(.standard)])
        #expect(!asked.showsLines)
    }
}
