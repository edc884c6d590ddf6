/// Words of Keras, PyTorch, scikit-learn and their kin, with what a config has instead: for suggestions.
enum EcosystemWords {
    struct Meaning: Equatable {
        /// The name that a config has.
        let name: String
        /// The way it is written, if the name alone does not tell.
        let form: String?
    }

    /// Finds the meaning of a foreign word whose name is one of those that are known where it stands.
    /// `nn.Linear(64, 10)` and `keras.layers.Dense` are looked up as `Linear` and `Dense`.
    static func meaning(of word: String, among known: [String]) -> Meaning? {
        let key = Suggestion.normalized(bare(word))
        return table[key]?.first { known.contains($0.name) }
    }

    /// A word without its module and its arguments.
    static func bare(_ word: String) -> String {
        let name = word.prefix { $0 != "(" }
        let last = name.split(separator: ".").last.map(String.init) ?? word
        // A number with a point is no module.
        return last.first?.isLetter == true ? last : word
    }

    private static let table: [[Character]: [Meaning]] = {
        var table: [[Character]: [Meaning]] = [:]
        for line in rows.split(separator: "\n") {
            let parts = line.split(separator: ">")
            guard parts.count == 2 else { continue }
            let ours = parts[1].drop { $0 == " " }
            let name = ours.prefix { $0 != ":" }.filter { $0 != "\"" }
            let meaning = Meaning(name: String(name), form: ours.contains(":") ? String(ours) : nil)
            for word in parts[0].split(separator: ",") {
                table[Suggestion.normalized(String(word)), default: []].append(meaning)
            }
        }
        return table
    }()

