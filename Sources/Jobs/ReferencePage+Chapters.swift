// The prose of config/README.md. A paragraph is one line here; the page breaks it.
extension ReferencePage {
    static let introduction = """
        One file describes one training run: where the samples come from, the model, the loss, the \
        optimizer, and how long to train. It is JSON5, which is JSON with comments, trailing commas, and \
        keys without quotes. The files beside this page are complete jobs to begin with. This page is made \
        by `dist-train config --markdown`.

        ```json5
        {
          name: "mnist-cnn", seed: 1,
          data: {
            train: {idx: {
              images: "data/train-images-idx3-ubyte.gz",
              labels: "data/train-labels-idx1-ubyte.gz",
            }},
            test: {idx: {
              images: "data/t10k-images-idx3-ubyte.gz",
              labels: "data/t10k-labels-idx1-ubyte.gz",
            }},
            split: {validation: 0.1},
            normalize: "z_score",
          },
          model: [
            {conv: 32, kernel: 3, batch_norm: true, activation: "relu"}, {max_pool: 2},
            "flatten", {dropout: 0.5}, {dense: 10, name: "head"},
          ],
          loss: "cross_entropy",
          optimizer: {adam: {learning_rate: 1e-3}},
          batch: {size: 256},
          epochs: 5,
        }
        ```

        Useful commands:

        - `dist-train validate FILE` reports everything that is wrong with a config: all mistakes at once, \
        each with its line, its column and a suggestion. Unknown and repeated fields are mistakes.
        - `dist-train config` prints all fields; `dist-train config optimizer.adam` prints a part of them.
        - `dist-train config --schema > dist-train.schema.json` writes a JSON Schema. Editors that know it \
        complete and check a config that begins with `"$schema": "dist-train.schema.json"`.
        - `dist-train summary FILE` shows every layer's output, parameters and memory.

        `--set PATH=VALUE` of most commands replaces a field for one run: `--set \
        optimizer.adam.learning_rate=3e-4`. Elements of lists are counted from 0: `--set \
        model.2.dropout=0.3`.

        Relative paths start at the directory in which you start the program. The run directory keeps the \
        complete job, with every default and with absolute paths, as `job.json5`.

        In the lists below each field has its default, a sentence, the values that it takes, and an \
        example. A field that may be absent may also be `null`. A kind with fields, such as `{adam: {beta1: \
        0.8}}`, can also be written as its name alone, `"adam"`, if none of its fields is required.

        When a run is resumed (`--resume`), only `epochs`, `max_steps`, `checkpoint` and `logging` may have \
        changed, and the places of files; the data must be the same. Any other difference is shown and \
        refused.
        """

    static let chapters: [Chapter] = [
        Chapter(title: "The job", text: jobs, fields: ["$schema", "name", "seed", "ensemble"]),
        Chapter(title: "Data", text: data, fields: ["data"]),
        Chapter(title: "Model", text: model, fields: ["model", "define"]),
        Chapter(title: "Loss and metrics", text: objective, fields: ["loss", "metrics"]),
        Chapter(
            title: "Optimizer", text: optimizer,
            fields: ["optimizer", "schedule", "regularization", "clip", "ema", "learning_rates"]),
        Chapter(
            title: "Batch and length", text: length,
            fields: ["batch", "epochs", "max_steps", "early_stopping"]),
        Chapter(title: "Trained weights", text: weights, fields: ["weights", "freeze", "lora"]),
        Chapter(title: "Checkpoints and logging", text: checkpoints, fields: ["checkpoint", "logging"]),
        Chapter(title: "Jobs without a model", text: unsupervised, fields: ["kmeans", "pca"]),
        Chapter(title: "Numerics and tests", text: numerics, fields: ["numerics", "assignment"]),
    ]

    private static let jobs = """
        Everything that is drawn at random (first weights, the order of samples, dropout, augmentation) \
        follows from `seed` alone, so two runs of a job give the same model, bit for bit. The members of an \
        ensemble are kept as `member-0`, `member-1` and so on in the run directory; `dist-train evaluate` \
        and `predict` take their mean.
        """

    private static let data = """
        Only the coordinator reads the data; workers get them over the network. All files may be compressed \
        with gzip. Validation and test sets of the same kind as the training set have its settings: in \
        `{train: {csv: {path: "a.csv", target: "y", delimiter: ";"}}, test: {csv: {path: "b.csv"}}}` the \
        test set has the same target and delimiter.

        - z-score normalisation is per channel for images and per column for tables. A variance of zero \
        counts as 1.
        - Augmentation is for images of the training set alone. Every draw is uniform and new in each \
        epoch. The operations act in this order: flips, scale and stretch, shear, rotation, translation, \
        crop; then brightness and contrast. All of them act on raw values, before normalisation. Angles are \
        in degrees.
        - In tables, columns of text are categories and become one feature for each category (one-hot). A \
        text in a column of numbers is an error, and so are texts that look like something else (dates, \
        decimal commas, percentages, …) or that nearly all differ, unless the column is listed under \
        `categorical`. With `on_missing: "mean"` a missing number becomes the column's mean, and a missing \
        category the most frequent one. A missing target is always an error. `dist-train data inspect` \
        shows what a table's columns are taken for.
        - The usual words for a missing cell (an empty one, `NA`, `N/A`, `null`, `None`, `NaN`, `-`, `?`, …) \
        are known; `missing` replaces the list.
        - The loss decides whether a table's target is a class or a value: `cross_entropy` makes classes of \
        numbers, mse, mae and rmse compare values. `task` says it otherwise. A text is always a class. The \
        names of classes are kept in checkpoints and used by \
        `dist-train predict`.
        - In an image folder each subfolder is a class, sorted by name.
        """