    /// One line for each meaning: foreign words, `>`, and ours. Of several lines for a word the first one
    /// holds whose name is known where the word stands.
    private static let rows = """
        batch_size, minibatch_size, mini_batch_size, train_batch_size, bs > batch: {size: 32}
        batch_size, minibatch_size, n > size
        learning_rate, lr, learning_rate_init, eta0, eta, step_size > learning_rate
        learning_rate, lr, learning_rate_init, eta0, eta > optimizer: {adam: {learning_rate: 1e-3}}
        solver, optim, optimiser, algorithm > optimizer: {adam: {learning_rate: 1e-3}}
        momentum, nesterov, beta1, betas, rho > optimizer: {momentum: {learning_rate: 0.01}}
        beta_1 > beta1
        beta_2 > beta2
        eps > epsilon
        weight_decay, kernel_regularizer, penalty, reg_lambda, l2, l2_reg, alpha > regularization: {l2: 1e-4}
        weight_decay, alpha, l2_regularization > l2
        l1, l1_ratio, reg_alpha > regularization: {l1: 1e-4}
        max_iter, n_iter, iterations, num_iterations > max_iterations
        max_iter, n_iter, num_epochs, n_epochs, nb_epoch, max_epochs, train_epochs, iterations > epochs
        total_steps, num_steps, train_steps, max_train_steps > max_steps
        random_state, random_seed, manual_seed > seed
        validation_split, val_split, validation_fraction, val_size, holdout > split: {validation: 0.2}
        test_size, test_split, test_fraction > split: {test: 0.2}
        val, valid, dev, val_data, validation_data, eval, eval_set, val_size, validation_fraction > validation
        test_data, test_size, test_split > test
        stratified > stratify
        train_data, training, training_data, dataset, x_train > train
        dataset, dataloader, train_data, input_data > data: {train: {csv: {path: "x.csv", target: "y"}}}
        file, filename, filepath, file_path, src, csv_file, root, dir, directory, url > path
        table, tsv, dataframe, excel > csv: {path: "x.csv", target: "y"}
        images, folder, image_dataset_from_directory > image_folder: {path: "photos", size: [64, 64]}
        numpy, array, arrays, npz > npy: {features: "x.npy", targets: "y.npy"}
        x, data, inputs > features
        y, labels, outputs, target > targets
        label, labels, y, output, target_column, label_column, targets, y_col, class_column > target
        sep, separator, sep_char > delimiter
        na_values, nan, null_values > missing
        drop, drop_columns, exclude, usecols, skip_columns > ignore
        fillna, impute, imputer > on_missing
        dtype, categories, categorical_columns, category, one_hot > categorical
        problem_type, objective_type, type > task
        standardize, standardise, standardization, scale, scaler, scaling, rescale, normalise > normalize
        normalization, preprocessing, transform > normalize
        standard_scaler, standard, standardize, zscore, normalize > z_score
        min_max_scaler, minmax, rescale > min_max
        augmentation, data_augmentation, transforms > augment
        random_flip, random_horizontal_flip, fliplr, hflip > horizontal_flip
        random_rotation, rotation_range, degrees > rotation
        random_translation, width_shift_range, height_shift_range, translate > translation
        random_zoom, zoom_range, zoom > scale
        layers, network, architecture, hidden_layers, net, sequential > model: ["flatten", {dense: 10}]
        hidden_layer_sizes, hidden_units > model: [{dense: 64, activation: "relu"}, {dense: 3}]
        linear, fully_connected, fc, lazy_linear, inner_product > dense
        units, out_features, output_dim, num_units, neurons, hidden_size > dense: 64
        conv1d, conv2d, convolution, convolution2d, separable_conv2d > conv
        filters, out_channels, channels > conv: 32
        kernel_size, window, size > kernel
        strides > stride
        max_pooling2d, max_pool2d, maxpool, max_pooling, pool_size > max_pool: 2
        average_pooling2d, avg_pool2d, avg_pool, mean_pool > average_pool: 2
        global_average_pooling2d, adaptive_avg_pool2d, global_avg_pool, gap > global_average_pool
        batch_normalization, batch_norm1d, batch_norm2d, bn > batch_norm
        layer_normalization > layer_norm
        attn_dropout, attention_dropout, attn_pdrop, dropout_p > probability_dropout
        dropout1d, dropout2d, spatial_dropout2d, drop_rate > dropout
        skip, shortcut_connection, skip_connection > residual
        concatenate, cat > concat
        act, nonlinearity > activation
        use_bias > bias
        kernel_initializer, weight_init, initializer > init
        bias_initializer > bias_init
        glorot_uniform, xavier, glorot > xavier_uniform
        glorot_normal > xavier_normal
        kaiming_normal, he > he_normal
        kaiming_uniform > he_uniform
        logistic > sigmoid
        criterion, loss_fn, loss_function, objective > loss
        categorical_crossentropy, sparse_categorical_crossentropy, softmax_cross_entropy > cross_entropy
        cross_entropy_loss, nll_loss, log_loss, ce, ce_loss, logloss, multinomial > cross_entropy
        binary_crossentropy, bce, bce_loss, bce_with_logits_loss, bce_with_logits > binary_cross_entropy
        mean_squared_error, squared_error, mse_loss, l2_loss, l2, least_squares > mse
        mean_absolute_error, absolute_error, l1_loss, l1 > mae
        root_mean_squared_error > rmse
        acc, categorical_accuracy, sparse_categorical_accuracy, binary_accuracy, accuracy_score > accuracy
        f1_score, f1_macro, fscore > f1
        r2_score, rsquared, r_squared > r2
        top_k_categorical_accuracy, top5 > top_5
        confusion > confusion_matrix
        rms_prop > rmsprop
        grad_clip, clip_norm, max_grad_norm, gradient_clip_val, global_clipnorm > clip: {global_norm: 1}
        clipvalue, clip_value > clip: {value: 0.5}
        norm, max_norm, clip_norm > global_norm
        scheduler, lr_scheduler, lr_schedule, decay, learning_rate_schedule > schedule: "cosine"
        cosine_annealing_lr, cosine_decay, cosine_annealing, cosine_schedule > cosine
        step_lr, multistep_lr > step
        exponential_lr, exponential_decay > exponential
        plateau, reduce_lr_on_plateau > reduce_on_plateau
        warmup, num_warmup_steps > warmup_steps
        gamma, decay_rate > factor
        patience, early_stop, earlystop, n_iter_no_change, early_stopping_rounds > early_stopping: 5
        n_iter_no_change, rounds > patience
        min_delta, tol > minimum_delta
        metric > monitor
        save_best_only, model_checkpoint, checkpoints, save_best > checkpoint: {best: "validation.loss"}
        save_top_k, max_to_keep, save_total_limit > keep
        save_freq, save_steps, save_every > every
        pretrained, load, init_from, checkpoint_path, resume_from > weights: {file: "model.safetensors"}
        frozen, trainable, requires_grad > freeze
        class_weight, weights, weight > class_weights: "balanced"
        n_clusters, k, num_clusters > clusters
        n_clusters, k_means > kmeans: {clusters: 10}
        n_components > components
        n_components, principal_components > pca: {components: 50}
        n_init, n_estimators, num_models > ensemble: 5
        log_every, log_interval, log_every_n_steps, verbose > logging: {every: 10}
        """
}