    private static let model = """
        The model is a list of layers, one after the other. A word is a layer without fields, such as \
        `"flatten"` or `"relu"`. An object is a layer with fields; with `batch_norm` and `activation` it \
        stands for three layers: the layer, then batch norm, then the activation.

        - Images are `[height, width, channels]`. A convolution has padding `"same"` and stride 1 by \
        default; a pool has no padding, and its stride is its size. Dense layers take vectors: put \
        `"flatten"` or `"global_average_pool"` before the first one.
        - A layer before a batch norm has no bias by default.
        - A final softmax or sigmoid is part of its cross-entropy loss and is never applied twice.
        - Statistics of batch norm are those of the global batch, whatever the number of workers; with \
        `sync: false` each microbatch has its own.
        - Layers can form any graph. `from: "a"` takes a layer's input from the layer `a`; `add` and \
        `concat` join layers by their names. A name means what comes out behind the layer's batch norm and \
        activation. `"input"` is what goes into the network.
        - Names of layers are the names of their tensors in files: `head.weight`. Layers in a `block`, and \
        in `residual` or `branches` that have a name, carry its name before theirs: `layer1.0.conv1`.

        `define` gives a block of layers a name, and `use` puts it into the model. Its parameters stand as \
        `"$name"` in its layers; `"$filters * 4"` and `"$filters / 2"` calculate. A parameter whose default \
        is `null` must be given.

        ```json5
        define: {
          basic: {parameters: {filters: null, stride: 1}, layers: [
            {residual: [
              {conv: "$filters", stride: "$stride", batch_norm: true, activation: "relu"},
              {conv: "$filters", batch_norm: true},
            ], shortcut: "auto", activation: "relu"},
          ]},
        },
        model: [
          {use: "basic", filters: 32}, {use: "basic", filters: 64, stride: 2},
          "global_average_pool", {dense: 10},
        ],
        ```

        The presets are written in the same language. Input sizes: 28×28×1 for `lenet5`; 32×32×3 for \
        `alexnet_cifar` and `resnet20`; 227×227×3 for `alexnet_original`; 224×224×3 for the others.
        """

    private static let objective = """
        The objective is the mean loss + l1 · ‖w‖₁ + l2/2 · ‖w‖². The logged loss is the first part alone; \
        the other parts are logged as `penalty`. Both cross-entropies take logits. Two classes may have one \
        output (`binary_cross_entropy`) or two (`cross_entropy`).

        Metrics: `accuracy` (with several yes-or-no targets: all of them right), `top_5` (or any other \
        number), `precision`, `recall`, `f1`, `confusion_matrix`, `mse`, `mae`, `rmse`, `r2`. Other fields \
        name a metric with its set: `"validation.f1"`, `"train.loss"`.
        """

    private static let optimizer = """
        The rules have PyTorch's meaning and defaults. Penalties act on weights alone, not on biases and \
        batch-norm parameters. L1 is a proximal step after the update, which makes weights exactly 0.

        Scikit-learn's regressions have other factors (n is the number of samples): `Lasso(alpha=a)` is \
        `l1: 2a`; `ElasticNet(alpha=a, l1_ratio=r)` is `elastic_net: {alpha: 2a, l1_ratio: r}`; \
        `Ridge(alpha=a)` is `l2: 2a/n`; `LogisticRegression(C=c)` is `l2: 1/(c·n)` with one output.
        """

    private static let length = """
        `batch.size` is the global mini-batch and never depends on the number of workers. The batch is cut \
        into microbatches, which workers share; with more workers than microbatches some are spare and take \
        over when a worker dies. `"all"` makes batch gradient descent.
        """

    private static let weights = """
        `weights` reads a file of safetensors, a checkpoint, or a run directory. Missing, unexpected and \
        mis-shaped tensors are listed at once. With `skip` some tensors begin fresh, such as those of a new \
        last layer. Frozen layers have no gradients and no optimizer state, and their batch norm is in \
        evaluation mode. `finetune-resnet18.json5` shows both. With `lora` all is frozen but the adapters; \
        an exported model has them in its weights.
        """

    private static let checkpoints = """
        A checkpoint is also written at the end of a run, when it is stopped, and for the best model at its \
        evaluation. Of equal values of the best metric the earlier one stays.
        """

    private static let unsupervised = """
        `kmeans` or `pca` stands instead of `model`, `loss`, `optimizer` and `epochs`. Every step goes over \
        all samples, so `batch` has only `microbatches`. The samples are seen as they are: without \
        whitening and augmentation.
        """

    private static let numerics = """
        Results are bit for bit the same on one numeric platform: one processor family and one OpenBLAS \
        core. `numerics.blas_core` fixes the core for all workers.
        """
}
